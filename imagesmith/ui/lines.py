"""A run as lines of text in Packer's shape: what a plain log and the machine-readable output are made of.

The lines that scripts look for keep Packer's wording: ``Build 'x' finished after …``, ``==> Builds finished. The
artifacts of successful builds are:``, ``--> x: …``, ``==> Some builds didn't complete successfully and had errors:``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from imagesmith import events
from imagesmith.errors import Cancelled
from imagesmith.ui.excerpt import excerpt_of_text
from imagesmith.ui.record import Record
from imagesmith.ui.words import kind_in_words, listing, packer_duration, plural, short_duration

Channel = Literal["say", "message", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """Text for people; it may hold line ends."""

    channel: Channel
    text: str
    build: str = ""


@dataclass(frozen=True, slots=True)
class Datum:
    """A record for scripts: ``target,type,data…`` of the machine-readable output."""

    target: str
    type: str
    fields: tuple[str, ...]


Told = Line | Datum
_NOISY = ("debug",)


class Lines:
    """Turns events into lines; remembers what it needs for the summary at the end."""

    def __init__(self, *, debug: bool = False) -> None:
        self.record = Record()
        self._debug = debug
        self._announced: dict[tuple[str, str], float] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._tellers: dict[type[events.Event], Callable[..., Iterator[Told]]] = {
            events.StepStarted: self._step_started,
            events.StepFinished: self._step_finished,
            events.StepFailed: self._step_failed,
            events.Waiting: self._waiting,
            events.Message: self._message,
            events.Output: self._output,
            events.ResourceCreated: self._created,
            events.ResourceDeleted: self._deleted,
            events.ResourceKept: self._kept,
            events.ResourceLeft: self._left,
            events.ArtifactReady: self._artifact_ready,
            events.BuildFinished: self._build_finished,
            events.BuildFailed: self._build_failed,
            events.RunFinished: self._run_finished,
        }

    def of(self, event: events.Event) -> Iterator[Told]:
        """What there is to say about this event."""
        self.record.take(event)
        teller = self._tellers.get(type(event))
        if teller is None:
            return
        if not isinstance(event, events.StepFinished | events.StepStarted):
            yield from self.overdue(event.build)
        yield from teller(event)

    def overdue(self, build: str | None = None, before: float | None = None) -> Iterator[Told]:
        """Steps that have begun but were not announced, because most end at once and then get one line."""
        for (name, step), since in list(self._announced.items()):
            if (build is None or name == build) and (before is None or since < before):
                del self._announced[name, step]
                yield Line("say", f"==> {name}: {step} ...", name)

    def heartbeat(self, now: float) -> Iterator[Told]:
        """One line per running build, for when nothing has been said for a while."""
        for build in self.record.builds.values():
            if build.over:
                continue
            for step in build.running:
                state = f", {_state(step.waiting)}" if step.waiting else ""
                text = f"    {build.name}: {step.name}: still at it after {short_duration(now - step.started)}{state}"
                yield Line("message", text, build.name)

    def _step_started(self, event: events.StepStarted) -> Iterator[Told]:
        yield from self.overdue(event.build)
        self._announced[event.build, event.step] = event.at

    def _step_finished(self, event: events.StepFinished) -> Iterator[Told]:
        quick = self._announced.pop((event.build, event.step), None) is not None
        prefix = "==> " if quick else "    "
        result = f": {event.result}" if event.result else " done" if not quick else ""
        yield Line(
            "say" if quick else "message",
            f"{prefix}{event.build}: {event.step}{result} ({short_duration(event.seconds)})",
            event.build,
        )

    def _step_failed(self, event: events.StepFailed) -> Iterator[Told]:
        text = f"==> {event.build}: {event.step} failed after {short_duration(event.seconds)}"
        yield Line("error", text, event.build)

    def _waiting(self, event: events.Waiting) -> Iterator[Told]:
        key, state = (event.build, event.what), _state(event, coarse=True)
        if self._said.get(key) != state:
            self._said[key] = state
            yield Line("message", f"    {event.build}: {event.what}: {_state(event)}", event.build)

    def _message(self, event: events.Message) -> Iterator[Told]:
        if event.level in _NOISY and not self._debug:
            return
        channel: Channel = "error" if event.level == "error" else "say"
        warning = "Warning: " if event.level == "warning" else ""
        yield Line(
            channel, _prefixed(f"==> {event.build}: " if event.build else "==> ", warning + event.text), event.build
        )

    def _output(self, event: events.Output) -> Iterator[Told]:
        text = event.line.rstrip().rpartition("\r")[2]
        if not text:
            return
        if event.stream == "stderr":
            yield Line("error", f"==> {event.build}: {text}", event.build)
        else:
            yield Line("message", f"    {event.build}: {text}", event.build)

    def _created(self, event: events.ResourceCreated) -> Iterator[Told]:
        yield Line("message", f"    {event.build}: created {_thing(event)}", event.build)

    def _deleted(self, event: events.ResourceDeleted) -> Iterator[Told]:
        yield Line("message", f"    {event.build}: deleted {_thing(event)}", event.build)

    def _kept(self, event: events.ResourceKept) -> Iterator[Told]:
        if event.reason != "result":
            yield Line("say", f"==> {event.build}: kept {_thing(event)}{_reason(event.reason)}", event.build)

    def _left(self, event: events.ResourceLeft) -> Iterator[Told]:
        yield Line("error", f"==> {event.build}: could not delete {_thing(event)}: {event.error}", event.build)

    def _artifact_ready(self, event: events.ArtifactReady) -> Iterator[Told]:
        tags = ", ".join(f"{key}={value}" for key, value in event.tags.items())
        for region, image in event.images.items():
            tagged = f", tagged {tags}" if tags else ""
            yield Line("say", f"==> {event.build}: image {image} in {region}{tagged}", event.build)

    def _build_finished(self, event: events.BuildFinished) -> Iterator[Told]:
        text = f"Build '{event.build}' finished after {packer_duration(event.seconds)}."
        yield Line("say", text, event.build)

    def _build_failed(self, event: events.BuildFailed) -> Iterator[Told]:
        text = f"Build '{event.build}' errored after {packer_duration(event.seconds)}: {event.error}"
        yield Line("error", text, event.build)

    def _run_finished(self, event: events.RunFinished) -> Iterator[Told]:
        cancelled = event.exit_code == Cancelled.exit_code
        if cancelled:
            yield Line("say", "\nCleanly cancelled builds after being interrupted.")
        else:
            yield Line("say", f"\n==> Wait completed after {packer_duration(event.seconds)}")
        yield from self._errors()
        if not cancelled or any(build.artifacts for build in self.record.builds.values()):
            yield from self._artifacts()
        yield from self._ending()

    def _errors(self) -> Iterator[Told]:
        failures = [build.failed for build in self.record.builds.values() if build.failed]
        failures = [failed for failed in failures if failed.kind != Cancelled.__name__]
        if not failures:
            return
        yield Datum("", "error-count", (str(len(failures)),))
        yield Line("error", "\n==> Some builds didn't complete successfully and had errors:")
        for failed in failures:
            yield Datum(failed.build, "error", (failed.error,))
            yield Line("error", f"--> {failed.build}: {failed.error}", failed.build)
            yield from _advice(failed)

    def _artifacts(self) -> Iterator[Told]:
        made = [build for build in self.record.builds.values() if build.artifacts]
        if not made:
            yield Line("say", "\n==> Builds finished but no artifacts were created.")
            return
        yield Line("say", "\n==> Builds finished. The artifacts of successful builds are:")
        for build in made:
            yield Datum(build.name, "artifact-count", (str(len(build.artifacts)),))
            for index, artifact in enumerate(build.artifacts):
                yield from _artifact_data(build.name, index, artifact)
                yield Line("say", f"--> {build.name}: {artifact.description}", build.name)

    def _ending(self) -> Iterator[Told]:
        """What is left in the cloud: nothing, if all went as it should."""
        record = self.record
        if kept := list(record.kept()):
            yield Line("say", "\n==> Kept on purpose:")
            for thing in kept:
                yield Line("say", f"--> {thing.build}: {_thing(thing)}{_reason(thing.reason)}", thing.build)
        if record.left:
            yield Line("error", "\n==> Left behind, because it could not be deleted:")
            for gone in record.left:
                yield Line("error", f"--> {gone.build}: {_thing(gone)}: {gone.error}", gone.build)
        if record.left or any(thing.reason == "abort" for thing in kept):
            yield Line("say", f"\n==> 'imagesmith cleanup {record.run}' deletes it.")
        elif record.deleted:
            count = plural(len(record.deleted), "temporary resource")
            yield Line("say", f"\n==> Nothing left behind: {count} deleted ({listing(k for k, _ in record.deleted)}).")


def _advice(failed: events.BuildFailed) -> Iterator[Told]:
    for line in excerpt_of_text(failed.error):
        yield Line("error", f"  {line}", failed.build)
    if failed.hint and failed.hint not in failed.error:
        yield Line("error", f"    {failed.hint}", failed.build)


def _artifact_data(build: str, index: int, artifact: events.ArtifactReady) -> Iterator[Datum]:
    number = str(index)
    yield Datum(build, "artifact", (number, "builder-id", artifact.builder_id))
    yield Datum(build, "artifact", (number, "id", artifact.id))
    yield Datum(build, "artifact", (number, "string", artifact.description))
    yield Datum(build, "artifact", (number, "files-count", str(len(artifact.files))))
    for position, file in enumerate(artifact.files):
        yield Datum(build, "artifact", (number, "file", str(position), file))
    yield Datum(build, "artifact", (number, "end"))


def _prefixed(prefix: str, text: str) -> str:
    return "\n".join(prefix + line for line in text.splitlines()) if text.strip() else prefix.rstrip()


def _thing(
    event: events.ResourceCreated | events.ResourceDeleted | events.ResourceKept | events.ResourceLeft,
) -> str:
    return f"{kind_in_words(event.kind)} {event.id}"


def _reason(reason: str) -> str:
    return " (-on-error=abort)" if reason == "abort" else f" ({reason})" if reason and reason != "result" else ""


def _state(waiting: events.Waiting, *, coarse: bool = False) -> str:
    """The state with its percentage; ``coarse`` in quarters, so that a log gets four lines and not a hundred."""
    if waiting.percent is None:
        return waiting.state
    percent = waiting.percent // 25 * 25 if coarse else waiting.percent
    return f"{waiting.state} {percent:.0f} %"
