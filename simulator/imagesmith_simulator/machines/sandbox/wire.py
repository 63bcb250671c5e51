"""Messages between the processes of a machine: JSON over a unix socket that keeps borders, with file descriptors."""

from __future__ import annotations

import array
import json
import os
import socket
from typing import Any

Message = dict[str, Any]

LONGEST_MESSAGE = 160_000  # bytes; a unix socket's default buffer holds 208 KiB
_EXTRAS_SIZE = socket.CMSG_LEN(8 * array.array("i").itemsize)  # eight descriptors


class Channel:
    """One end of a connection between two processes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two ends that are connected to each other."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    def fileno(self) -> int:
        """The descriptor, for selectors."""
        return self.sock.fileno()

    def send(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send one message; raises `OSError` when nobody is there any more."""
        data = json.dumps(message, separators=(",", ":")).encode()
        if len(data) > LONGEST_MESSAGE:
            raise OSError(90, f"a message of {len(data)} bytes is too long", message.get("do", ""))
        if descriptors:
            socket.send_fds(self.sock, [data], list(descriptors))
        else:
            self.sock.sendall(data)

    def try_send(self, message: Message) -> None:
        """Send, unless nobody is there any more."""
        try:
            self.send(message)
        except OSError:
            return

    def receive(self) -> tuple[Message, list[int]] | None:
        """The next message and the descriptors that came with it; None when the other end is gone."""
        try:
            data, extras = self._receive()
        except OSError:
            return None
        descriptors = _descriptors(extras)
        if not data:
            close_all(descriptors)
            return None
        return json.loads(data), descriptors

    def _receive(self) -> tuple[bytes, list[tuple[int, int, bytes]]]:
        try:
            return self.sock.recvmsg(LONGEST_MESSAGE, _EXTRAS_SIZE, socket.MSG_CMSG_CLOEXEC)[:2]
        except ConnectionResetError:
            # Said once when the other end went without reading everything; its own last words come after it.
            return self.sock.recvmsg(LONGEST_MESSAGE, _EXTRAS_SIZE, socket.MSG_CMSG_CLOEXEC)[:2]

    def close(self) -> None:
        """Hang up; the other end sees the end of the stream."""
        self.sock.close()


def _descriptors(extras: list[tuple[int, int, bytes]]) -> list[int]:
    """What came along; `socket.recv_fds` would forget the close-on-exec flag before Python 3.12."""
    found = array.array("i")
    for level, kind, data in extras:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def close_all(descriptors: list[int]) -> None:
    """Close descriptors that nobody wants."""
    for descriptor in descriptors:
        os.close(descriptor)
