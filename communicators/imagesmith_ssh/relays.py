"""Bytes carried between a channel and a socket, both ways at once: what tunnels and agent forwarding are made of."""

from __future__ import annotations

import contextlib
import socket
import threading

import paramiko

_CHUNK = 2**16
_END_S = 5.0


class Relays:
    """The pairs that are being carried; `close` ends them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()

    def carry(self, channel: paramiko.Channel, other: socket.socket) -> None:
        """Carry until both directions have ended, then close both; returns at that time."""
        with self._lock:
            self._sockets.add(other)
        back = threading.Thread(target=_from_channel, args=(channel, other), name="relay", daemon=True)
        back.start()
        try:
            _to_channel(other, channel)
            back.join()
        finally:
            with self._lock:
                self._sockets.discard(other)
            other.close()
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                channel.close()

    def start(self, work: threading.Thread) -> None:
        """Start a thread that carries, and remember it until it has ended."""
        with self._lock:
            self._threads = {thread for thread in self._threads if thread.is_alive()} | {work}
            work.start()

    def close(self) -> None:
        """Break everything off and wait for it; never raises."""
        with self._lock:
            sockets, threads = list(self._sockets), list(self._threads)
        for one in sockets:
            _shut(one, socket.SHUT_RDWR)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_END_S)


def _to_channel(source: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
        while data := source.recv(_CHUNK):
            channel.sendall(data)
    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
        channel.shutdown_write()


def _from_channel(channel: paramiko.Channel, target: socket.socket) -> None:
    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
        while data := channel.recv(_CHUNK):
            target.sendall(data)
        _shut(target, socket.SHUT_RDWR if channel.closed else socket.SHUT_WR)
        return
    _shut(target, socket.SHUT_RDWR)


def _shut(one: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(how)
