"""What runs inside a machine's namespaces."""
