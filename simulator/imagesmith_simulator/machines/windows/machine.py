"""A Windows machine as the simulated cloud holds it: power, addresses, firewall, console, disk."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from collections.abc import Callable

from imagesmith.errors import UsageError
from imagesmith.waiting import CancelToken
from imagesmith_simulator.machines.interface import Endpoint, MachineSpec
from imagesmith_simulator.machines.windows import first_boot
from imagesmith_simulator.machines.windows.configuration import DEFAULT_PORTS
from imagesmith_simulator.machines.windows.doors import Doors
from imagesmith_simulator.machines.windows.installation import Installation
from imagesmith_simulator.machines.windows.windows import Power, Windows
from imagesmith_simulator.machines.windows.wsman.http import Connections
from imagesmith_simulator.machines.windows.wsman.service import Service

_SETTLE_S = 2.0
_CONSOLE_LIMIT = 1_000_000  # characters
_log = logging.getLogger("imagesmith.simulator")


class WindowsSnapshot:
    """A copy of a machine's disk."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def size_bytes(self) -> int:
        return self.installation.disk.size()

    def delete(self) -> None:
        self.installation = Installation()


class WindowsMachine:
    """A machine; made by `WindowsKind.create`."""

    def __init__(
        self,
        spec: MachineSpec,
        installation: Installation,
        *,
        boot_s: float,
        reboot_s: float,
        forget: Callable[[WindowsMachine], None],
    ) -> None:
        self._spec = spec
        self.installation = installation
        self._boot_s = boot_s
        self._reboot_s = reboot_s
        self._forget = forget
        self._lock = threading.RLock()
        self._doors = Doors(spec.id)
        self._callbacks: list[Callable[[], None]] = []
        self._console: list[str] = []
        self._life: CancelToken | None = None
        self._windows: Windows | None = None
        self._connections: Connections | None = None
        self._first = True
        self._destroyed = False

    def boot(self) -> None:
        """Power on. Raises `UsageError` for one that was destroyed."""
        with self._lock:
            if self._destroyed:
                raise UsageError(f"the simulated machine {self._spec.id} was destroyed")
            if self._life is None:
                self._start(self._boot_s)

    def _start(self, delay_s: float) -> None:
        life = self._life = CancelToken()
        threading.Thread(target=self._come_up, args=(life, delay_s), name=f"boot {self._spec.id}", daemon=True).start()

    def _come_up(self, life: CancelToken, delay_s: float) -> None:
        """Runs in a thread of its own, from power-on until user data has run."""
        if life.wait(delay_s):
            return
        with self._lock:
            if life.is_set:
                return
            self._say(f"Windows is starting on {self._spec.hostname}\n")
            windows = self._windows = Windows(
                self.installation,
                self._spec.hostname,
                say=self._say,
                down=self._go_down,
                winrm_changed=lambda: self._follow_winrm(windows),
            )
            first, self._first = self._first, False
        try:
            if first:
                first_boot.prepare(windows, self._spec)
            self._follow_winrm(windows)
            if first:
                first_boot.run_user_data(windows, self._spec.user_data)
            self._doors.settle(_SETTLE_S)
            self._say("Windows is up\n")
        except Exception:  # noqa: BLE001 - a defect of ours: shown where people look, and logged
            _log.exception("the boot of %s failed", self._spec.id)
            self._say("the simulated machine failed to boot; see the simulator's log\n")

    def _follow_winrm(self, windows: Windows) -> None:
        """Listen as the service's settings say."""
        with self._lock:
            if self._windows is not windows:
                return
            settings = windows.winrm
            if not settings.running or not settings.listeners:
                self._close_service()
                return
            if self._connections is None:
                self._connections = Connections(Service(windows), windows)
            self._doors.open(tuple(settings.listeners.values()), self._accept)

    def _accept(self, sock: socket.socket, peer: str, port: int) -> None:
        with self._lock:
            connections, windows = self._connections, self._windows
        if connections is None or windows is None:
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = port == windows.winrm.listeners.get("HTTPS")
        connections.serve(sock, peer, windows.certificate.context() if secure else None)

    def _close_service(self) -> None:
        connections, self._connections = self._connections, None
        self._doors.shut()
        if connections:
            connections.close()
            connections.service.close()

    def _go_down(self, what: Power) -> None:
        """The guest has asked for it."""
        with self._lock:
            if self._life is None:
                return
            self._stop()
            self._say("Restarting\n" if what == "reboot" else "Power off\n")
            if what == "reboot":
                self._start(self._reboot_s)
                return
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def _stop(self) -> None:
        if self._life:
            self._life.cancel("power off")
        windows, self._windows, self._life = self._windows, None, None
        self._close_service()
        if windows:
            windows.stop()

    def power_off(self, *, force: bool = False) -> None:
        with self._lock:
            if self._life is not None:
                self._stop()
                self._say("Power off\n")

    @property
    def running(self) -> bool:
        return self._life is not None

    @property
    def windows(self) -> Windows | None:
        """The system inside while it is up; for tests that look into a machine."""
        return self._windows

    def on_power_off(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)

    def listen(self, host: str) -> Endpoint:
        """Raises `UsageError` for an address that is not loopback or whose ports are taken."""
        if not ipaddress.ip_address(host).is_loopback:
            raise UsageError(f"{host} is not a loopback address", hint="simulated machines listen on loopback only")
        self._doors.hold(host, tuple(DEFAULT_PORTS.values()))
        return Endpoint(host, DEFAULT_PORTS["HTTP"], usual=DEFAULT_PORTS["HTTP"])

    def stop_listening(self, host: str) -> None:
        self._doors.let_go(host)

    def set_firewall(self, allows: Callable[[str, int], bool]) -> None:
        self._doors.set_firewall(allows)

    def set_keys(self, authorized_keys: tuple[str, ...]) -> None:
        """Windows guests have no use for key pairs."""

    def console(self) -> str:
        with self._lock:
            return "".join(self._console)

    def _say(self, text: str) -> None:
        with self._lock:
            self._console.append(text)
            if len(self._console) > 1000:
                self._console = ["".join(self._console)[-_CONSOLE_LIMIT:]]

    def snapshot(self) -> WindowsSnapshot:
        return WindowsSnapshot(self.installation.copy())

    def destroy(self) -> None:
        with self._lock:
            if self._destroyed:
                return
            self._destroyed = True
            self._callbacks.clear()
            if self._life is not None:
                self._stop()
        self._doors.close()
        self._forget(self)
