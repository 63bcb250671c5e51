"""Simulated clouds without machines, and the real SDK that talks to them over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk

Start = Callable[..., SimulatedHuaweicloud]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts clouds without machines (unless told otherwise) and closes them at the end."""
    clouds: list[SimulatedHuaweicloud] = []

    def begin(**options: Any) -> SimulatedHuaweicloud:
        clouds.append(SimulatedHuaweicloud.start(**{"machines": "none", **options}))
        return clouds[-1]

    yield begin
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def cloud(start: Start) -> SimulatedHuaweicloud:
    """A cloud in which nothing takes time."""
    return start()


@pytest.fixture
def sdk(cloud: SimulatedHuaweicloud) -> Sdk:
    """The SDK for ``cloud``."""
    return Sdk(cloud)
