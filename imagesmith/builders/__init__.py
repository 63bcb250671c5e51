"""The builders that need no cloud: ``null`` and ``file``."""
