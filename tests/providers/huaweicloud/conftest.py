"""The simulated cloud, and a build driven against it with the real lifecycle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith.options import complete
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.providers.driver import Driver

UBUNTU = "Ubuntu 22.04 server 64bit"


class HuaweicloudDriver(Driver):
    """Builds on the simulated Huawei Cloud."""

    def options(self, **values: Any) -> HuaweicloudEcs:
        source = {} if {"source_image", "source_image_filter"} & set(values) else {"source_image_name": UBUNTU}
        given = {
            "region": "cn-north-4",
            "image_name": "web",
            "flavor": "s6.large.2",
            "ssh_username": "root",
        }
        attached: HuaweicloudEcs = self.simulated.attach(HuaweicloudEcs(**(given | source | values)))
        return complete(attached, {})


@pytest.fixture
def slow() -> Iterator[SimulatedHuaweicloud]:
    """A cloud whose Windows guests take ten minutes to tell their password."""
    with SimulatedHuaweicloud.start(machines="none", latencies={"password": 600}) as cloud:
        yield cloud


@pytest.fixture
def simulated() -> Iterator[SimulatedHuaweicloud]:
    with SimulatedHuaweicloud.start(machines="none") as cloud:
        yield cloud


@pytest.fixture
def driver(simulated: SimulatedHuaweicloud, tmp_path: Path) -> Iterator[HuaweicloudDriver]:
    made = HuaweicloudDriver(simulated, tmp_path)
    yield made
    made.close()
