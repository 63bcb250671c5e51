"""How long the provider waits, and how long the cloud lets an instance live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import (
    WaitFailed,
    WaitTimeout,
)
from imagesmith.lifecycle import Policy


@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize("timeout", [0, 7200])
def test_the_wait_for_snapshot_and_image_has_its_own_deadline(
    driver: Any, tmp_path: Path, ignore: bool, timeout: int
) -> None:
    from imagesmith_simulator.alicloud import SimulatedAlicloud

    wanted = {"wait_snapshot_ready_timeout": timeout, "image_ignore_data_disks": ignore, "release_after": 36000.0}
    with SimulatedAlicloud.start(machines="none", latencies={"snapshot": 5000.0, "image": 10.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        if timeout:
            assert other.build(**wanted).image is not None
            return
        with pytest.raises(WaitTimeout, match="after 3600 s") as late:
            other.build(**wanted)
        assert "wait_snapshot_ready_timeout" in late.value.hint


def test_the_cloud_releases_an_instance_that_nobody_renews(driver: Any) -> None:
    run, cloud = driver.open(policy=Policy(on_error="abort"), communicator="none")
    with run:
        source = cloud.source_image()
        machine = cloud.launch(source, cloud.login(source), cloud.network())
        driver.simulated.clock.advance(3500)
        assert any(line.startswith("instance") for line in driver.simulated.inventory())
        driver.simulated.clock.advance(200)
        assert not any(line.startswith("instance") for line in driver.simulated.inventory())
        with pytest.raises(WaitFailed, match="is gone"):
            cloud.stop(machine)
