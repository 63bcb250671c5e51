"""``imagesmith build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.cli import simulate_flags, template_flags
from imagesmith.cli.command import STATE_DIR, Command, Invocation
from imagesmith.cli.flags import Flag, Parsed
from imagesmith.cli.report import Printer
from imagesmith.cli.stopping import Stopper

if TYPE_CHECKING:
    from imagesmith.cli.simulate_flags import Place
    from imagesmith.events import Event
    from imagesmith.plan import Plan
    from imagesmith.runner import RunOutcome
    from imagesmith.settings import RunSettings
    from imagesmith.simulation import Simulation
    from imagesmith.ui import Surface
    from imagesmith.waiting import CancelToken

_ON_ERROR = ("cleanup", "abort", "ask", "run-cleanup-provisioner")

_FLAGS = (
    *template_flags.SELECTION,
    Flag("warn-on-undeclared-var", "boolean", "Warn of values for variables that are not declared.", False),
    Flag("force", "boolean", "Replace images and files of the same name.", False),
    Flag("on-error", "choice", "What to do when a step fails.", "cleanup", choices=_ON_ERROR),
    Flag("parallel-builds", "whole", "How many builds run at once; 0 for all.", 0, "N"),
    Flag("timeout", "duration", "Give up, and tear down, after this time (1h30m).", 0.0, "TIME"),
    Flag("debug", "boolean", "One build at a time, with a pause after each step.", False),
    Flag("color", "boolean", "No colours. (-color=true: colours also off a terminal.)", True),
    Flag("timestamp-ui", "boolean", "Begin each line with the time.", False),
    Flag("log-format", "choice", "text: plain lines; json: an event a line.", "auto", choices=("auto", "text", "json")),
    Flag(
        "simulate",
        "boolean",
        "Build in a simulated cloud on this machine: no account, no cost. (IMAGESMITH_SIMULATE=1)",
        False,
    ),
    *simulate_flags.CLOUD,
    STATE_DIR,
    template_flags.SEQUENTIAL,
    *template_flags.PACKER_ONLY,
    Flag(
        "skip-enforcement",
        "boolean",
        "Accepted for Packer's scripts.",
        False,
        without_effect="HCP Packer is not used",
    ),
)


def _run(invocation: Invocation) -> int:
    place = simulate_flags.place(invocation.parsed)
    surface = _surface(invocation)
    try:
        return _build(invocation, surface, place)
    finally:
        surface.close()


def _build(invocation: Invocation, surface: Surface, place: Place) -> int:
    from imagesmith.errors import ImagesmithError
    from imagesmith.simulation import Simulation

    parsed = invocation.parsed
    structured = invocation.machine_readable or parsed["log-format"] == "json"
    printer = Printer(invocation.program, record=surface.notice if structured else None, colour=_colour(parsed))
    try:
        with Simulation(simulate_flags.start_options(parsed), {}, place.served) as simulation:
            plan = _plan(parsed, simulation if place.simulated else None)
            printer.notices([*parsed.notices, *place.notices])
            printer.diagnostics(plan.warnings)
            outcome = _perform(parsed, plan, surface, simulation if place.simulated else None)
    except ImagesmithError as error:
        printer.error(error)
        return 1 if parsed["packer-exit-codes"] else error.exit_code
    if place.simulated:
        _tell_inventory(outcome, surface)
    return packer_exit_code(outcome) if parsed["packer-exit-codes"] else outcome.exit_code


def _plan(parsed: Parsed, simulation: Simulation | None) -> Plan:
    from imagesmith import redact, template

    plan = template.load(
        template_flags.request(
            parsed,
            force=parsed["force"],
            debug=parsed["debug"],
            on_error=parsed["on-error"],
            warn_undeclared=parsed["warn-on-undeclared-var"],
            attach_data=simulation.attach_data if simulation else None,
        )
    )
    redact.register(*plan.secrets)
    return plan


def _surface(invocation: Invocation) -> Surface:
    from imagesmith import ui
    from imagesmith.cli import logs

    parsed = invocation.parsed
    wishes = ui.Wishes(
        format="machine-readable" if invocation.machine_readable else parsed["log-format"],
        colour=_colour(parsed),
        timestamps=parsed["timestamp-ui"],
        debug=parsed["debug"],
        live=not logs.to_terminal(),
    )
    return ui.open_surface(wishes)


def _colour(parsed: Parsed) -> bool | None:
    """What was said about colours, if anything."""
    return parsed["color"] if "color" in parsed.given else None


def _perform(parsed: Parsed, plan: Plan, surface: Surface, simulation: Simulation | None) -> RunOutcome:
    from imagesmith.cli import logs, signals
    from imagesmith.runner import run_plan
    from imagesmith.waiting import CancelToken

    cancel = CancelToken()
    stop = Stopper(cancel, surface)

    def show(event: Event) -> None:
        logs.record(event)
        surface(event)

    with signals.watched(stop):
        return run_plan(plan, _settings(parsed, surface, cancel, simulation), show)


def _settings(parsed: Parsed, surface: Surface, cancel: CancelToken, simulation: Simulation | None) -> RunSettings:
    from imagesmith.cli.asking import Asker
    from imagesmith.settings import RunSettings

    return RunSettings(
        on_error=parsed["on-error"],
        debug=parsed["debug"],
        force=parsed["force"],
        timeout_s=parsed["timeout"],
        parallel_builds=max(0, parsed["parallel-builds"]),
        state_dir=Path(parsed["state-dir"]) if parsed["state-dir"] else None,
        simulate=simulation is not None,
        simulate_options=simulate_flags.start_options(parsed),
        simulate_at=simulation.served if simulation else "",
        clouds=simulation.clouds if simulation else {},
        ask=Asker(surface, cancel),
        cancel=cancel,
    )


def _tell_inventory(outcome: RunOutcome, surface: Surface) -> None:
    """What the simulated cloud holds at the end."""
    held = outcome.inventory
    if held:
        surface.notice("\n".join(["\nThe simulated cloud holds at the end:", *(f"  {line}" for line in held)]))
    else:
        surface.notice("\nThe simulated cloud is empty at the end.")


def packer_exit_code(outcome: RunOutcome) -> int:
    """0 when every build went well, else 1: Packer knows no code for leftovers."""
    return 1 if outcome.errors else 0


COMMAND = Command(
    "build",
    "build [FLAGS] TEMPLATE",
    "Build the images of a template (legacy JSON, .pkr.hcl, .pkr.json, or a folder of them). Whatever the run makes "
    "for its own use is deleted at the end, also after an error or Ctrl-C. Exit codes: 0 built, 1 a build failed, "
    "2 the template or a flag is wrong, 3 the image is kept but something after it failed, 4 something could not be "
    "deleted, 130 cancelled.",
    _FLAGS,
    _run,
    (
        "build web.pkr.hcl",
        "build -var region=cn-beijing -only='*.web' images/",
        "build --simulate quickstart.pkr.hcl",
        "build --log-format json web.json | jq .",
    ),
)
