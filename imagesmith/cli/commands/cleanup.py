"""``imagesmith cleanup``: delete what dead and aborted runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.cli import template_flags
from imagesmith.cli.command import STATE_DIR, Command, Invocation
from imagesmith.cli.flags import Flag, Parsed
from imagesmith.cli.report import Printer
from imagesmith.cli.stopping import Stopper
from imagesmith.errors import ImagesmithError, UsageError
from imagesmith.ui.words import kind_in_words, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagesmith.housekeeping import CleanOutcome, RunSummary
    from imagesmith.ui import Surface
    from imagesmith.waiting import CancelToken

_FLAGS = (
    Flag("all", "boolean", "Every run that has left something and does not run any more.", False),
    Flag("dry-run", "boolean", "Only show what would be deleted.", False),
    *template_flags.VARIABLES,
    STATE_DIR,
)


def _run(invocation: Invocation) -> int:
    from imagesmith import ui
    from imagesmith.cli import signals
    from imagesmith.housekeeping import list_runs
    from imagesmith.waiting import CancelToken

    parsed = invocation.parsed
    runs = list_runs(_state_dir(parsed))
    chosen = _chosen(parsed, runs)
    style: ui.Format = "machine-readable" if invocation.machine_readable else "text"
    surface = ui.open_surface(ui.Wishes(format=style))
    printer = Printer(invocation.program, record=surface.notice if invocation.machine_readable else None)
    cancel = CancelToken()
    try:
        with signals.watched(Stopper(cancel, surface)):
            codes = [_clean(run, parsed, surface, printer, cancel) for run in chosen]
    finally:
        surface.close()
    if not chosen:
        surface.notice("There is nothing to clean up.")
    worst = max(codes, default=0)
    return min(worst, 1) if parsed["packer-exit-codes"] else worst


def _state_dir(parsed: Parsed) -> Path | None:
    return Path(parsed["state-dir"]) if parsed["state-dir"] else None


def _chosen(parsed: Parsed, runs: Sequence[RunSummary]) -> list[str]:
    """The runs to clean: all dead ones, or the named ones, for which the beginning of the name is enough."""
    dirty = [run.run for run in runs if run.state in ("dead", "leftovers")]
    if parsed["all"]:
        if parsed.arguments:
            raise UsageError("name runs or say --all, not both")
        return dirty
    if not parsed.arguments:
        hint = f"name one of {', '.join(dirty)}, or say --all" if dirty else "no run has left anything behind"
        raise UsageError("which run is to be cleaned up?", hint=hint)
    return [_resolve(word, runs) for word in parsed.arguments]


def _resolve(word: str, runs: Sequence[RunSummary]) -> str:
    if any(run.run == word for run in runs):
        return word
    found = [run.run for run in runs if run.run.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f'"{word}" is the beginning of several runs', hint=f"they are {', '.join(found)}")
    raise UsageError(f'there is no run "{word}"', hint='"imagesmith runs -all" lists them')


def _clean(run: str, parsed: Parsed, surface: Surface, printer: Printer, cancel: CancelToken) -> int:
    from imagesmith import housekeeping

    try:
        outcome = housekeeping.clean(
            run,
            state_dir=_state_dir(parsed),
            dry_run=parsed["dry-run"],
            variables=parsed["var"],
            variable_files=parsed["var-file"],
            on_event=surface,
            cancel=cancel,
        )
    except ImagesmithError as error:
        printer.error(error)
        return error.exit_code
    _tell(run, outcome, surface, dry_run=parsed["dry-run"])
    return outcome.exit_code


def _tell(run: str, outcome: CleanOutcome, surface: Surface, *, dry_run: bool) -> None:
    if dry_run:
        surface.notice(f"Run {run}: would delete {plural(len(outcome.deleted), 'resource')}")
        for thing in outcome.deleted:
            where = thing.id or f"{thing.name} (if it exists)"
            surface.notice(f"  {kind_in_words(thing.kind)} {where}")
        return
    surface.notice(f"Run {run}: {plural(len(outcome.deleted), 'resource')} deleted")
    for kind, identity, reason in outcome.left:
        surface.notice(f"  left: {kind_in_words(kind)} {identity}: {reason}", "error")
    if not outcome.left:
        surface.notice("Nothing left behind.")


COMMAND = Command(
    "cleanup",
    "cleanup [FLAGS] RUN… | --all",
    "Delete what a run has left in the cloud because it was killed, told to keep everything, or could not delete it. "
    "Credentials come from the run's template (give its variables again) or from the environment. A run that is still "
    "under way is never touched. Exit code 4: something is still there.",
    _FLAGS,
    _run,
    ("cleanup --all --dry-run", "cleanup 20260131-120000-ab12cd -var-file=keys.json"),
)
