"""Two kinds of machines behind one cloud, chosen by the system of the image that a machine starts from."""

from __future__ import annotations

from imagesmith_simulator.machines.interface import MachineKind, MachineSpec, SimulatedMachine


class BothKinds:
    """Linux machines of one kind, Windows machines of another."""

    def __init__(self, *, linux: MachineKind, windows: MachineKind) -> None:
        self._linux = linux
        self._windows = windows

    def unavailable(self) -> str:
        """Why Linux machines don't work here: whoever needs a Windows one is told when it is created."""
        return self._linux.unavailable()

    def create(self, spec: MachineSpec) -> SimulatedMachine:
        return (self._windows if spec.os == "windows" else self._linux).create(spec)

    def close(self) -> None:
        self._linux.close()
        self._windows.close()
