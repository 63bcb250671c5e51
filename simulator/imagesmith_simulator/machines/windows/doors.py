"""Listeners on loopback addresses, opened and shut as the guest's service and the cloud's firewall want it.

A held address belongs to the machine from `Doors.hold` on; while nothing listens there, connections are refused. A port
that the firewall closes drops packets instead: its queue is kept full, so that the kernel answers nobody.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from imagesmith.errors import UsageError

_BACKLOG = 128
_LOCAL_PEER = "127.0.0.1"  # where connections to any loopback address come from unless they are bound elsewhere
_LOOK_AGAIN_S = 0.2

Serve = Callable[[socket.socket, str, int], None]
"""Gets a connection, its peer and the port that it came to."""
Allows = Callable[[str, int], bool]


@dataclass
class _Listener:
    port: int
    sock: socket.socket
    shut: bool = True
    decided: bool = False
    fillers: list[socket.socket] = field(default_factory=list)

    def shut_out(self) -> None:
        """Let connection attempts run into a timeout."""
        if self.fillers:
            return
        self.shut = True
        self.sock.listen(0)
        for _ in range(2):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex(self.sock.getsockname())
            self.fillers.append(filler)

    def let_in(self) -> None:
        """Accept connections."""
        names = {filler.getsockname() for filler in self.fillers}
        self.sock.listen(_BACKLOG)
        self.sock.setblocking(False)
        while self.shut and names:
            try:
                waiting, peer = self.sock.accept()
            except BlockingIOError:
                break
            waiting.close()
            names.discard(peer)
        self._drop_fillers()
        self.shut = False

    def close(self) -> None:
        """Refuse connections from now on."""
        self.sock.close()
        self._drop_fillers()

    def _drop_fillers(self) -> None:
        for filler in self.fillers:
            filler.close()
        self.fillers.clear()


class Doors:
    """The addresses of one machine."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._held: dict[str, dict[int, socket.socket]] = {}
        self._open: dict[tuple[str, int], _Listener] = {}
        self._ports: tuple[int, ...] = ()
        self._serve: Serve | None = None
        self._allows: Allows | None = None
        self._silent: list[socket.socket] = []
        self._thread: threading.Thread | None = None
        self._wake, self._woken = socket.socketpair()

    def hold(self, host: str, ports: tuple[int, ...]) -> None:
        """Take an address for this machine. Raises `UsageError` where a port is taken."""
        with self._lock:
            if host in self._held:
                return
            self._held[host] = {}
            try:
                for port in ports:
                    self._held[host][port] = _bound(host, port)
            except OSError as error:
                self._let_go(host)
                raise UsageError(
                    f"no Windows machine can listen at {host}:{ports}: {error.strerror}",
                    hint="end what listens at that port on all addresses of this host",
                ) from error
            self._follow()

    def let_go(self, host: str) -> None:
        """The address is not this machine's any more."""
        with self._lock:
            self._let_go(host)

    def set_firewall(self, allows: Allows) -> None:
        """Ask this about each new connection."""
        with self._lock:
            self._allows = allows
        self._look()

    def open(self, ports: tuple[int, ...], serve: Serve) -> None:
        """Listen at these ports of every held address, and at no others."""
        with self._lock:
            self._ports, self._serve = ports, serve
            self._follow()

    def settle(self, timeout_s: float) -> None:
        """Wait until the firewall's word about every listener is known; not for long."""
        with self._changed:
            self._changed.wait_for(lambda: all(listener.decided for listener in self._open.values()), timeout_s)

    def shut(self) -> None:
        """Listen nowhere."""
        with self._lock:
            self._ports = ()
            self._follow()
            silent, self._silent = self._silent, []
        for sock in silent:
            sock.close()

    def close(self) -> None:
        """Give everything up."""
        with self._lock:
            self._ports = ()
            for host in list(self._held):
                self._let_go(host)
            self._follow()
            thread = self._thread
        self._look()
        if thread:
            thread.join(5)
        self._wake.close()
        self._woken.close()

    def _let_go(self, host: str) -> None:
        for sock in self._held.pop(host, {}).values():
            sock.close()
        self._follow()

    def _follow(self) -> None:
        """Make the listeners be what is wanted."""
        wanted = {(host, port) for host in self._held for port in self._ports}
        for key in [key for key in self._open if key not in wanted]:
            self._open.pop(key).close()
        for host, port in wanted - set(self._open):
            self._open[host, port] = _Listener(port, _bound(host, port))
        if self._open and self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"doors {self._name}", daemon=True)
            self._thread.start()
        self._look()

    def _admits(self, peer: str, port: int) -> bool:
        return self._allows is None or self._allows(peer, port)

    def _look(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b".")

    def _run(self) -> None:
        while True:
            self._ask_again()
            with self._lock:
                if not self._open:
                    self._thread = None
                    return
                listeners = [listener for listener in self._open.values() if not listener.shut]
                any_shut = len(listeners) < len(self._open)
            self._wait(listeners, _LOOK_AGAIN_S if any_shut else None)

    def _wait(self, listeners: list[_Listener], timeout_s: float | None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            for listener in listeners:
                with contextlib.suppress(ValueError, KeyError, OSError):  # closed meanwhile
                    selector.register(listener.sock, selectors.EVENT_READ, listener)
            for key, _ in selector.select(timeout_s):
                if key.data is None:
                    self._woken.recv(4096)
                else:
                    self._accept(key.data)

    def _ask_again(self) -> None:
        """The rules may have changed. They are asked for without our lock: the cloud may wait for us with its own."""
        with self._lock:
            ports = {listener.port for listener in self._open.values()}
        allowed = {port: self._admits(_LOCAL_PEER, port) for port in ports}
        with self._changed:
            for listener in self._open.values():
                if listener.port not in allowed:
                    continue
                if not allowed[listener.port]:
                    listener.shut_out()
                elif listener.shut:
                    listener.let_in()
                listener.decided = True
            self._changed.notify_all()

    def _accept(self, listener: _Listener) -> None:
        try:
            sock, peer = listener.sock.accept()
        except OSError:
            return
        sock.setblocking(True)
        serve = self._serve
        if serve and self._admits(peer[0], listener.port):
            serve(sock, peer[0], listener.port)
        else:
            self._silent.append(sock)  # too late to drop the packet: say nothing


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
