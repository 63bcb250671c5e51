"""The SSH server's connection to the machine's init: requests by many threads, replies and ends of sessions by one."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future

from imagesmith_simulator.machines.sandbox.wire import Channel, Message, close_all

_ANSWER_TIMEOUT_S = 30.0

Reply = tuple[Message, list[int]]


class Guest:
    """What init does for us."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Reply]] = {}
        self._ends: dict[int, Callable[[int], None]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to read replies."""
        threading.Thread(target=self._read, name="guest", daemon=True).start()

    def ask(self, message: Message, descriptors: tuple[int, ...] = ()) -> Reply:
        """Send a request and return its reply and the descriptors that came along; raises `OSError` when refused."""
        number = next(self._numbers)
        return self._exchange(number, message, descriptors)

    def run(self, message: Message, descriptors: tuple[int, ...], ended: Callable[[int], None]) -> Reply:
        """Start a process; ``ended`` gets its exit status (negative: the signal that killed it)."""
        number = next(self._numbers)
        with self._lock:
            self._ends[number] = ended
        try:
            return self._exchange(number, message, descriptors)
        except OSError:
            with self._lock:
                self._ends.pop(number, None)
            raise

    def tell(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send what needs no reply."""
        self._channel.send({**message, "id": 0}, descriptors)

    def _exchange(self, number: int, message: Message, descriptors: tuple[int, ...]) -> Reply:
        answer: Future[Reply] = Future()
        with self._lock:
            self._waiting[number] = answer
        try:
            self._channel.send({**message, "id": number}, descriptors)
            reply, received = answer.result(_ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise OSError(110, "the machine does not answer") from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if "error" in reply:
            close_all(received)
            raise OSError(5, reply["error"])
        return reply, received

    def _read(self) -> None:
        while (got := self._channel.receive()) is not None:
            message, descriptors = got
            if "ended" in message:
                with self._lock:
                    ended = self._ends.pop(message["ended"], None)
                if ended:
                    ended(message["status"])
                continue
            with self._lock:
                waiting = self._waiting.get(message["id"])
            if waiting:
                waiting.set_result(got)
            else:
                close_all(descriptors)
        with self._lock:
            left = list(self._waiting.values())
        for answer in left:
            answer.set_result(({"error": "the machine went down"}, []))
