"""The simulated clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from imagesmith_simulator.clock import SimulatedClock


@pytest.fixture
def clock() -> Iterator[SimulatedClock]:
    made = SimulatedClock()
    yield made
    made.close()


def test_timers_fire_in_their_order_when_the_clock_is_advanced(clock: SimulatedClock) -> None:
    fired: list[str] = []
    clock.after(20, lambda: fired.append("late"))

    def early() -> None:
        fired.append("early")
        clock.after(5, lambda: fired.append("between"))

    clock.after(10, early)
    clock.advance(9)
    assert fired == []
    clock.advance(3)
    assert fired == ["early"]
    clock.advance(60)
    assert fired == ["early", "between", "late"]


def test_what_a_timer_sets_counts_from_when_that_timer_was_due(clock: SimulatedClock) -> None:
    fired: list[str] = []
    clock.after(10, lambda: clock.after(5, lambda: clock.after(5, lambda: fired.append("third"))))
    clock.advance(19)
    assert fired == []
    clock.advance(2)
    assert fired == ["third"]


def test_the_clock_fires_by_itself(clock: SimulatedClock) -> None:
    fired = threading.Event()
    clock.after(0.05, fired.set)
    assert fired.wait(5)


def test_a_fast_clock_runs_ahead_of_real_time() -> None:
    clock = SimulatedClock(speed=1000)
    began, real = clock.now(), time.monotonic()
    fired = threading.Event()
    clock.after(100, fired.set)
    assert fired.wait(5)
    assert clock.now() - began >= 100
    assert time.monotonic() - real < 5
    clock.close()


def test_it_starts_at_the_real_time_and_writes_it_as_the_clouds_do(clock: SimulatedClock) -> None:
    assert abs(clock.now() - time.time()) < 5
    assert clock.stamp(0) == "1970-01-01T00:00:00Z"


def test_a_clock_is_not_turned_back(clock: SimulatedClock) -> None:
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="positive"):
        SimulatedClock(speed=0)


def test_a_pause_ends_when_the_clock_is_stopped() -> None:
    clock = SimulatedClock()
    ended = threading.Event()

    def pause() -> None:
        clock.pause(3600)
        ended.set()

    thread = threading.Thread(target=pause)
    thread.start()
    clock.stop()
    assert ended.wait(5)
    thread.join()
    clock.close()
