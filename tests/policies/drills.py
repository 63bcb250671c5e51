"""Builds that end in every way in which builds end, under a policy: what they call, and what they tell people.

A drill is one build of a variant, good or broken in one certain way, with its teardown, or with a cleanup by somebody
else. It is the same for every cloud; what differs is in a `Side`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from imagesmith import Build, Shell, events, housekeeping, options
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ImagesmithError
from imagesmith.image_build import build_image
from imagesmith.job import Job
from imagesmith.ledger import Ledger
from imagesmith.lifecycle import Policy, Run, new_run_id
from imagesmith.permissions import Permissions, TellsPermissions
from imagesmith.waiting import CancelToken
from imagesmith_simulator.cloud import SimulatedCloud
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.machines.interface import MachineKind
from imagesmith_simulator.machines.sandbox import SandboxKind
from imagesmith_simulator.machines.windows import WindowsKind

Told = list[str]


@dataclass(frozen=True)
class Variant:
    """One template: what its builder says beside the cloud's common options, and how it is run.

    ``guest``: with a machine that can be logged in to, which runs ``script``. ``sampled``: it is part of the sample.
    ``leaves``: it says that something is to stay beside the image.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    force: bool = False
    guest: bool = False
    sampled: bool = False
    leaves: bool = False
    script: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Drill:
    """One way for a build to go. ``action``: only where a good build calls it. ``before``: as many builds come first.

    ``guest``: only where there is one that can be logged in to.
    ``stop``: the build is cancelled when the fault hits. ``leave``: it is told to leave everything behind, and
    ``imagesmith cleanup`` has to do the rest. ``leaves``: something can't be deleted. ``lease`` is the time in seconds
    between two renewals. ``meddle`` is what somebody else does in the cloud when the last of the faults hits.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    action: str = ""
    guest: bool = False
    before: int = 0
    stop: bool = False
    leave: bool = False
    leaves: bool = False
    lease: float = 600.0
    changes: Mapping[str, Any] = field(default_factory=dict)
    meddle: Callable[[Any], None] | None = None

    def __str__(self) -> str:
        return self.name


class _Sandboxes(SandboxKind):
    """One sandbox for the machines of many clouds: each of them closes it, which is not meant."""

    def close(self) -> None:
        """It goes on."""

    def close_at_last(self) -> None:
        """Now it is meant."""
        super().close()


class Side(ABC):
    """A cloud: how it is started, what its templates say, what can go wrong in it."""

    keys: tuple[str, str]
    """The environment variables of the access key and its secret, for a cleanup."""
    refusal: str
    """What the cloud says of a call that is not allowed, before the permission."""
    makes: Collection[str]
    """The actions that make something."""
    breaking: Sequence[Drill]
    """The drills beside the good build and the lost answers."""

    def __init__(self) -> None:
        self._sandboxes: _Sandboxes | None = None

    def start(self, variant: Variant) -> SimulatedCloud:
        """A cloud for one drill."""
        if not variant.guest:
            return self.start_cloud("none")
        if variant.changes.get("communicator") == "winrm":
            return self.start_cloud(WindowsKind(winrm=True))
        self._sandboxes = self._sandboxes or _Sandboxes()
        return self.start_cloud(self._sandboxes)

    def close(self) -> None:
        """End what the drills have shared."""
        if self._sandboxes:
            self._sandboxes.close_at_last()

    @abstractmethod
    def start_cloud(self, machines: Literal["none"] | MachineKind) -> SimulatedCloud:
        """A cloud with these machines."""

    @abstractmethod
    def source(self, cloud: Any, changes: Mapping[str, Any]) -> CommunicatorOptions:
        """The builder's options."""

    def permissions(self, variant: Variant) -> Permissions:
        """What `imagesmith policy` prints for it."""
        with self.start(replace(variant, guest=False)) as cloud:
            source = self.source(cloud, variant.changes)
        assert isinstance(source, TellsPermissions)
        return source.permissions(force=variant.force)

    def drills(self, variant: Variant) -> list[Drill]:
        """Those that make sense for what a good build of the variant calls."""
        called = self.play(variant, Drill("good")).actions
        lost = [
            Drill(f"lost {action}", (Fault(kind="lose_answer", action=action),), stop=True)
            for action in sorted(self.makes)
            if action in called
        ]
        fitting = [drill for drill in self.breaking if variant.guest or not drill.guest]
        others = [drill for drill in fitting if not drill.action or drill.action in called]
        return [Drill("good"), Drill("lease", lease=0.001), *others, *lost]

    def play(self, variant: Variant, drill: Drill, allowed: Iterable[str] | None = None) -> Played:
        """Do it, under a policy or without any restriction."""
        with self.start(variant) as cloud:
            cloud.allow_only(None if allowed is None else list(allowed))
            told: Told = []
            for _ in range(drill.before):
                told += self._build(cloud, variant, replace(drill, faults=(), stop=False, leave=False))
            told += self._build(cloud, variant, drill)
            actions = frozenset(call.action for call in cloud.calls())
            return Played(told, actions, frozenset(cloud.permissions()), tuple(cloud.leftovers()))

    def _build(self, cloud: SimulatedCloud, variant: Variant, drill: Drill) -> Told:
        source = options.complete(self.source(cloud, {**variant.changes, **drill.changes}), {})
        cancel = CancelToken()
        for fault in drill.faults:
            cloud.faults.add(fault, on_hit=_on_hit(drill, fault, cancel, cloud))
        told: Told = []
        run = new_run_id()
        with Ledger.create(Path(os.environ["IMAGESMITH_STATE_DIR"]), run) as ledger:
            lifecycle = Run(
                run_id=run,
                build_name="drill",
                ledger=ledger,
                on_event=_listener(told),
                cancel=cancel,
                policy=Policy(
                    force=variant.force, renew_every_s=drill.lease, on_error="abort" if drill.leave else "cleanup"
                ),
                clock=_SimulatedTime(cloud),
            )
            provisioners = (Shell(inline=[variant.script], expect_disconnect=True),) if variant.script else ()
            (planned,) = Build(source=source, provisioners=provisioners).plan().builds
            ledger.build("drill", planned.type, options.public(source), simulated=False)
            try:
                build_image(Job(planned=planned, source=source, run=lifecycle, ask=lambda _prompt: None))
            except ImagesmithError as error:
                told.append(str(error))
        cloud.faults.clear()
        return told + (_clean(run) if drill.leave else [])


def _on_hit(drill: Drill, fault: Fault, cancel: CancelToken, cloud: SimulatedCloud) -> Callable[[], None]:
    def hit() -> None:
        if drill.stop:
            cancel.cancel("stopped")
        if drill.meddle and fault is drill.faults[-1]:
            drill.meddle(cloud)

    return hit


def _clean(run: str) -> Told:
    told: Told = []
    outcome = housekeeping.clean(run, on_event=_listener(told))
    return told + [reason for _, _, reason in outcome.left]


@dataclass(frozen=True)
class Played:
    """What came of a drill: the warnings and errors, the actions called, the permissions that those took."""

    told: Told
    actions: frozenset[str]
    used: frozenset[str]
    left: tuple[str, ...]


def _listener(told: Told) -> Callable[[events.Event], None]:
    def listen(event: events.Event) -> None:
        if isinstance(event, events.Message) and event.level in ("warning", "error"):
            told.append(event.text)
        if isinstance(event, events.ResourceLeft):
            told.append(event.error)

    return listen


class _SimulatedTime:
    """Waits move the simulated clock instead of taking time."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self._cloud = cloud

    def now(self) -> float:
        return float(self._cloud.clock.now())

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.check()
        self._cloud.clock.advance(seconds)
