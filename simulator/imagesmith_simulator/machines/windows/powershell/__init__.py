"""A small PowerShell."""
