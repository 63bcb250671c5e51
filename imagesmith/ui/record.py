"""What is known of a run so far, folded from its events: what the live view draws and what every summary says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from imagesmith import events


@dataclass(slots=True)
class Step:
    """One step: when it began, and how it ended."""

    name: str
    started: float
    state: Literal["running", "done", "failed"] = "running"
    seconds: float = 0.0
    result: str = ""
    waiting: events.Waiting | None = None


@dataclass(slots=True)
class Build:
    """One build. ``owned`` are the temporary things that exist now, as (kind, id)."""

    name: str
    started: float
    steps: list[Step] = field(default_factory=list)
    owned: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    kept: list[events.ResourceKept] = field(default_factory=list)
    left: list[events.ResourceLeft] = field(default_factory=list)
    artifacts: list[events.ArtifactReady] = field(default_factory=list)
    waiting: events.Waiting | None = None
    finished: events.BuildFinished | None = None
    failed: events.BuildFailed | None = None

    @property
    def running(self) -> list[Step]:
        """The steps that are under way."""
        return [step for step in self.steps if step.state == "running"]

    @property
    def over(self) -> bool:
        """Whether the build has ended."""
        return self.finished is not None or self.failed is not None


class Record:
    """The run. Feed it every event with `take`; not thread-safe, the surfaces hold their own lock."""

    def __init__(self) -> None:
        self.run = ""
        self.template = ""
        self.expected: tuple[str, ...] = ()
        self.builds: dict[str, Build] = {}
        self.started = 0.0
        self.finished: events.RunFinished | None = None

    def take(self, event: events.Event) -> None:
        """Fold one event in."""
        if isinstance(event, events.RunStarted):
            self.run, self.template, self.expected, self.started = event.run, event.template, event.builds, event.at
        elif isinstance(event, events.RunFinished):
            self.finished = event
        elif isinstance(event, events.BuildStarted):
            self._build(event).started = event.at
        elif isinstance(event, events.StepStarted | events.StepFinished | events.StepFailed | events.Waiting):
            _take_step(self._build(event), event)
        elif isinstance(event, events.BuildFinished):
            self._build(event).finished = event
        elif isinstance(event, events.BuildFailed):
            self._build(event).failed = event
        elif isinstance(event, events.ArtifactReady):
            self._build(event).artifacts.append(event)
        else:
            self._take_resource(event)

    def _build(self, event: events.Event) -> Build:
        return self.builds.setdefault(event.build, Build(event.build, event.at))

    def _take_resource(self, event: events.Event) -> None:
        if isinstance(event, events.ResourceCreated):
            self._build(event).owned.append((event.kind, event.id))
        elif isinstance(event, events.ResourceDeleted):
            build = self._build(event)
            _drop(build.owned, (event.kind, event.id))
            build.deleted.append((event.kind, event.id))
        elif isinstance(event, events.ResourceKept):
            build = self._build(event)
            _drop(build.owned, (event.kind, event.id))
            build.kept.append(event)
        elif isinstance(event, events.ResourceLeft):
            build = self._build(event)
            _drop(build.owned, (event.kind, event.id))
            build.left.append(event)

    @property
    def owned(self) -> list[tuple[str, str]]:
        """Every temporary thing that exists now, as (kind, id)."""
        return [thing for build in self.builds.values() for thing in build.owned]

    @property
    def deleted(self) -> list[tuple[str, str]]:
        """Every thing that the run has made and deleted."""
        return [thing for build in self.builds.values() for thing in build.deleted]

    @property
    def left(self) -> list[events.ResourceLeft]:
        """Every thing that could not be deleted."""
        return [thing for build in self.builds.values() for thing in build.left]

    def kept(self) -> Iterator[events.ResourceKept]:
        """What stays on purpose though its build has failed, or was told to keep everything."""
        for build in self.builds.values():
            for thing in build.kept:
                if build.failed is not None or thing.reason != "result":
                    yield thing


def _drop(things: list[tuple[str, str]], thing: tuple[str, str]) -> None:
    if thing in things:
        things.remove(thing)


def _take_step(
    build: Build, event: events.StepStarted | events.StepFinished | events.StepFailed | events.Waiting
) -> None:
    if isinstance(event, events.Waiting):
        step = _step_of(build, event)
        if step:
            step.waiting = event
        else:
            build.waiting = event
        return
    if isinstance(event, events.StepStarted):
        build.steps.append(Step(event.step, event.at))
        return
    step = next((one for one in reversed(build.running) if one.name == event.step), None)
    if step is None:
        step = Step(event.step, event.at - event.seconds)
        build.steps.append(step)
    step.seconds = event.seconds
    step.waiting = None
    if isinstance(event, events.StepFinished):
        step.state, step.result = "done", event.result
    else:
        step.state = "failed"


def _step_of(build: Build, event: events.Waiting) -> Step | None:
    """The running step that waits: the one whose name is in what is waited for, else the only or the latest one."""
    running = build.running
    named = [step for step in running if step.name.lower() in event.what.lower()]
    chosen = named or running
    return chosen[-1] if chosen else None
