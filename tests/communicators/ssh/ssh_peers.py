"""Peers that are no SSH server, or not quite."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import paramiko
from paramiko.common import MSG_CHANNEL_REQUEST
from paramiko.server import InteractiveQuery


@contextlib.contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections one after the other and give each to ``answer``; yields the port."""
    server = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                open_ones.append(peer)
                with contextlib.suppress(OSError):
                    answer(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
        for peer in open_ones:
            peer.close()


def silent(peer: socket.socket) -> None:
    """Say nothing at all."""


def web_server(peer: socket.socket) -> None:
    """Answer as a web server answers what is no HTTP."""
    peer.recv(1000)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    peer.close()


@contextlib.contextmanager
def dropping() -> Iterator[int]:
    """A port whose backlog is full, so that the kernel drops further SYN packets as a firewall does."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    fillers = []
    try:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
        threading.Event().wait(0.05)
        yield server.getsockname()[1]
    finally:
        for filler in fillers:
            filler.close()
        server.close()


class PasswordServer(paramiko.ServerInterface):
    """Takes one password, by the methods that it allows, and runs commands that only echo themselves."""

    def __init__(self, password: str, allowed: str) -> None:
        self.password = password
        self.allowed = allowed

    def get_allowed_auths(self, username: str) -> str:
        return self.allowed

    def check_auth_password(self, username: str, password: str) -> int:
        good = "password" in self.allowed.split(",") and password == self.password
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
        return InteractiveQuery("", "", ("Password: ", False), ("Again: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        good = list(responses) == [self.password] * 2
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        def answer() -> None:
            threading.Event().wait(0.05)  # the request itself is answered first
            channel.sendall(command)
            channel.send_exit_status(0)
            channel.close()

        threading.Thread(target=answer).start()
        return True


class SignalServer(PasswordServer):
    """Runs one command at a time for real and obeys signal requests, which paramiko's server side does not know."""

    def __init__(self, signals: list[str]) -> None:
        super().__init__("x", "password")
        self.signals = signals
        self.process: subprocess.Popen[bytes] | None = None

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.process:
            return paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        process = subprocess.Popen(["/bin/sh", "-c", command], start_new_session=True, stdout=subprocess.PIPE)
        self.process = process

        def answer() -> None:
            with process:
                assert process.stdout
                for line in process.stdout:
                    channel.sendall(line)
            with contextlib.suppress(OSError, paramiko.SSHException):
                channel.close()

        threading.Thread(target=answer).start()
        return True

    def obey(self, channel: paramiko.Channel, message: paramiko.Message) -> None:
        if message.get_text() == "signal" and self.process:
            message.get_boolean()
            self.signals.append(message.get_text())
            os.killpg(self.process.pid, getattr(signal, f"SIG{self.signals[-1]}"))
            return
        message.rewind()
        message.get_int()
        cast("Any", channel)._handle_request(message)


@contextlib.contextmanager
def single_session_server() -> Iterator[tuple[int, list[str]]]:
    """A server with room for one session that obeys signals (password "x"); yields its port and the signals."""
    signals: list[str] = []

    def make(transport: paramiko.Transport) -> paramiko.ServerInterface:
        server = SignalServer(signals)
        inner: Any = transport
        inner._channel_handler_table = {**inner._channel_handler_table, MSG_CHANNEL_REQUEST: server.obey}
        return server

    with paramiko_server(make) as port:
        yield port, signals


@contextlib.contextmanager
def password_server(password: str, allowed: str) -> Iterator[int]:
    """An SSH server that takes a password in the allowed ways; yields its port."""
    with paramiko_server(lambda _: PasswordServer(password, allowed)) as port:
        yield port


@contextlib.contextmanager
def paramiko_server(make: Callable[[paramiko.Transport], paramiko.ServerInterface]) -> Iterator[int]:
    """An SSH server in this process; yields its port."""
    key = paramiko.ECDSAKey.generate()
    transports: list[paramiko.Transport] = []

    def answer(peer: socket.socket) -> None:
        transport = paramiko.Transport(peer)
        transport.add_server_key(key)
        transports.append(transport)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(server=make(transport), event=threading.Event())

    with listener(answer) as port:
        try:
            yield port
        finally:
            for transport in transports:
                transport.close()
                transport.join(5)
