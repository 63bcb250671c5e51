"""The simulated clouds' time: real time, times a speed, plus what a test has advanced it by.

Everything that takes time in a simulated cloud is a timer on this clock. A timer fires on a thread of the clock or, if
that is earlier, when a request reads the state: with all latencies 0 a client never sees an unfinished state.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

_LONGEST_NAP_S = 3600.0


class SimulatedClock:
    """A clock that can be sped up and advanced; ``lock`` guards all state that its timers change."""

    def __init__(self, *, speed: float = 1.0) -> None:
        """``speed``: simulated seconds per real second."""
        if speed <= 0:
            raise ValueError("the clock's speed must be positive")
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._speed = speed
        self._base = time.time()
        self._started = time.monotonic()
        self._advanced = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._firing: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fire_forever, name="simulated-clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Seconds since the epoch, on the simulated scale."""
        return self._base + (time.monotonic() - self._started) * self._speed + self._advanced

    def stamp(self, at: float | None = None) -> str:
        """A time (default: now) as the clouds write it, ``2026-01-31T12:00:00Z``."""
        return datetime.fromtimestamp(self.now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: float) -> None:
        """Move the clock forward at once; timers that have become due fire in their order before this returns."""
        if seconds < 0:
            raise ValueError("a clock is not turned back")
        with self.lock:
            self._advanced += seconds
            self.fire_due()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back in ``seconds`` of simulated time, holding ``lock``. The callback must be quick and not raise.

        What a timer sets counts from when that timer was due, so that a chain of them survives a leap of the clock.
        """
        with self.lock:
            start = self.now() if self._firing is None else self._firing
            heapq.heappush(self._timers, (start + max(0.0, seconds), next(self._order), call))
            self._changed.notify_all()

    def fire_due(self) -> None:
        """Fire every timer whose time has come, earliest first, including those that the fired ones have set."""
        with self.lock:
            while self._timers and self._timers[0][0] <= self.now():
                due, _, call = heapq.heappop(self._timers)
                self._firing = due
                try:
                    call()
                finally:
                    self._firing = None

    def pause(self, seconds: float) -> None:
        """Hold the calling thread for ``seconds`` of simulated time, less when the clock is closed."""
        if seconds > 0:
            self._closed.wait(seconds / self._speed)

    def stop(self) -> None:
        """End every `pause`, and fire no timer on the clock's own thread any more."""
        self._closed.set()
        with self.lock:
            self._changed.notify_all()

    def close(self) -> None:
        """Forget all timers and end the thread."""
        self.stop()
        with self.lock:
            self._timers.clear()
        self._thread.join()

    def _fire_forever(self) -> None:
        with self.lock:
            while not self._closed.is_set():
                self.fire_due()
                self._changed.wait(self._nap_s())

    def _nap_s(self) -> float:
        if not self._timers:
            return _LONGEST_NAP_S
        return min(max(0.0, self._timers[0][0] - self.now()) / self._speed, _LONGEST_NAP_S)
