"""What happens during a run, as typed data.

Every surface (terminal, log, JSON, library callback) is a rendering of these.
Times are seconds since the epoch in ``at`` and plain seconds in ``seconds``. Text in an event is already masked.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from imagesmith import redact


@dataclass(frozen=True, kw_only=True)
class Event:
    """The base: ``build`` is the build's name, empty for what concerns the whole run."""

    build: str = ""
    at: float = field(default_factory=time.time)


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """A run begins: its id, the template it builds and the names of its builds."""

    run: str
    template: str = ""
    builds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuildStarted(Event):
    """One build begins."""

    builder_type: str


@dataclass(frozen=True, kw_only=True)
class StepStarted(Event):
    """A step of the build begins."""

    step: str


@dataclass(frozen=True, kw_only=True)
class StepFinished(Event):
    """A step is done; ``result`` is its outcome in a few words (an id, an address)."""

    step: str
    seconds: float
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class StepFailed(Event):
    """A step has failed."""

    step: str
    seconds: float
    error: str


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """Something is being waited for: its state now, and how far it is where the cloud says so (0 to 100)."""

    what: str
    state: str
    percent: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Message(Event):
    """A line of text for people."""

    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, kw_only=True)
class Output(Event):
    """A line that a provisioner or post-processor printed."""

    stream: Literal["stdout", "stderr"]
    line: str


@dataclass(frozen=True, kw_only=True)
class ResourceCreated(Event):
    """The run made something in the cloud and owns it from now on."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceDeleted(Event):
    """Something the run made is gone."""

    kind: str
    id: str


@dataclass(frozen=True, kw_only=True)
class ResourceKept(Event):
    """Something the run made stays on purpose (the image, or everything under ``-on-error=abort``)."""

    kind: str
    id: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceLeft(Event):
    """Something the run made could not be deleted."""

    kind: str
    id: str
    error: str


@dataclass(frozen=True, kw_only=True)
class ArtifactReady(Event):
    """The build has made this; ``images`` maps region to image id."""

    builder_id: str
    id: str
    description: str
    images: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BuildFinished(Event):
    """One build has ended well; ``steps`` has the seconds of each step."""

    seconds: float
    steps: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BuildFailed(Event):
    """One build has ended badly."""

    seconds: float
    error: str
    hint: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """The run is over."""

    seconds: float
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    exit_code: int = 0


EventSink = Callable[[Event], None]
AnyEvent = TypeVar("AnyEvent", bound=Event)


def masked(event: AnyEvent) -> AnyEvent:
    """The event with every secret in its text masked."""
    changes: dict[str, Any] = {
        f.name: _masked_value(value)
        for f in dataclasses.fields(event)
        if isinstance(value := getattr(event, f.name), str | tuple | dict)
    }
    return dataclasses.replace(event, **changes)


def _masked_value(value: object) -> object:
    clean = redact.mask_data(value)
    return tuple(clean) if isinstance(clean, list) else clean


def for_build(event: AnyEvent, build: str) -> AnyEvent:
    """The event as one of this build."""
    return dataclasses.replace(event, build=build)


def as_dict(event: Event) -> dict[str, object]:
    """The event as plain data for JSON, with its type's name in ``event``."""
    data: dict[str, object] = {"event": type(event).__name__}
    data.update(dataclasses.asdict(event))
    return data
