"""The simulator's side of a connection to a machine's process: requests, replies, and what comes unasked."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

from imagesmith.errors import ImagesmithError
from imagesmith_simulator.machines.sandbox.wire import Channel, Message

ANSWER_TIMEOUT_S = 60.0


class Connection:
    """Requests to another process and their replies; what comes unasked goes to a callback, in the reader's thread."""

    def __init__(self, channel: Channel, name: str, on_event: Callable[[Message], None]) -> None:
        self._channel = channel
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Message]] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def tell(self, message: Message) -> None:
        """Send without waiting for anything."""
        with self._lock:
            if not self._closed:
                self._channel.try_send(message)

    def ask(self, message: Message, descriptors: tuple[int, ...] = (), timeout_s: float = ANSWER_TIMEOUT_S) -> Message:
        """Send and wait for the reply; raises `ImagesmithError` with the other side's reason."""
        answer: Future[Message] = Future()
        with self._lock:
            if self._closed:
                raise ImagesmithError("the simulated machine does not exist any more")
            number = next(self._numbers)
            self._waiting[number] = answer
            try:
                self._channel.send({**message, "id": number}, descriptors)
            except OSError as error:
                del self._waiting[number]
                raise ImagesmithError(f"the simulated machine does not answer: {error.strerror}") from error
        try:
            got = answer.result(timeout_s)
        except TimeoutError:
            raise ImagesmithError(f"the simulated machine did not {message['do']} in {timeout_s:g} s") from None
        if got.get("error"):
            raise ImagesmithError(f"the simulated machine could not {message['do']}: {got['error']}")
        return got

    def _read(self) -> None:
        while (got := self._channel.receive()) is not None:
            message = got[0]
            if "reply" in message:
                waiting = self._waiting.pop(message["reply"], None)
                if waiting:
                    waiting.set_result(message)
            else:
                self._on_event(message)
        with self._lock:
            self._closed = True
            waiting_now, self._waiting = list(self._waiting.values()), {}
        for future in waiting_now:
            future.set_result({"error": "its process ended"})
        self._on_event({"gone": True})
        self._channel.close()

    def hang_up(self) -> None:
        """End the connection; the other process ends what it keeps."""
        with self._lock, contextlib.suppress(OSError):
            self._channel.sock.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(ANSWER_TIMEOUT_S)
