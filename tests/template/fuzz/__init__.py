"""Any input at all, in every template language: what generates it, what it is tried on, and how long that may take."""
