"""The SSH server in front of a machine: a process of its own outside, with sessions inside."""
