"""The front door: listeners on loopback addresses, the firewall's word on each connection, a transport for each."""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import paramiko

from imagesmith_simulator.machines.sandbox import syscalls
from imagesmith_simulator.machines.sandbox.sshd import keys
from imagesmith_simulator.machines.sandbox.sshd.guest import Guest
from imagesmith_simulator.machines.sandbox.sshd.rules import Rules
from imagesmith_simulator.machines.sandbox.sshd.transport import ServerTransport
from imagesmith_simulator.machines.sandbox.wire import Channel, Message, close_all

_BACKLOG = 128
_SSH_PORT = 22  # what the firewall is asked about, whatever port really is used
_LOCAL_PEER = "127.0.0.1"  # where connections to any loopback address come from unless they are bound elsewhere
_LOOK_AGAIN_S = 0.2


class Settings(Protocol):
    """What the server needs to know of the machine."""

    id: str
    username: str
    password: str
    hosts: dict[str, int]


@dataclass
class Listener:
    """One address. Shut, it drops packets: its queue is kept full, so that the kernel answers nobody."""

    sock: socket.socket
    shut: bool = False
    fillers: list[socket.socket] = field(default_factory=list)

    def shut_out(self) -> None:
        """Let connection attempts run into a timeout, as behind a firewall that drops."""
        if self.shut:
            return
        self.shut = True
        self.sock.listen(0)
        for _ in range(2):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex(self.sock.getsockname())
            self.fillers.append(filler)

    def let_in(self) -> None:
        """Accept connections (again)."""
        names = {filler.getsockname() for filler in self.fillers}
        self.sock.listen(_BACKLOG)
        self.sock.setblocking(False)
        while self.shut and names:
            try:
                waiting, peer = self.sock.accept()
            except BlockingIOError:
                break
            waiting.close()  # a filler, or a peer that was quicker and has waited in silence
            names.discard(peer)
        self.close_fillers()
        self.shut = False

    def close_fillers(self) -> None:
        """Give up the connections that kept the queue full."""
        for filler in self.fillers:
            filler.close()
        self.fillers.clear()


class FrontDoor:
    """Runs in the SSH server's process."""

    def __init__(self, settings: Settings, keeper: Channel, agent: Channel) -> None:
        self._settings = settings
        self._keeper = keeper
        self._guest = Guest(agent)
        self._selector = selectors.DefaultSelector()
        self._listeners: dict[str, Listener] = {}
        self._questions: dict[int, Callable[[bool], None]] = {}
        self._numbers = itertools.count(1)
        self._silent: list[socket.socket] = []
        self._keys: list[paramiko.PKey] = []

    def run(self) -> int:
        """Serve until the keeper hangs up or kills this process."""
        syscalls.name_process("sshd")
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        logging.getLogger("paramiko").propagate = False
        sys.setswitchinterval(0.001)
        self._guest.start()
        self._keys = [keys.load(text) for text in self._guest.ask({"do": "host keys"})[0]["keys"]]
        for host, port in self._settings.hosts.items():
            self._open(host, port)
        self._selector.register(self._keeper, selectors.EVENT_READ, self._on_keeper)
        while True:
            any_shut = any(listener.shut for listener in self._listeners.values())
            ready = self._selector.select(_LOOK_AGAIN_S if any_shut else None)
            for key, _ in ready:
                if key.data() is False:
                    return 0
            if not ready:
                self._look_again()

    def _open(self, host: str, port: int) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        listener = Listener(sock)
        self._listeners[host] = listener
        self._ask(_LOCAL_PEER, functools.partial(self._set_door, listener))

    def _set_door(self, listener: Listener, allowed: bool) -> None:
        if listener.sock.fileno() < 0:
            return
        watched = listener.sock.fileno() in self._selector.get_map()
        if allowed and not watched:
            listener.let_in()
            self._selector.register(listener.sock, selectors.EVENT_READ, lambda: self._accept(listener))
        elif not allowed:
            listener.shut_out()
            if watched:
                self._selector.unregister(listener.sock)

    def _look_again(self) -> None:
        for listener in self._listeners.values():
            if listener.shut:
                self._ask(_LOCAL_PEER, functools.partial(self._set_door, listener))

    def _ask(self, peer: str, then: Callable[[bool], None]) -> None:
        number = next(self._numbers)
        self._questions[number] = then
        self._keeper.send({"question": number, "peer": peer, "port": _SSH_PORT})

    def _on_keeper(self) -> bool:
        got = self._keeper.receive()
        if got is None:
            return False
        message, descriptors = got
        close_all(descriptors)
        if message["do"] == "listen":
            self._open(message["host"], message["port"])
        elif message["do"] == "stop listening":
            self._stop(message)
        elif message["do"] == "close":  # the machine is going down: nobody new, but who is in may finish
            for host in list(self._listeners):
                self._close_listener(host)
        elif message["do"] == "firewall":
            then = self._questions.pop(message.get("answer", 0), None)
            if then:
                then(message["allowed"])
            else:
                self._rules_changed()
        return True

    def _rules_changed(self) -> None:
        for listener in self._listeners.values():
            self._ask(_LOCAL_PEER, functools.partial(self._set_door, listener))

    def _stop(self, message: Message) -> None:
        self._close_listener(message["host"])
        self._keeper.send({"reply": message["id"]})

    def _close_listener(self, host: str) -> None:
        listener = self._listeners.pop(host, None)
        if listener:
            with contextlib.suppress(KeyError):
                self._selector.unregister(listener.sock)
            listener.sock.close()
            listener.close_fillers()

    def _accept(self, listener: Listener) -> None:
        try:
            sock, peer = listener.sock.accept()
        except OSError:
            return
        self._ask(peer[0], functools.partial(self._admit, listener, sock, peer[0]))

    def _admit(self, listener: Listener, sock: socket.socket, peer: str, allowed: bool) -> None:
        if allowed:
            self._serve(sock)
            return
        self._silent.append(sock)  # too late to drop the packet: say nothing
        if peer == _LOCAL_PEER:
            self._set_door(listener, allowed=False)

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = ServerTransport(sock)
        for key in self._keys:
            transport.add_server_key(key)
        rules = Rules(self._guest, transport, self._settings.username, self._settings.password)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(event=threading.Event(), server=rules)
