"""The simulated cloud, and a build driven against it with the real lifecycle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imagesmith import events
from imagesmith.interfaces import Address, Artifact, Image, Login, Machine, Network
from imagesmith.ledger import Ledger
from imagesmith.lifecycle import Policy, Run, new_run_id
from imagesmith.options import complete
from imagesmith.waiting import CancelToken
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_huaweicloud.provider import HuaweicloudProvider
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

UBUNTU = "Ubuntu 22.04 server 64bit"


class _SimulatedTime:
    def __init__(self, simulated: SimulatedHuaweicloud) -> None:
        self._simulated = simulated

    def now(self) -> float:
        return float(self._simulated.clock.now())

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.check()
        self._simulated.clock.advance(seconds)


@dataclass
class Built:
    """What a driven build ended with."""

    run: Run
    cloud: HuaweicloudProvider
    login: Login
    network: Network
    machine: Machine
    address: Address
    image: Image | None
    artifact: Artifact | None


class Driver:
    """Drives the provider through a build's steps as the page does, without a guest behind the instance."""

    def __init__(self, simulated: SimulatedHuaweicloud, state_dir: Path) -> None:
        self.simulated, self.state_dir = simulated, state_dir
        self.events: list[events.Event] = []
        self.ledgers: list[Ledger] = []

    def options(self, **values: Any) -> HuaweicloudEcs:
        source = {} if {"source_image", "source_image_filter"} & set(values) else {"source_image_name": UBUNTU}
        given = {
            "region": "cn-north-4",
            "image_name": "web",
            "flavor": "s6.large.2",
            "ssh_username": "root",
        }
        return complete(self.simulated.attach(HuaweicloudEcs(**(given | source | values))), {})

    def run(self, policy: Policy | None = None) -> Run:
        """A run whose waits move the simulated clock instead of taking time."""
        run_id = new_run_id()
        ledger = Ledger.create(self.state_dir, run_id)
        self.ledgers.append(ledger)
        return Run(
            run_id=run_id,
            build_name="test",
            ledger=ledger,
            on_event=self.events.append,
            cancel=CancelToken(),
            policy=policy or Policy(),
            clock=_SimulatedTime(self.simulated),
        )

    def open(self, policy: Policy | None = None, **values: Any) -> tuple[Run, HuaweicloudProvider]:
        return self.open_with(self.options(**values), policy)

    def open_with(self, options: HuaweicloudEcs, policy: Policy | None = None) -> tuple[Run, HuaweicloudProvider]:
        """A run with just these options."""
        run = self.run(policy)
        provider = HuaweicloudProvider.open(options, run)
        run.provider = provider
        return run, provider

    def build(self, *, on_running: Any = None, policy: Policy | None = None, **values: Any) -> Built:
        run, cloud = self.open(policy, **values)
        with run:
            source = run.step("source image", cloud.source_image)
            login, network, reserved = run.together(
                run.later("login", cloud.login, source),
                run.later("network", cloud.network),
                run.later("public address", cloud.reserve_address),
            )
            machine = run.step("instance", cloud.launch, source, login, network)
            address = run.step("address", cloud.reach, machine, reserved)
            if login.password_later:
                login = run.step("password", cloud.password, machine, login)
            if on_running:
                on_running(cloud, machine)
            run.step("stop", cloud.stop, machine)
            image = run.step("image", cloud.capture, machine)
        artifact = run.step("publish", cloud.publish, image) if image else None
        return Built(run, cloud, login, network, machine, address, image, artifact)

    def actions(self) -> list[str]:
        return [call.action for call in self.simulated.calls()]

    def sent(self, action: str) -> list[dict[str, Any]]:
        return [dict(call.parameters) for call in self.simulated.calls() if call.action == action]

    def said(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, events.Message))


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
def driver(simulated: SimulatedHuaweicloud, tmp_path: Path) -> Iterator[Driver]:
    made = Driver(simulated, tmp_path)
    yield made
    for ledger in made.ledgers:
        ledger.close()
