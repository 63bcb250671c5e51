"""A build is killed -9 at every call; ``imagesmith cleanup`` in another process finds and deletes what it left."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from imagesmith import housekeeping
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.faults import Fault
from tests.faults.breaking import FROM_SNAPSHOT, OVER_SSH, TEMPLATE, broken_call, images, source, start_process
from tests.faults.tally import Tally


def run_and_kill(
    cloud: SimulatedAlicloud, nth: int, when: str, action: str = "", changes: dict[str, Any] | None = None
) -> None:
    """Build in a process of its own that is killed at its n-th call, before or after the cloud has acted."""
    options = source(cloud, changes or {})
    endpoints = {"custom_endpoint_ecs": options.custom_endpoint_ecs, "custom_endpoint_vpc": options.custom_endpoint_vpc}
    keys = {"ALICLOUD_ACCESS_KEY": options.access_key, "ALICLOUD_SECRET_KEY": options.secret_key}
    process = start_process(json.dumps(TEMPLATE | (changes or {}) | endpoints), keys=keys)

    def kill() -> None:
        process.kill()
        process.wait(10)

    cloud.faults.add(Fault(kind="cut" if when == "before" else "lose_answer", nth=nth, action=action), on_hit=kill)
    assert process.wait(60) == -signal.SIGKILL
    cloud.faults.clear()


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("when", ["before", "after"])
def test_cleanup_after_kill_leaves_nothing(when: str, step: int, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: list[str] = []
    for nth in range(1, len(FROM_SNAPSHOT.calls()) + 1, step):
        cloud = SimulatedAlicloud.start(machines="none")
        try:
            monkeypatch.setenv("ALICLOUD_ACCESS_KEY", cloud.access_key)
            monkeypatch.setenv("ALICLOUD_SECRET_KEY", cloud.secret_key)
            run_and_kill(cloud, nth, when)
            dead = [run.run for run in housekeeping.list_runs() if run.state == "dead"]
            cleaned = [housekeeping.clean(one) for one in dead]
            left = [*cloud.leftovers(), *(str(one.left) for one in cleaned if one.left)]
            left += [line for line in images(cloud) if "Creating" in line]
            action = broken_call(cloud)
        finally:
            cloud.close()
        tally.count("kill -9", "left nothing after cleanup" if not left else "LEFT SOMETHING")
        if left:
            wrong.append(f"{when} {nth} {action}: left {left}")
    assert not wrong


def test_without_any_cleanup_the_cloud_itself_releases_the_instance(cloud: SimulatedAlicloud) -> None:
    nth = FROM_SNAPSHOT.calls().index("AssociateEipAddress") + 1
    run_and_kill(cloud, nth, "after")
    assert any("instance" in line for line in cloud.leftovers())
    cloud.clock.advance(3 * 3600)
    assert not any("instance" in line for line in cloud.leftovers())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", ["ImportKeyPair", "AuthorizeSecurityGroup"])
def test_what_only_a_login_needs_is_cleaned_up_too(
    action: str, when: str, cloud: SimulatedAlicloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", cloud.access_key)
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", cloud.secret_key)
    run_and_kill(cloud, 1, when, action, OVER_SSH)
    (dead,) = [run.run for run in housekeeping.list_runs() if run.state == "dead"]
    assert housekeeping.clean(dead).exit_code == 0
    assert cloud.leftovers() == []
