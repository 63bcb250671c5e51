"""Machines made of Linux namespaces over an overlay of the host, with an SSH server of our own in front."""

from imagesmith_simulator.machines.sandbox.kind import SandboxKind

__all__ = ["SandboxKind"]
