"""The one waiter and the one retry policy.

Nothing else in the project sleeps. Whoever waits names the deadline, the pace, the clock and the cancel token.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from imagesmith.errors import BuildTimeout, Cancelled, ImagesmithError, WaitTimeout

T = TypeVar("T")


class Clock(Protocol):
    """A source of time that tests can drive."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        """Pause, but no longer than until ``cancel`` is set; raises what the token says."""
        ...


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.sleep(seconds)


class CancelToken:
    """Set once, seen by every wait: SIGINT, SIGTERM, SIGHUP, the whole-build timeout, or a caller's thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._error: ImagesmithError | None = None
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self, reason: str = "interrupted") -> None:
        """Ask everything that watches this token to stop; only the first reason counts."""
        self._set(Cancelled(f"cancelled: {reason}"))

    def time_out(self, message: str) -> None:
        """Like `cancel`, but what is raised is a `BuildTimeout`."""
        self._set(BuildTimeout(message))

    def _set(self, error: ImagesmithError) -> None:
        with self._lock:
            if self._error is not None:
                return
            self._error = error
            callbacks = list(self._callbacks)
        self._event.set()
        for callback in callbacks:
            callback()

    @property
    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` (or `BuildTimeout`) if somebody asked to stop."""
        if self._error is not None:
            raise type(self._error)(self._error.message)

    def sleep(self, seconds: float) -> None:
        """Pause; raises at once when the token is set."""
        self.check()
        if self._event.wait(max(0.0, seconds)):
            self.check()

    def wait(self, seconds: float) -> bool:
        """Pause; returns at once, with True, when the token is set. Never raises."""
        return self._event.wait(max(0.0, seconds))

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the token is set (at once if it is); returns a function that forgets the callback."""
        with self._lock:
            already = self._error is not None
            if not already:
                self._callbacks.append(callback)
        if already:
            callback()

        def forget() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return forget

    def child(self) -> CancelToken:
        """A token that is set with this one but can also be set alone (a provisioner's own timeout)."""
        token = CancelToken()
        self.on_cancel(lambda: token._set(self._error or Cancelled("cancelled")))
        return token


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to look, in seconds.

    The first look comes after ``soon_s``. What is known to take a while is not looked at again before ``expected_s``.
    From then on the pauses grow by ``growth`` from ``first_s`` to ``longest_s``. Where the cloud tells a percentage the
    looks are placed by it instead, so that a long wait ends close to its real end with few calls.
    """

    timeout_s: float
    first_s: float = 0.5
    growth: float = 1.3
    longest_s: float = 5.0
    soon_s: float = 0.0
    expected_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pending:
    """The answer of a probe that is not there yet: the state now, and how far it is (0 to 100) where that is known."""

    state: str
    percent: float | None = None


def wait_until(
    probe: Callable[[], T | Pending],
    *,
    what: str,
    patience: Patience,
    cancel: CancelToken,
    clock: Clock | None = None,
    on_pending: Callable[[Pending, float], None] | None = None,
) -> T:
    """Call ``probe`` until it answers something else than `Pending`, and return that.

    A probe raises `WaitFailed` for a state from which there is no recovery; errors of the probe are not swallowed.
    Raises `WaitTimeout` after ``patience.timeout_s``, naming ``what`` and its last state, and what ``cancel`` says.
    ``on_pending`` is told the state and the seconds waited so far after every look.
    """
    clock = clock or RealClock()
    started = clock.now()
    pause = patience.first_s
    if patience.soon_s:
        clock.sleep(patience.soon_s, cancel)
    while True:
        cancel.check()
        answer = probe()
        if not isinstance(answer, Pending):
            return answer
        elapsed = clock.now() - started
        if on_pending:
            on_pending(answer, elapsed)
        left = patience.timeout_s - elapsed
        if left <= 0:
            raise WaitTimeout(f"{what} is still {answer.state} after {patience.timeout_s:g} s")
        if answer.percent and elapsed >= 1:
            next_look = _by_percentage(answer.percent, elapsed, patience)
        elif elapsed < patience.expected_s:
            next_look = patience.expected_s - elapsed
        else:
            next_look = pause
            pause = min(pause * patience.growth, patience.longest_s)
        clock.sleep(min(next_look, left), cancel)


def _by_percentage(percent: float, elapsed: float, patience: Patience) -> float:
    """The next look from how far it is: the least that can be left while far from the end, then just behind the end.

    A percentage is a whole number, rounded down, so it may really be almost one more.
    """
    at_least = elapsed * max(99 - percent, 0) / (percent + 1)
    if at_least > 2 * patience.first_s:
        return min(at_least, 12 * patience.longest_s)
    return elapsed * max(99.6 - percent, 0.1) / percent + patience.first_s / 10


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Jittered exponential back-off: at most ``attempts`` tries within ``timeout_s`` seconds."""

    attempts: int = 8
    timeout_s: float = 120.0
    first_s: float = 0.25
    longest_s: float = 8.0


def retry(
    call: Callable[[], T],
    *,
    retryable: Callable[[Exception], bool],
    policy: RetryPolicy,
    cancel: CancelToken,
    on_retry: Callable[[Exception, float], None] | None = None,
) -> T:
    """Call until it succeeds or fails with an error that is not ``retryable``; the last error is the one raised.

    An error that carries ``retry_after_s`` is waited for at least that long. Cancelling ends a pause at once.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
    from tenacity.wait import wait_random_exponential

    back_off = wait_random_exponential(multiplier=policy.first_s * 2, max=policy.longest_s)

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after_s", None) or 0.0
        seconds = max(back_off(state), policy.first_s / 2, asked)
        if on_retry and isinstance(error, Exception):
            on_retry(error, seconds)
        return seconds

    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and retryable(error)),
        stop=stop_after_attempt(policy.attempts) | stop_after_delay(policy.timeout_s),
        wait=pause,
        sleep=cancel.sleep,
        reraise=True,
    )(call)
