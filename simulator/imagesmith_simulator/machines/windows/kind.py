"""The Windows kind as the simulated clouds see it."""

from __future__ import annotations

import threading
from importlib.util import find_spec

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows.installation import fresh
from imagesmith_simulator.machines.windows.machine import WindowsMachine, WindowsSnapshot


class WindowsKind:
    """Windows-shaped machines in this process.

    The guest is up ``boot_s`` real seconds after power-on and stays down for ``reboot_s`` when it reboots. With
    ``winrm`` the service listens from the first boot on, with Basic and clear text allowed, as an image would that was
    made for it; without, it is as the clouds' public images are.
    """

    def __init__(self, *, boot_s: float = 0.0, reboot_s: float = 1.0, winrm: bool = False) -> None:
        self._boot_s = boot_s
        self._reboot_s = reboot_s
        self._winrm = winrm
        self._machines: set[WindowsMachine] = set()
        self._lock = threading.Lock()

    def unavailable(self) -> str:
        if find_spec("spnego") is None:
            return "simulated Windows machines need the package pyspnego: pip install 'imagesmith[simulator]'"
        return ""

    def create(self, spec: MachineSpec) -> WindowsMachine:
        """A machine that is off. Raises `UsageError` for a disk of another kind."""
        if reason := self.unavailable():
            raise UsageError("this host can't run simulated Windows machines", hint=reason)
        if spec.base is None:
            installation = fresh()
            if self._winrm:
                settings = installation.winrm
                settings.listeners = {"HTTP": 5985, "HTTPS": 5986}
                settings.basic = settings.allow_unencrypted = True
        elif isinstance(spec.base, WindowsSnapshot):
            installation = spec.base.installation.copy()
        else:
            raise UsageError("a Windows machine can only start from a Windows machine's disk")
        machine = WindowsMachine(spec, installation, boot_s=self._boot_s, reboot_s=self._reboot_s, forget=self._forget)
        with self._lock:
            self._machines.add(machine)
        return machine

    def close(self) -> None:
        with self._lock:
            machines = list(self._machines)
        for machine in machines:
            machine.destroy()

    def _forget(self, machine: WindowsMachine) -> None:
        with self._lock:
            self._machines.discard(machine)
