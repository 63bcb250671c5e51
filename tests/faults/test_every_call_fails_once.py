"""For every call of a build: it is refused, throttled, fails, is cut off, loses its answer. Nothing may be left."""

from __future__ import annotations

import pytest

from imagesmith_simulator.faults import Fault, Kind
from tests.faults.breaking import WAYS, Way, broken_call, images
from tests.faults.tally import Tally

TRANSIENT: tuple[Kind, ...] = ("throttle", "error_5xx", "html_502", "cut", "lose_answer")


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_transient_fault_never_fails_the_build(way: Way, kind: Kind, step: int, tally: Tally) -> None:
    def breaks(nth: int) -> str:
        with way.cloud() as cloud:
            cloud.faults.add(Fault(kind=kind, nth=nth))
            outcome = way.run(cloud)
            left, action = [*cloud.leftovers(), *cloud.lost()], broken_call(cloud)
        tally.count(way.target.name, kind, "built" if outcome.exit_code == 0 else "failed", len(left))
        wrong = left or outcome.exit_code
        return f"{nth} {action}: {list(outcome.errors.values())} left {left}" if wrong else ""

    assert not way.each_call(step, breaks)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_refusal_names_itself_and_leaves_nothing(way: Way, step: int, tally: Tally) -> None:
    code = way.target.forbidden

    def breaks(nth: int) -> str:
        with way.cloud() as cloud:
            cloud.faults.add(Fault(kind="refuse", nth=nth, code=code, status=403))
            outcome = way.run(cloud)
            left, made, action = [*cloud.leftovers(), *cloud.lost()], images(cloud), broken_call(cloud)
        error = str(next(iter(outcome.errors.values()), ""))
        # Of several images those that are good are kept, and named, when another one fails.
        named = bool(made) and all(line.split()[1] in error for line in made)
        kept = bool(made) == (outcome.exit_code in (0, 3)) or named
        ended = {0: "built", 3: "image kept, exit 3"}.get(outcome.exit_code, "failed, nothing left")
        tally.count(way.target.name, "refuse", ended, len(left))
        told = not outcome.errors or (code in error and action in error)
        if left or not kept or not told:
            return f"{nth} {action}: exit {outcome.exit_code}, {error!r}, left {left}, made {made}"
        return ""

    assert not way.each_call(step, breaks)
