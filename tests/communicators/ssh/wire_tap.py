"""What a client offers when keys are exchanged (RFC 4253 §7.1), as it is seen on the wire."""

from __future__ import annotations

import socket
import threading

_NAMES = ("kex", "keys", "ciphers", "", "macs")


class WireTap:
    """Give `answer` to a listener; `offers` is what the first client that came sent."""

    def __init__(self) -> None:
        self.offers: dict[str, list[str]] = {}
        self.seen = threading.Event()

    def answer(self, peer: socket.socket) -> None:
        """Greet as an SSH server, read the client's offer, hang up."""
        peer.sendall(b"SSH-2.0-tap\r\n")
        with peer.makefile("rb") as stream:
            stream.readline()
            size = int.from_bytes(stream.read(4), "big")
            packet = stream.read(size)
        position = 1 + 1 + 16
        for name in _NAMES:
            length = int.from_bytes(packet[position : position + 4], "big")
            self.offers[name] = packet[position + 4 : position + 4 + length].decode().split(",")
            position += 4 + length
        self.seen.set()
        peer.close()
