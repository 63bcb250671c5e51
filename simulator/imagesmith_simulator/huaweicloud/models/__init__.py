"""The rules of each service, without any wire format."""
