"""An instance of the simulated Alibaba Cloud in which no SSH server runs, and the way in by Cloud Assistant."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith.waiting import CancelToken
from imagesmith_alicloud.assistant_remote import AssistantRemote
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.machines.sandbox import SandboxKind
from tests.providers.alicloud.conftest import AlicloudDriver

Open = Callable[..., AssistantRemote]


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start(machines=SandboxKind(ssh=False, reboot_s=0.2)) as simulated:
        yield simulated


@contextlib.contextmanager
def opened(
    cloud: SimulatedAlicloud, state: Path, *, cancel: CancelToken | None = None, **options: Any
) -> Iterator[AssistantRemote]:
    """A way into a new instance."""
    driver = AlicloudDriver(cloud, state)
    run, provider = driver.open(**{"communicator": "cloud-assistant", **options})
    with run:
        source = provider.source_image()
        login = provider.login(source)
        machine = provider.launch(source, login, provider.network())
        provider.reach(machine, provider.reserve_address())
        yield provider.connect(
            machine, login, cancel=cancel or CancelToken(), console=lambda: provider.console(machine)
        )
    driver.close()


@pytest.fixture(scope="module")
def remote(cloud: SimulatedAlicloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AssistantRemote]:
    with opened(cloud, tmp_path_factory.mktemp("state")) as found:
        yield found
