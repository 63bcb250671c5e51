"""A build driven against a simulated cloud with the real lifecycle, whatever the cloud."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagesmith import events
from imagesmith.interfaces import Address, Artifact, Image, Login, Machine, Network
from imagesmith.ledger import Ledger
from imagesmith.lifecycle import Policy, Run, new_run_id
from imagesmith.waiting import CancelToken


class _SimulatedTime:
    def __init__(self, simulated: Any) -> None:
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
    cloud: Any
    login: Login
    network: Network
    machine: Machine
    address: Address
    image: Image | None
    artifact: Artifact | None


class Driver(ABC):
    """Drives a provider through a build's steps as the page does, without a guest behind the instance."""

    def __init__(self, simulated: Any, state_dir: Path) -> None:
        self.simulated, self.state_dir = simulated, state_dir
        self.events: list[events.Event] = []
        self.ledgers: list[Ledger] = []

    @abstractmethod
    def options(self, **values: Any) -> Any:
        """Complete options of the cloud's builder, with these beside what every build needs."""

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

    def open(self, policy: Policy | None = None, **values: Any) -> tuple[Run, Any]:
        return self.open_with(self.options(**values), policy)

    def open_with(self, options: Any, policy: Policy | None = None) -> tuple[Run, Any]:
        """A run with just these options, and its provider."""
        run = self.run(policy)
        run.provider = provider = options.open(run)
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

    def close(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
