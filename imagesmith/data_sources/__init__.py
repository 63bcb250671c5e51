"""The data sources of the core: one file each, an option class with ``read``."""
