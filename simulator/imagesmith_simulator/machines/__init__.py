"""Machines behind simulated clouds."""
