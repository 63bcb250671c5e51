"""A token bucket on the simulated clock: how often a cloud lets itself be called."""

from __future__ import annotations

import threading
from collections.abc import Callable


class TokenBucket:
    """Admits ``per_second`` calls on average and twice as many at once."""

    def __init__(self, per_second: float, now: Callable[[], float]) -> None:
        if per_second <= 0:
            raise ValueError("a rate limit must be positive")
        self._rate = per_second
        self._now = now
        self._size = max(1.0, 2 * per_second)
        self._tokens = self._size
        self._filled = now()
        self._lock = threading.Lock()

    def take(self) -> float:
        """0 when the call is admitted, otherwise the seconds until one would be."""
        with self._lock:
            now = self._now()
            self._tokens = min(self._size, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0.0
            return (1 - self._tokens) / self._rate
