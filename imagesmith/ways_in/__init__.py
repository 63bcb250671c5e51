"""What the ways into a machine (communicators) share, whatever protocol they speak."""
