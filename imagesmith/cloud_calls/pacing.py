"""A token bucket that all builds of one process share for an endpoint."""

from __future__ import annotations

import threading
import time

from imagesmith.waiting import CancelToken

FASTEST_PER_S = 50.0
SLOWEST_PER_S = 1.0
BURST = 100.0


class TokenBucket:
    """Lets calls through at a rate that halves when the service says "too many" and recovers with each success.

    The account's limits differ between actions and are not told, so the rate is found by trying.
    """

    def __init__(self, rate_per_s: float = FASTEST_PER_S, burst: float = BURST) -> None:
        self._fastest = self._rate = rate_per_s
        self._burst = self._tokens = burst
        self._filled = time.monotonic()
        self._lock = threading.Lock()

    @property
    def rate_per_s(self) -> float:
        """Calls per second that are let through in the long run."""
        return self._rate

    def take(self, cancel: CancelToken) -> None:
        """Wait for a call's turn; raises what the token says when it is set meanwhile."""
        with self._lock:
            self._fill()
            self._tokens -= 1.0
            pause = -self._tokens / self._rate if self._tokens < 0 else 0.0
        if pause > 0:
            cancel.sleep(pause)

    def throttled(self) -> None:
        """The service refused a call as one too many."""
        with self._lock:
            self._fill()
            self._rate = max(self._rate / 2, SLOWEST_PER_S)
            self._tokens = min(self._tokens, 0.0)

    def succeeded(self) -> None:
        """The service took a call."""
        if self._rate < self._fastest:
            with self._lock:
                self._fill()
                self._rate = min(self._rate + 0.5, self._fastest)

    def _fill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
