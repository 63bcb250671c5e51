"""A build is killed -9 at every call; ``imagesmith cleanup`` in another process finds and deletes what it left."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imagesmith import housekeeping
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until
from imagesmith_simulator.cloud import SimulatedCloud
from imagesmith_simulator.faults import Fault
from tests.faults.breaking import WAYS, Way, broken_call, images, start_process
from tests.faults.clouds import OVER_SSH, TARGETS, Target
from tests.faults.tally import Tally

KILLED = [way for way in WAYS if way.shape.killed]
UNFINISHED = ("Creating", "queued", "saving")
"""States of an image that is still being made."""


def run_and_kill(
    target: Target,
    cloud: SimulatedCloud,
    state_dir: Path,
    *,
    nth: int = 1,
    when: str = "after",
    action: str = "",
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Build in a process of its own that is killed at its n-th call, before or after the cloud has acted."""
    process = start_process(target, cloud, changes or {}, state_dir)

    def kill() -> None:
        process.kill()
        process.wait(10)

    cloud.faults.add(Fault(kind="cut" if when == "before" else "lose_answer", nth=nth, action=action), on_hit=kill)
    assert process.wait(60) == -signal.SIGKILL
    cloud.faults.clear()

    def answered() -> bool | Pending:
        return Pending("working") if any(call.outcome == "open" for call in cloud.calls()) else True

    # The cloud still works on what the dead process had asked for; a cleanup comes later.
    wait_until(answered, what="the cloud's last call", patience=Patience(10.0, first_s=0.02), cancel=CancelToken())


@pytest.fixture(params=TARGETS, ids=lambda target: target.name)
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A cloud whose keys the environment has."""
    found: Target = request.param
    _let_in(found, monkeypatch)
    return found


def _let_in(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    with target.cloud() as cloud:
        for name, value in target.environment(cloud).items():
            monkeypatch.setenv(name, value)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("way", KILLED, ids=lambda way: way.name)
def test_cleanup_after_kill_leaves_nothing(
    way: Way, when: str, step: int, tally: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_in(way.target, monkeypatch)

    def breaks(nth: int) -> str:
        state_dir = tmp_path / str(nth)
        with way.cloud() as cloud:
            run_and_kill(way.target, cloud, state_dir, nth=nth, when=when, changes=way.shape.changes)
            dead = [run.run for run in housekeeping.list_runs(state_dir) if run.state == "dead"]
            cleaned = [housekeeping.clean(one, state_dir=state_dir) for one in dead]
            left = [*cloud.leftovers(), *cloud.lost(), *(str(one.left) for one in cleaned if one.left)]
            left += [line for line in images(cloud) if any(state in line for state in UNFINISHED)]
            action = broken_call(cloud)
        ended = "LEFT SOMETHING" if left else "left nothing after cleanup"
        tally.count(way.target.name, "kill -9", ended, len(left))
        return f"{when} {nth} {action}: left {left}" if left else ""

    assert not way.each_call(step, breaks)


def test_without_any_cleanup_the_cloud_itself_releases_the_instance(target: Target, state_dir: Path) -> None:
    with target.cloud() as cloud:
        run_and_kill(target, cloud, state_dir, action=target.bound)
        assert any(line.startswith(("instance", "server")) for line in cloud.leftovers())
        cloud.clock.advance(3 * 3600)
        assert not any(line.startswith(("instance", "server")) for line in cloud.leftovers())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1])
def test_what_only_a_login_needs_is_cleaned_up_too(number: int, when: str, target: Target, state_dir: Path) -> None:
    with target.cloud() as cloud:
        run_and_kill(target, cloud, state_dir, when=when, action=target.for_login[number], changes=OVER_SSH)
        (dead,) = [run.run for run in housekeeping.list_runs() if run.state == "dead"]
        assert housekeeping.clean(dead).exit_code == 0
        assert cloud.leftovers() == []
