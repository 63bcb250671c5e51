"""paramiko's transport on the server's side, with what it lacks: signals, direct data paths, little idle work."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_REQUEST,
)

_CHANNEL: Any = paramiko.Channel  # what the type stubs leave out
_TRANSPORT: Any = paramiko.Transport
WINDOW_BYTES = 8 * 1024 * 1024
PACKET_BYTES = 256 * 1024


class End(Protocol):
    """What stands behind a channel."""

    def feed(self, data: bytes) -> None:
        """Data from the peer; must not block."""
        ...

    def end_of_file(self) -> None:
        """The peer sends no more."""
        ...

    def closed(self) -> None:
        """The channel is gone."""
        ...


class _Sha1RsaKey(paramiko.RSAKey):
    """Old clients, such as Packer 1.6.6, sign with RSA and SHA-1 only; a guest accepts that as an old sshd does."""

    HASHES: ClassVar = {**paramiko.RSAKey.HASHES, "ssh-rsa": hashes.SHA1}  # type: ignore[misc]


def _on_data(channel: Any, message: paramiko.Message) -> None:
    end = channel.transport.ends.get(channel.chanid)
    if end:
        end.feed(message.get_binary())


def _on_eof(channel: Any, message: paramiko.Message) -> None:
    _CHANNEL._handle_eof(channel, message)
    end = channel.transport.ends.get(channel.chanid)
    if end:
        end.end_of_file()


def _on_close(channel: Any, message: paramiko.Message) -> None:
    transport = channel.transport
    _CHANNEL._handle_close(channel, message)
    end = transport.ends.pop(channel.chanid, None)
    transport.kept.pop(channel.chanid, None)
    if end:
        end.closed()


def _on_request(channel: Any, message: paramiko.Message) -> None:
    """Handle ``signal``, which paramiko does not know; start what was asked for only after the answer was sent."""
    server = channel.transport.server_object
    if message.get_text() == "signal":
        message.get_boolean()
        server.signal(channel, message.get_text())
        return
    message.rewind()
    message.get_int()
    _CHANNEL._handle_request(channel, message)
    server.after_request(channel)


class ServerTransport(paramiko.Transport):
    """One connection."""

    _active_check_timeout = 5.0  # the default of 0.1 s burns processor time on every idle connection
    _key_info: ClassVar = {**_TRANSPORT._key_info, "ssh-rsa": _Sha1RsaKey}
    _preferred_pubkeys = (*(n for n in _TRANSPORT._preferred_pubkeys if n != "ssh-rsa"), "ssh-rsa")

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, default_window_size=WINDOW_BYTES, default_max_packet_size=PACKET_BYTES)
        self.ends: dict[int, End] = {}
        self.kept: dict[int, paramiko.Channel] = {}
        self.on_close: list[Callable[[], None]] = []

    def attach(self, channel: paramiko.Channel, end: End) -> None:
        """Name what stands behind a channel."""
        self.ends[channel.chanid] = end
        self.kept[channel.chanid] = channel

    def run(self) -> None:
        """The connection's thread: serve it, then let everything behind its channels know."""
        try:
            super().run()
        finally:
            for end in list(self.ends.values()):
                end.closed()
            for callback in self.on_close:
                callback()

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        """Nobody calls accept() here; keep the channel from being collected."""
        self.kept[channel.chanid] = channel
        opened = self.server_object.opened  # type: ignore[union-attr]
        opened(channel)

    _channel_handler_table: ClassVar = {
        **_TRANSPORT._channel_handler_table,
        MSG_CHANNEL_DATA: _on_data,
        MSG_CHANNEL_EOF: _on_eof,
        MSG_CHANNEL_CLOSE: _on_close,
        MSG_CHANNEL_REQUEST: _on_request,
    }
