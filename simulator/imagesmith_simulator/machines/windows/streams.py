"""Byte streams between a guest's processes and whoever started them: blocking, closable, ended with the machine."""

from __future__ import annotations

import threading
from typing import Protocol

from imagesmith.errors import ImagesmithError


class Killed(ImagesmithError):
    """The guest process that runs this was ended from outside."""


class Writer(Protocol):
    """Where a process writes to."""

    def write(self, data: bytes) -> None:
        """Append; raises `Killed` when nobody will ever read it."""
        ...


class Reader(Protocol):
    """Where a process reads from."""

    def read(self, size: int) -> bytes:
        """Between 1 and ``size`` bytes as soon as there are any; b"" at the end."""
        ...


class Pipe:
    """A stream with one reader and any number of writers.

    A reader waits for data, for the end, or until it is told to give up. A writer waits while ``limit`` bytes are
    unread, so that a client that sends faster than the process reads is slowed down as by the real service.
    """

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._data = bytearray()
        self._closed = False
        self._broken = False
        self._changed = threading.Condition()

    def write(self, data: bytes) -> None:
        with self._changed:
            while self._limit and len(self._data) >= self._limit and not self._closed and not self._broken:
                self._changed.wait()
            if self._broken:
                raise Killed("nobody reads this stream any more")
            if not self._closed:
                self._data += data
                self._changed.notify_all()

    def close(self) -> None:
        """No more will be written; what is there can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def break_off(self) -> None:
        """Nobody reads or writes any more: readers get the end, writers `Killed`."""
        with self._changed:
            self._broken = self._closed = True
            self._data.clear()
            self._changed.notify_all()

    def read(self, size: int) -> bytes:
        with self._changed:
            while not self._data and not self._closed:
                self._changed.wait()
            return self._take(size)

    def take(self, size: int) -> bytes:
        """What is there now, at most ``size`` bytes; never waits."""
        with self._changed:
            return self._take(size)

    @property
    def waiting(self) -> int:
        """How many bytes are unread."""
        return len(self._data)

    def _take(self, size: int) -> bytes:
        data = bytes(self._data[:size])
        del self._data[: len(data)]
        if data:
            self._changed.notify_all()
        return data


class Nothing:
    """The null device, and the input of a process that has none."""

    def read(self, size: int) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        return


class Buffer:
    """Collects what is written, to be looked at or read later."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    def write(self, data: bytes) -> None:
        self.data += data

    def read(self, size: int) -> bytes:
        found = bytes(self.data[:size])
        del self.data[:size]
        return found
