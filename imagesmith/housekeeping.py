"""What earlier runs have left: telling it, and deleting it from another process."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from imagesmith import events, options, plugin, redact
from imagesmith.errors import ImagesmithError, UsageError
from imagesmith.interfaces import BuilderOptions, Resource
from imagesmith.ledger import BuildRecord, Ledger, RunRecord, read, read_all, state_folder
from imagesmith.lifecycle import Policy, Run
from imagesmith.plan import UNKNOWN, TemplateRequest
from imagesmith.teardown import Leftover
from imagesmith.waiting import CancelToken

State = Literal["running", "dead", "leftovers", "clean"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run. ``state``: it runs; it died; it ended but left something; nothing of it is left."""

    run: str
    state: State
    template: str
    started: float
    builds: tuple[str, ...]
    open: tuple[Resource, ...]
    kept: tuple[Resource, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class CleanOutcome:
    """What a cleanup did, or with ``dry_run`` would do (``deleted``)."""

    run: str
    deleted: tuple[Resource, ...]
    left: tuple[tuple[str, str, str], ...]

    @property
    def exit_code(self) -> int:
        """4 when something is still left."""
        return 4 if self.left else 0


def list_runs(state_dir: Path | None = None) -> list[RunSummary]:
    """Every run that the state folder knows, oldest first."""
    return [_summary(record) for record in read_all(state_folder(state_dir))]


def clean(
    run: str,
    *,
    state_dir: Path | None = None,
    dry_run: bool = False,
    variables: Sequence[tuple[str, str]] = (),
    variable_files: Sequence[str] = (),
    on_event: events.EventSink = lambda _event: None,
    cancel: CancelToken | None = None,
) -> CleanOutcome:
    """Delete what a dead run has left, also what it was about to make when it died.

    Credentials come from the run's template (with ``variables``, if it still loads) or else from the environment.
    Raises `UsageError` for an unknown run and for one that still runs.
    """
    path = state_folder(state_dir) / "runs" / f"{run}.jsonl"
    if not path.is_file():
        raise UsageError(f'there is no run "{run}"', hint='"imagesmith runs" lists them')
    ledger = Ledger.reopen(path)
    if ledger is None:
        raise UsageError(f"run {run} is still running", hint="stop it first: it cleans up after itself")
    with ledger:
        record = read_unlocked(path)
        job = _Cleanup(record, ledger, on_event, cancel or CancelToken())
        request = TemplateRequest(
            record.template, tuple(variables), (*record.variable_files, *variable_files), data_sources="unknown"
        )
        return job.preview() if dry_run else job.run(request)


def read_unlocked(path: Path) -> RunRecord:
    """The record of a run whose ledger this process holds."""
    record = read(path)
    record.live = False
    return record


def _summary(record: RunRecord) -> RunSummary:
    state: State = "clean"
    if record.live:
        state = "running"
    elif record.open and not _is_simulated(record):
        state = "leftovers" if record.outcome else "dead"
    return RunSummary(
        run=record.run,
        state=state,
        template=record.template,
        started=record.started,
        builds=tuple(record.builds),
        open=() if _is_simulated(record) and not record.live else record.open,
        kept=tuple(kept for build in record.builds.values() for kept in build.kept.values()),
        outcome=record.outcome,
    )


def _is_simulated(record: RunRecord) -> bool:
    """A simulated cloud is gone with the process that it ran in."""
    return bool(record.builds) and all(build.simulated for build in record.builds.values())


class _Cleanup:
    """The cleanup of one dead run."""

    def __init__(self, record: RunRecord, ledger: Ledger, on_event: events.EventSink, cancel: CancelToken) -> None:
        self.record, self.ledger, self.on_event, self.cancel = record, ledger, on_event, cancel

    def preview(self) -> CleanOutcome:
        return CleanOutcome(self.record.run, _summary(self.record).open, ())

    def run(self, request: TemplateRequest) -> CleanOutcome:
        before = _summary(self.record).open
        left: list[tuple[str, str, str]] = []
        for build in self.record.builds.values():
            if not build.simulated and (build.open or build.intents):
                left += [leftover.as_tuple() for leftover in self._clean_build(build, request)]
        names = {(kind, identity) for kind, identity, _ in left}
        gone = tuple(resource for resource in before if (resource.kind, resource.id or resource.name) not in names)
        self.ledger.end("cleaned up" if not left else "cleanup left something")
        return CleanOutcome(self.record.run, gone, tuple(left))

    def _clean_build(self, build: BuildRecord, request: TemplateRequest) -> list[Leftover]:
        source = self._source(build, request)
        redact.register(*options.secrets(source))
        run = Run(
            run_id=self.record.run,
            build_name=build.name,
            ledger=self.ledger,
            on_event=lambda event: self.on_event(events.masked(event)),
            cancel=self.cancel,
            policy=Policy(),
        )
        run.provider = cast("BuilderOptions", source).open(run)
        run.adopt(list(build.open.values()), list(build.intents.values()), build.known)
        run.tear_down(failed=False)
        return run.leftovers

    def _source(self, build: BuildRecord, request: TemplateRequest) -> options.Options:
        """The builder's options as the ledger has them; secrets from the template or the environment."""
        kind: type[options.Options] = plugin.load("builders", build.type)
        values = dict(build.options)
        if request.path:
            with contextlib.suppress(ImagesmithError, OSError):
                values |= _secrets_of(build, kind, request)
        return options.restore(kind, values)


def _secrets_of(build: BuildRecord, kind: type[options.Options], request: TemplateRequest) -> dict[str, object]:
    """The secrets that the template gives to the build; its data sources are read only if that takes them."""
    found = _secrets_in(build, kind, request)
    if found is None or any(UNKNOWN in str(value) for value in found.values()):
        found = _secrets_in(build, kind, dataclasses.replace(request, data_sources="read"))
    return found or {}


def _secrets_in(build: BuildRecord, kind: type[options.Options], request: TemplateRequest) -> dict[str, object] | None:
    from imagesmith.template import load

    for planned in load(request).builds:
        if planned.name == build.name:
            source = planned.source.decode(kind)
            secrets = {record.name: getattr(source, record.attribute) for record in _secret_options(kind)}
            return {name: value for name, value in secrets.items() if value}
    return None


def _secret_options(kind: type[options.Options]) -> list[options.Option]:
    return [record for record in options.table(kind).values() if record.secret]
