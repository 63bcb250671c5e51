"""One sandbox machine and its snapshots, as the simulated cloud holds them; its keeper does the work."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable

from imagesmith.errors import ImagesmithError, UsageError
from imagesmith_simulator.machines.interface import Endpoint
from imagesmith_simulator.machines.sandbox.agent import AgentCommand, AgentCommands
from imagesmith_simulator.machines.sandbox.connection import Connection
from imagesmith_simulator.machines.sandbox.layers import Layers
from imagesmith_simulator.machines.sandbox.wire import Channel, Message

_SSH_PORT = 22
_SNAPSHOT_TIMEOUT_S = 3600.0
_CONSOLE_LIMIT = 1_000_000  # characters


class SandboxSnapshot:
    """A frozen layer and those below it."""

    def __init__(self, layers: tuple[str, ...], size: int, store: Layers) -> None:
        self.layers = layers
        self._size = size
        self._store = store
        self._lock = threading.Lock()
        self._deleted = False

    def size_bytes(self) -> int:
        return self._size

    def delete(self) -> None:
        with self._lock:
            if self._deleted:
                return
            self._deleted = True
        with contextlib.suppress(ImagesmithError):
            self._store.release(self.layers)


class SandboxMachine:
    """A machine; made by `SandboxKind.create`."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        store: Layers,
        layers: tuple[str, ...],
        forget: Callable[[SandboxMachine], None],
        *,
        agent: bool = True,
    ) -> None:
        self._name = name
        self._store = store
        self._layers = layers
        self._forget = forget
        self._lock = threading.RLock()
        self._running = False
        self._destroyed = False
        self._stopping = 0
        self._callbacks: list[Callable[[], None]] = []
        self._console: list[str] = []
        self._allows: Callable[[str, int], bool] | None = None
        self._held: dict[str, socket.socket] = {}
        self._commands = AgentCommands(name) if agent else None
        self._connection = Connection(channel, f"sandbox {name}", self._on_event)

    def boot(self) -> None:
        with self._lock:
            if self._destroyed:
                raise UsageError(f"the simulated machine {self._name} was destroyed")
            if self._running:
                return
            self._running = True
            self._connection.tell({"do": "boot"})

    def power_off(self, *, force: bool = False) -> None:
        with self._lock:
            self._stopping += 1
        try:
            with contextlib.suppress(ImagesmithError):
                self._connection.ask({"do": "power off", "force": force})
        finally:
            with self._lock:
                self._stopping -= 1
                self._running = False

    @property
    def running(self) -> bool:
        return self._running

    def on_power_off(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)

    def listen(self, host: str) -> Endpoint:
        """Raises `UsageError` for an address that is not loopback or that is taken."""
        if not ipaddress.ip_address(host).is_loopback:
            raise UsageError(f"{host} is not a loopback address", hint="simulated machines listen on loopback only")
        with self._lock:
            if host not in self._held:
                self._held[host] = _hold_port(host)
                port = self._held[host].getsockname()[1]
                self._connection.tell({"do": "listen", "host": host, "port": port})
            return Endpoint(host, self._held[host].getsockname()[1])

    def stop_listening(self, host: str) -> None:
        with self._lock:
            held = self._held.pop(host, None)
        if held:
            with contextlib.suppress(ImagesmithError):
                self._connection.ask({"do": "stop listening", "host": host})
            held.close()

    def set_firewall(self, allows: Callable[[str, int], bool]) -> None:
        with self._lock:
            self._allows = allows
        self._connection.tell({"do": "firewall"})

    def set_keys(self, authorized_keys: tuple[str, ...]) -> None:
        self._connection.tell({"do": "keys", "keys": authorized_keys})

    def console(self) -> str:
        with self._lock:
            return "".join(self._console)

    @property
    def agent_running(self) -> bool:
        return self._commands is not None and self._commands.up

    def execute(self, command: str, *, user: str = "root") -> AgentCommand:
        """Raises `ImagesmithError` where no agent runs, or the command can't be started."""
        if self._commands is None:
            raise ImagesmithError("no agent runs in the simulated machine")
        return self._commands.start(self._connection, command, user)

    def snapshot(self) -> SandboxSnapshot:
        """Raises `ImagesmithError` when the copy can't be made."""
        lowers = self._layers[1:]
        layer = self._store.take(lowers)
        try:
            answer = self._connection.ask({"do": "snapshot", "layer": layer}, timeout_s=_SNAPSHOT_TIMEOUT_S)
        except BaseException:
            self._store.release((layer, *lowers))
            raise
        return SandboxSnapshot((layer, *lowers), int(answer["size"]), self._store)

    def destroy(self) -> None:
        with self._lock:
            if self._destroyed:
                return
            self._destroyed = True
            self._callbacks.clear()
            held, self._held = self._held, {}
        self.power_off(force=True)
        self._connection.hang_up()
        for sock in held.values():
            sock.close()
        with contextlib.suppress(ImagesmithError):
            self._store.release(self._layers)
        self._forget(self)

    def _on_event(self, message: Message) -> None:
        if self._commands:
            self._commands.hear(message)
        if "console" in message:
            self._add_to_console(message["console"])
        elif "peer" in message:
            self._decide(message)
        elif "off" in message or "gone" in message:
            self._powered_off()

    def _decide(self, message: Message) -> None:
        """Answer for the firewall; its rules may wait for a lock of the cloud's, so not in the thread that reads."""
        allows = self._allows

        def decide() -> None:
            allowed = allows is None or allows(message["peer"], message["port"])
            self._connection.tell({"do": "firewall", "answer": message["question"], "allowed": allowed})

        if allows is None:
            decide()
        else:
            threading.Thread(target=decide, name=f"firewall {self._name}", daemon=True).start()

    def _add_to_console(self, text: str) -> None:
        with self._lock:
            self._console.append(text)
            if len(self._console) > 1000:
                self._console = ["".join(self._console)[-_CONSOLE_LIMIT:]]

    def _powered_off(self) -> None:
        with self._lock:
            by_itself = self._running and not self._stopping
            self._running = False
            callbacks = list(self._callbacks) if by_itself else []
        if callbacks:
            threading.Thread(target=_call_all, args=(callbacks,), name=f"power off {self._name}", daemon=True).start()


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        callback()


def _hold_port(host: str) -> socket.socket:
    """A socket that holds port 22 of the address, or another where that is not allowed, without listening.

    While a machine is off its port thus refuses connections and belongs to nobody else.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            sock.bind((host, _SSH_PORT))
        except OSError:  # not allowed, or the host's own SSH server has it
            sock.bind((host, 0))
    except OSError as error:
        sock.close()
        raise UsageError(f"no machine can listen at {host}: {error.strerror}") from error
    return sock
