"""The one waiter and the one retry policy, on a clock that the test drives."""

from __future__ import annotations

import threading
import time

import pytest

from imagesmith.errors import BuildTimeout, Cancelled, Throttled, WaitTimeout
from imagesmith.waiting import CancelToken, Patience, Pending, RetryPolicy, retry, wait_until


class DrivenClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.check()
        self.time += seconds


class Slow:
    """Something that takes its time, with or without saying how far it is."""

    def __init__(self, clock: DrivenClock, seconds: float, *, percent: bool = False) -> None:
        self.clock, self.seconds, self.percent, self.looks = clock, seconds, percent, 0

    def probe(self) -> str | Pending:
        self.looks += 1
        if self.clock.now() >= self.seconds:
            return "done"
        return Pending("going on", int(100 * self.clock.now() / self.seconds) if self.percent else None)


@pytest.mark.parametrize("seconds", [0, 1, 5, 30, 600])
def test_a_known_percentage_ends_close_to_the_real_end_with_few_looks(seconds: float) -> None:
    clock = DrivenClock()
    slow = Slow(clock, seconds, percent=True)
    patience = Patience(timeout_s=3600)
    assert wait_until(slow.probe, what="it", patience=patience, cancel=CancelToken(), clock=clock) == "done"
    assert clock.now() - seconds <= max(0.6, 0.03 * seconds)
    assert slow.looks <= 20


def test_the_deadline_ends_the_wait_and_names_the_last_state() -> None:
    clock = DrivenClock()
    slow = Slow(clock, 1e9)
    with pytest.raises(WaitTimeout, match="snapshot s-1 is still going on after 60 s"):
        wait_until(slow.probe, what="snapshot s-1", patience=Patience(60), cancel=CancelToken(), clock=clock)
    assert 60 <= clock.now() <= 60.1


def test_cancel_ends_a_real_wait_within_a_second() -> None:
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel, ["enough"]).start()
    started = time.monotonic()
    with pytest.raises(Cancelled, match="enough"):
        wait_until(lambda: Pending("x"), what="it", patience=Patience(60, first_s=30), cancel=cancel)
    assert time.monotonic() - started < 1


def test_retry_waits_as_long_as_the_cloud_asks_and_raises_the_last_error() -> None:
    tries: list[float] = []

    def call() -> None:
        tries.append(time.monotonic())
        raise Throttled(f"no {len(tries)}", retry_after_s=0.2)

    policy = RetryPolicy(attempts=3, first_s=0.01)
    with pytest.raises(Throttled, match="no 3"):
        retry(call, retryable=lambda error: isinstance(error, Throttled), policy=policy, cancel=CancelToken())
    assert len(tries) == 3
    assert tries[1] - tries[0] >= 0.2


def test_retry_gives_other_errors_through_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        retry(lambda: 1 / 0, retryable=lambda error: False, policy=RetryPolicy(), cancel=CancelToken())


def test_a_timed_out_token_raises_build_timeout_in_children_too() -> None:
    parent = CancelToken()
    child = parent.child()
    parent.time_out("too slow")
    with pytest.raises(BuildTimeout, match="too slow"):
        child.check()


def test_a_child_can_be_set_alone() -> None:
    parent = CancelToken()
    parent.child().cancel("only me")
    assert not parent.is_set
