"""Measurements, apart from the tests: each prints a table and says whether its bound was kept."""
