"""paramiko's transport, adapted: quiet, quick to end, watchful about dead peers, and fast with bulk data.

What it relies on inside paramiko is guarded by ``tests/communicators/ssh/test_paramiko.py``.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import paramiko
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_REQUEST,
    cMSG_CHANNEL_DATA,
    cMSG_CHANNEL_REQUEST,
    cMSG_GLOBAL_REQUEST,
)
from paramiko.message import Message

from imagesmith.errors import ConnectionLost
from imagesmith.ssh_settings import KEY_EXCHANGES
from imagesmith.waiting import CancelToken
from imagesmith_ssh.packets import HEAD_BYTES, SwiftPacketizer, buffer_size
from imagesmith_ssh.wire import Wire

if TYPE_CHECKING:
    from imagesmith_ssh.channel_wire import ChannelWire

LOG = "imagesmith.ssh"
_WINDOW_BYTES = 8 * 2**20
_OPEN_TIMEOUT_S = 30.0
_ROOM_S = 1.0
_ROOM_PAUSE_S = 0.02
_BATCH = 6
_IDLE_CHECK_S = 5.0
_CHECK_S = 0.5

ReadInto = Callable[[memoryview], int]
"""Fills a buffer from its start and returns how many bytes it wrote; less than its size only at the end."""


def _only_when_debugging(record: logging.LogRecord) -> bool:
    return logging.getLogger(record.name).getEffectiveLevel() <= logging.DEBUG


def _quiet_log() -> str:
    """Paramiko logs whole tracebacks as errors; they are kept for people who ask for debugging."""
    logger = logging.getLogger(LOG)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.addFilter(_only_when_debugging)
    return LOG


def _key_exchanges() -> dict[str, Any]:
    """The key exchange methods of paramiko, one of them also by the name that RFC 8731 has given it since."""
    known: dict[str, Any] = dict(vars(paramiko.Transport)["_kex_info"])
    if "curve25519-sha256@libssh.org" in known:
        known.setdefault("curve25519-sha256", known["curve25519-sha256@libssh.org"])
    return known


_KEY_EXCHANGES = _key_exchanges()


class SshTransport(paramiko.Transport):
    """One authenticated connection (after `imagesmith_ssh.hop` is through with it)."""

    _kex_info = _KEY_EXCHANGES
    _preferred_kex = tuple(filter(_KEY_EXCHANGES.__contains__, KEY_EXCHANGES))

    def __init__(self, wire: Wire | ChannelWire, *, keepalive_s: float = 0.0) -> None:
        super().__init__(cast("Any", wire), default_window_size=_WINDOW_BYTES, packetizer_class=SwiftPacketizer)
        self.wire = wire
        wire.settimeout(_CHECK_S)
        self.set_log_channel(_quiet_log())
        self._refusal = ""
        self.exit_signals: dict[int, str] = {}
        self._said_no: weakref.WeakSet[paramiko.Channel] = weakref.WeakSet()
        handlers = self._inner._channel_handler_table
        self._inner._channel_handler_table = {
            **handlers,
            MSG_CHANNEL_REQUEST: self._note_exit_signal,
            MSG_CHANNEL_FAILURE: self._noting_no(handlers[MSG_CHANNEL_FAILURE]),
            MSG_CHANNEL_CLOSE: self._noting_no(handlers[MSG_CHANNEL_CLOSE]),
        }
        self._keepalive_s = keepalive_s

    @property
    def _base(self) -> Any:
        """What paramiko does where this class does something else."""
        return super()

    @property
    def _inner(self) -> Any:
        """This object, where what paramiko does not publish is used."""
        return self

    def settle(self) -> None:
        """The connection is made: from now on look around rarely, and send keepalives where they are wanted.

        paramiko's reader wakes up ten times a second by default, which adds up when many builds run at once.
        """
        self.wire.settimeout(_IDLE_CHECK_S)
        if self._keepalive_s > 0:
            self.wire.settimeout(min(_IDLE_CHECK_S, self._keepalive_s))
            self.packetizer.set_keepalive(self._keepalive_s, self._ask_for_life)

    def _ask_for_life(self) -> None:
        message = Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._inner._send_message(message)

    def _noting_no(self, handle: Callable[[paramiko.Channel, Message], None]) -> Callable[..., None]:
        """The handler of an answer that is a refusal: to the channel a connection that broke looks the same."""

        def noted(channel: paramiko.Channel, message: Message) -> None:
            self._said_no.add(channel)
            handle(channel, message)

        return noted

    def _note_exit_signal(self, channel: paramiko.Channel, message: Message) -> None:
        """Take down what killed the command: paramiko passes over exit-signal (RFC 4254 §6.10)."""
        if message.get_text() == "exit-signal":
            message.get_boolean()
            self.exit_signals[channel.chanid] = message.get_text()
            channel.status_event.set()
            return
        message.rewind()
        message.get_int()
        inner: Any = channel
        inner._handle_request(message)

    def _parse_channel_open_failure(self, message: Message) -> None:
        """Note the server's words for why it opens no channel, in whose place paramiko puts its own."""
        message.get_int()
        message.get_int()
        self._refusal = message.get_text()
        message.rewind()
        self._base._parse_channel_open_failure(message)

    def get_exception(self) -> Exception | None:
        """What went wrong last, once; of a refused channel with the server's words."""
        error = super().get_exception()
        if isinstance(error, paramiko.ChannelException) and self._refusal:
            return paramiko.ChannelException(error.code, self._refusal)
        return error

    def shut(self) -> None:
        """End the connection and its thread; never raises. Connections to bastions below it go on."""
        self.wire.part()
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self.close()
        self.packetizer.complete_handshake()
        if self.is_alive() and self is not threading.current_thread():
            self.join(_IDLE_CHECK_S * 2)
        self.wire.close()

    @contextlib.contextmanager
    def breaking_off(self, cancel: CancelToken) -> Iterator[None]:
        """While this runs, cancelling breaks the connection off, so that nothing inside can wait for long."""
        forget = cancel.on_cancel(self.wire.shut)
        try:
            yield
        finally:
            forget()

    def open(self, cancel: CancelToken, *, timeout_s: float = _OPEN_TIMEOUT_S) -> paramiko.Channel:
        """A new session. Raises `ConnectionLost` if the server opens none, and what ``cancel`` says.

        A server with few of them (MaxSessions) may take a moment to see that an earlier one has ended.
        """
        give_up = time.monotonic() + _ROOM_S
        try:
            while True:
                try:
                    with self.breaking_off(cancel):
                        return self.open_session(timeout=timeout_s)
                except paramiko.ChannelException:
                    if time.monotonic() >= give_up:
                        raise
                cancel.sleep(_ROOM_PAUSE_S)
        except (paramiko.SSHException, EOFError, OSError) as error:
            cancel.check()
            raise ConnectionLost(f"the SSH server opens no session: {str(error) or 'the connection broke'}") from error

    def ask(self, channel: paramiko.Channel, kind: str, *fields: bytes | int, reply: bool = True) -> bool:
        """Send a channel request (RFC 4254 §6) and return whether it is granted; without ``reply`` don't wait.

        Raises `ConnectionLost` when there is no answer.
        """
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string(kind)
        message.add_boolean(reply)
        for field in fields:
            message.add_int(field) if isinstance(field, int) else message.add_string(field)
        inner: Any = channel
        inner._event_pending()
        self._inner._send_user_message(message)
        deadline = time.monotonic() + _OPEN_TIMEOUT_S
        while reply and not channel.event.wait(_CHECK_S):
            if not self.is_active() or time.monotonic() > deadline:
                raise ConnectionLost("the SSH server does not answer")
        if reply and not channel.event_ready and channel not in self._said_no:
            raise ConnectionLost("the connection broke before the SSH server had answered")
        return channel.event_ready if reply else True

    def ask_terminal(self, channel: paramiko.Channel, *, columns: int = 80, rows: int = 40) -> bool:
        """Ask for an xterm that does not echo (mode 53 is ECHO, 128 and 129 are the speeds)."""
        modes = struct.pack(">BIBIBIB", 53, 0, 128, 14400, 129, 14400, 0)
        return self.ask(channel, "pty-req", b"xterm", columns, rows, 0, 0, modes)

    def pour(self, channel: paramiko.Channel, fill: ReadInto, cancel: CancelToken) -> int:
        """Send everything that ``fill`` gives as the channel's input; returns the number of bytes.

        Raises `ConnectionLost`, `BrokenPipeError` if the other side no longer reads, and what ``cancel`` says.
        """
        largest = channel.out_max_packet_size - 64
        buffers = [memoryview(bytearray(buffer_size(largest))) for _ in range(_BATCH)]
        total = 0
        try:
            while True:
                granted = self._reserve(channel, largest * _BATCH, cancel)
                packets, left = _filled(buffers, fill, granted, largest)
                self._send_batch(channel, packets)
                total += granted - left
                if left:
                    with channel.lock:
                        channel.out_window_size += left
                    return total
        except (EOFError, paramiko.SSHException) as error:
            raise ConnectionLost("the SSH connection broke during a transfer") from error

    def _reserve(self, channel: paramiko.Channel, wanted: int, cancel: CancelToken) -> int:
        """Take up to so many bytes of what the other side is ready to receive."""
        with channel.lock:
            while not channel.closed and not channel.out_window_size:
                channel.out_buffer_cv.wait(_CHECK_S)
                cancel.check()
            cancel.check()
            if channel.closed:
                raise BrokenPipeError if self.is_active() else EOFError
            granted = min(wanted, channel.out_window_size)
            channel.out_window_size -= granted
            return granted

    def _send_batch(self, channel: paramiko.Channel, packets: list[tuple[memoryview, int]]) -> None:
        packetizer: Any = self.packetizer
        if not packetizer.swift:
            for buffer, size in packets:
                message = Message()
                message.add_byte(cMSG_CHANNEL_DATA)
                message.add_int(channel.remote_chanid)
                message.add_string(bytes(buffer[HEAD_BYTES : HEAD_BYTES + size]))
                self._inner._send_user_message(message)
            return
        with self._clear_to_send():
            packetizer.send_data(channel.remote_chanid, packets)

    @contextlib.contextmanager
    def _clear_to_send(self) -> Iterator[None]:
        """Hold back while keys are exchanged, as paramiko does for its own messages."""
        deadline = time.monotonic() + self.clear_to_send_timeout
        while True:
            self.clear_to_send.wait(_CHECK_S)
            if not self.is_active() or time.monotonic() > deadline:
                raise EOFError
            with self.clear_to_send_lock:
                if self.clear_to_send.is_set():
                    yield
                    return


def _filled(
    buffers: list[memoryview], fill: ReadInto, granted: int, largest: int
) -> tuple[list[tuple[memoryview, int]], int]:
    """Read so many bytes into packets; returns them and how many bytes were not to be had."""
    packets = []
    for buffer in buffers:
        size = min(largest, granted)
        if not size:
            break
        got = fill(buffer[HEAD_BYTES : HEAD_BYTES + size])
        granted -= got
        if got:
            packets.append((buffer, got))
        if got < size:
            break
    return packets, granted
