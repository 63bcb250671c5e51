"""Packets on their way out, at the speed of the cipher.

paramiko copies each outgoing packet several times and hands it to the kernel alone. For AES-GCM, which needs no state
but a counter, this packetizer encrypts straight from the caller's buffer and sends several packets with one call.
Packet layout: RFC 4253 §6 and RFC 5647 §7.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from paramiko.packet import Packetizer

if TYPE_CHECKING:
    from paramiko.message import Message

    from imagesmith_ssh.channel_wire import ChannelWire
    from imagesmith_ssh.wire import Wire

_BLOCK = 16
_CHANNEL_DATA = 94
_HEAD = struct.Struct(">IBBII")
HEAD_BYTES = _HEAD.size


class SwiftPacketizer(Packetizer):
    """A packetizer whose outgoing side is its own as soon as an AES-GCM cipher is in use.

    New keys are asked for after 64 GiB, the bound of RFC 4344 §3.2 for ciphers with 128-bit blocks.
    """

    REKEY_BYTES = 2**36

    def __init__(self, wire: Wire | ChannelWire) -> None:
        super().__init__(cast("Any", wire))
        self._wire = wire
        self._cipher: Any = None
        self._fixed = b""
        self._counter = 0
        self._sent = 0
        self._outgoing = threading.RLock()

    @property
    def swift(self) -> bool:
        """Whether `send_data` may be used."""
        return self._cipher is not None

    def set_outbound_cipher(self, block_engine: Any, *arguments: Any, **keywords: Any) -> None:
        super().set_outbound_cipher(block_engine, *arguments, **keywords)
        with self._outgoing:
            self._cipher, self._sent = None, 0
            if keywords.get("aead"):
                vector = keywords["iv_out"]
                self._cipher, self._fixed, self._counter = block_engine, vector[:4], int.from_bytes(vector[4:], "big")

    def send_message(self, data: Message) -> None:
        if self._cipher is None:
            super().send_message(data)
            return
        payload = data.asbytes()
        padding = _padding(len(payload))
        packet = struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)
        with self._outgoing:
            self._send([packet[:4], self._encrypt(memoryview(packet))])

    def send_data(self, channel: int, packets: Sequence[tuple[memoryview, int]]) -> None:
        """Send channel data: each buffer has `HEAD_BYTES` free bytes, then so many bytes of data, then room to pad."""
        parts: list[Any] = []
        with self._outgoing:
            for buffer, size in packets:
                padding = _padding(size + 9)
                _HEAD.pack_into(buffer, 0, size + 9 + padding + 1, padding, _CHANNEL_DATA, channel, size)
                packet = buffer[: HEAD_BYTES + size + padding]
                parts += (bytes(packet[:4]), self._encrypt(packet))
            self._send(parts)

    def _encrypt(self, packet: memoryview) -> bytes:
        nonce = self._fixed + self._counter.to_bytes(8, "big")
        self._counter = (self._counter + 1) & 0xFFFFFFFFFFFFFFFF
        return bytes(self._cipher.encrypt(nonce, packet[4:], packet[:4]))

    def _send(self, parts: Sequence[bytes]) -> None:
        total = sum(map(len, parts))
        try:
            sent = self._wire.sendmsg(parts)
        except TimeoutError:
            sent = 0
        except OSError as error:
            raise EOFError from error
        if sent < total:
            self.write_all(memoryview(b"".join(parts))[sent:])
        self._sent += total
        if self._sent >= self.REKEY_BYTES and not self.need_rekey():
            inner: Any = self
            inner._trigger_rekey()


def _padding(payload: int) -> int:
    """How many bytes bring length, payload and padding to whole blocks, the packet length itself not counted."""
    return 3 + _BLOCK - (payload + 4) % _BLOCK


def buffer_size(largest: int) -> int:
    """The size of a buffer for `SwiftPacketizer.send_data` that takes up to ``largest`` bytes of data."""
    return HEAD_BYTES + largest + 2 * _BLOCK
