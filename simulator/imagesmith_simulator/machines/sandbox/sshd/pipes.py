"""Bytes between an SSH channel and descriptors, with as few copies and thread switches as Python allows."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.common import cMSG_CHANNEL_WINDOW_ADJUST

CHUNK = 256 * 1024


def give_credit(channel: paramiko.Channel, count: int) -> None:
    """Let the peer send ``count`` more bytes; paramiko does this only for readers of its own buffer."""
    amount = channel._check_add_window(count)  # type: ignore[attr-defined]
    if amount > 0:
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
        message.add_int(channel.remote_chanid)
        message.add_int(amount)
        transport: Any = channel.transport
        transport._send_user_message(message)


class Bell:
    """Wakes a thread that waits in poll(); may be rung by anybody at any time, even after it was closed."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._descriptor

    def ring(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            if self._descriptor >= 0:
                os.eventfd_write(self._descriptor, 1)

    def hush(self) -> None:
        """Forget that it was rung."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._descriptor)

    def close(self) -> None:
        """Give the descriptor back."""
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1


class Inflow:
    """What the peer sends, on its way into a descriptor.

    As long as the descriptor takes it at once, data is written by the thread that received it; only when it is full
    does a thread of its own take over. Data for a descriptor that nobody reads any more is thrown away.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._transport: Any = channel.transport
        self._descriptor = -1
        self._queue: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._broken = False
        self._keep_open = False
        self._then: Callable[[], None] | None = None

    def connect(self, descriptor: int, *, keep_open: bool = False) -> None:
        """Name the descriptor; it is closed after the peer's end of file (a terminal is kept open)."""
        os.set_blocking(descriptor, False)
        with self._lock:
            self._descriptor = descriptor
            self._keep_open = keep_open
            self._after_change()

    def feed(self, data: bytes) -> None:
        """Take data from the transport's thread; never blocks."""
        with self._lock:
            may_answer = self._transport.clear_to_send.is_set()  # no while keys are exchanged
            direct = may_answer and self._descriptor >= 0 and not self._queue
            sent = self._write(data) if direct else 0
            if sent < len(data):
                self._queue.append(data[sent:])
                self._after_change()
        if sent:
            give_credit(self._channel, sent)

    def end(self, then: Callable[[], None] | None = None) -> None:
        """The peer sends nothing more; ``then`` is called when all of it is written."""
        with self._lock:
            self._ended = True
            self._then = then
            self._after_change()

    def abandon(self) -> None:
        """Nobody reads any more: close at once."""
        with self._lock:
            self._broken = self._ended = True
            self._queue.clear()
            self._after_change()

    def _after_change(self) -> None:
        if self._ended and not self._queue:
            self._close()
        elif self._queue and self._descriptor >= 0 and self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="inflow", daemon=True)
            self._thread.start()

    def _close(self) -> None:
        if self._then and not self._broken:
            with contextlib.suppress(OSError):
                self._then()
        self._then = None
        if self._descriptor >= 0 and not self._keep_open:
            os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, data: bytes) -> int:
        """How many bytes were written, or thrown away because nobody reads."""
        if self._broken:
            return len(data)
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError:
            self._broken = True
            return len(data)

    def _drain(self) -> None:
        """The thread that takes over: write what is queued, then go away."""
        while True:
            with self._lock:
                if not self._queue or (self._descriptor < 0 and not self._broken):
                    self._thread = None
                    self._after_change()
                    return
                data = self._queue.popleft()
                descriptor = self._descriptor
                sent = self._write(data)
                if sent < len(data):
                    self._queue.appendleft(data[sent:])
            if sent:
                with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                    give_credit(self._channel, sent)
            else:
                poll = select.poll()
                poll.register(descriptor, select.POLLOUT)
                poll.poll(1000)
