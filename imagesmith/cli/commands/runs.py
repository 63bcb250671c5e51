"""``imagesmith runs``: what was run, and what it has left."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith import redact
from imagesmith.cli.command import STATE_DIR, Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.errors import UsageError
from imagesmith.ui.words import listing

if TYPE_CHECKING:
    from imagesmith.housekeeping import RunSummary

_FLAGS = (
    Flag("all", "boolean", "Also the runs that have ended and left nothing.", False),
    Flag("log-format", "choice", "json: a run a line.", "text", choices=("text", "json")),
    STATE_DIR,
)


def _run(invocation: Invocation) -> int:
    from imagesmith.housekeeping import list_runs

    parsed = invocation.parsed
    if parsed.arguments:
        raise UsageError(f'"runs" takes no arguments, but got {" ".join(parsed.arguments)}')
    runs = list_runs(Path(parsed["state-dir"]) if parsed["state-dir"] else None)
    shown = runs if parsed["all"] else [run for run in runs if run.state != "clean"]
    if parsed["log-format"] == "json":
        lines = [json.dumps(_as_dict(run), ensure_ascii=False) for run in shown]
    elif shown:
        lines = _table(shown)
    else:
        hidden = f"; {len(runs)} are on record, -all shows them" if runs else ""
        lines = [f"No run is under way, and none has left anything behind{hidden}."]
    for line in lines:
        print(redact.mask(line))  # noqa: T201
    return 0


def _as_dict(run: RunSummary) -> dict[str, object]:
    return {
        "run": run.run,
        "state": run.state,
        "started": run.started,
        "template": run.template,
        "builds": list(run.builds),
        "open": [{"kind": thing.kind, "id": thing.id, "name": thing.name} for thing in run.open],
        "kept": [{"kind": thing.kind, "id": thing.id, "name": thing.name} for thing in run.kept],
        "outcome": run.outcome,
    }


def _table(runs: list[RunSummary]) -> list[str]:
    rows = [("RUN", "STATE", "STARTED", "TEMPLATE", "STILL THERE")]
    rows += [(run.run, run.state, _when(run.started), _short(run.template), _still_there(run)) for run in runs]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join([*(f"{row[i]:<{widths[i]}}" for i in range(4)), row[4]]).rstrip() for row in rows]
    if any(run.state in ("dead", "leftovers") for run in runs):
        lines += ["", "'imagesmith cleanup RUN' deletes what a run has left; -dry-run shows it first."]
    return lines


def _still_there(run: RunSummary) -> str:
    return listing(thing.kind if thing.id else f"perhaps {thing.kind}" for thing in run.open) or "-"


def _when(started: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(started)) if started else "-"


def _short(template: str) -> str:
    try:
        return str(Path(template).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return template or "-"


COMMAND = Command(
    "runs",
    "runs [FLAGS]",
    "List the runs that are under way, and those that died or were told to keep what they made, with what of it is "
    "still there.",
    _FLAGS,
    _run,
    ("runs", "runs -all --log-format json"),
)
