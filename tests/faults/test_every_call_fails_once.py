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
    wrong: list[str] = []
    for nth in range(1, len(way.calls()) + 1, step):
        with way.cloud() as cloud:
            cloud.faults.add(Fault(kind=kind, nth=nth))
            outcome = way.run(cloud)
            left, action = cloud.leftovers(), broken_call(cloud)
        tally.count(kind, "built" if outcome.exit_code == 0 else "failed")
        if left or outcome.exit_code:
            wrong.append(f"{nth} {action}: {list(outcome.errors.values())} left {left}")
    assert not wrong


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_refusal_names_itself_and_leaves_nothing(way: Way, step: int, tally: Tally) -> None:
    wrong: list[str] = []
    for nth in range(1, len(way.calls()) + 1, step):
        with way.cloud() as cloud:
            cloud.faults.add(Fault(kind="refuse", nth=nth, code="Forbidden.RAM", status=403))
            outcome = way.run(cloud)
            left, made, action = cloud.leftovers(), images(cloud), broken_call(cloud)
        error = str(next(iter(outcome.errors.values()), ""))
        kept = bool(made) == (outcome.exit_code in (0, 3))
        tally.count("refuse", {0: "built", 3: "image kept, exit 3"}.get(outcome.exit_code, "failed, nothing left"))
        if left or not kept or (outcome.errors and not ("Forbidden.RAM" in error and action in error)):
            wrong.append(f"{nth} {action}: exit {outcome.exit_code}, {error!r}, left {left}, made {made}")
    assert not wrong
