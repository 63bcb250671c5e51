"""Checking a plan before it is run: all options are decoded, and what only this release can't do is told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from imagesmith import plugin
from imagesmith.communicator import TO_A_MACHINE, CommunicatorOptions
from imagesmith.errors import Diagnostic, ImagesmithError, Location, TemplateError
from imagesmith.options import Options
from imagesmith.plan import Configuration, Plan, PlannedBuild

_INSTEAD = {
    ("shell", "winrm"): "for Windows use powershell or windows-shell",
    ("powershell", "cloud-assistant"): "for Linux use shell",
    ("windows-shell", "cloud-assistant"): "for Linux use shell",
}
_REFUSED = "This release can't build it, so build refuses the template"


def check_plan(plan: Plan, *, for_build: bool = False) -> tuple[Diagnostic, ...]:
    """Decode every plugin's options without touching a cloud; returns warnings.

    What only this release can't do (`Diagnostic.not_yet`, `plugin.NotYet`) is an error where the plan is to be built,
    and else a warning. Raises `TemplateError` with the problems of all builds at once.
    """
    found = [problem for planned in plan.builds for problem in _problems(planned, plan)]
    distinct = tuple(dict.fromkeys(found if for_build else map(_as_warning, found)))
    if any(problem.severity == "error" for problem in distinct):
        raise TemplateError(distinct)
    return distinct


def _problems(planned: PlannedBuild, plan: Plan) -> Iterator[Diagnostic]:
    communicator = ""
    for kind, name, configuration in parts(planned):
        try:
            decoded = _decode(kind, name, configuration, plan)
        except TemplateError as error:
            yield from error.diagnostics
        except ImagesmithError as error:
            location = error.location or configuration.location
            not_yet = isinstance(error, plugin.NotYet)
            yield Diagnostic(error.message, hint=error.hint, location=location, not_yet=not_yet)
            if not_yet:
                yield from _of_later(kind, name, configuration)
        else:
            yield from getattr(configuration, "warnings", ())
            if isinstance(decoded, CommunicatorOptions):
                communicator = decoded.communicator
            elif kind == "provisioners":
                yield from _unsuitable(name, decoded, communicator, configuration.location)


def _unsuitable(name: str, provisioner: Options, communicator: str, location: Location | None) -> Iterator[Diagnostic]:
    """A provisioner that can't use the way into the machine. Nothing is said where that way is not known."""
    usable: frozenset[str] = getattr(provisioner, "communicators", frozenset())
    if not usable or communicator in usable or communicator not in TO_A_MACHINE | {"none"}:
        return
    wanted = " or ".join(f'"{way}"' for way in sorted(usable))
    if communicator == "none":
        text = f'the provisioner "{name}" needs a way into the machine, and there is none (communicator = "none")'
        hint = f"Set communicator to {wanted}, or run it here with shell-local"
    else:
        text = f'the provisioner "{name}" can\'t be used with communicator = "{communicator}"'
        hint = f"It works with {wanted}" + (
            f"; {meanwhile}" if (meanwhile := _INSTEAD.get((name, communicator))) else ""
        )
    yield Diagnostic(text, hint=hint, location=location)


def _decode(kind: plugin.Kind, name: str, configuration: Configuration, plan: Plan) -> Options:
    try:
        options = plugin.load(kind, name) if plan.language == "python" else plugin.named(kind, name)
    except plugin.NotYet:
        raise
    except ImagesmithError:
        if (error := plugin.foreign(kind, name, plan.foreign_plugins)) is not None:
            raise error from None
        raise
    decoded: Options = configuration.decode(options)
    return decoded


def _of_later(kind: plugin.Kind, name: str, configuration: Configuration) -> Iterator[Diagnostic]:
    """What is wrong in a block of a plugin that a later release will have, as far as its options are known."""
    if (later := plugin.later_options(kind, name)) is None:
        yield from _in_expressions(configuration)
        return
    try:
        configuration.decode(later)
    except TemplateError as error:
        yield from error.diagnostics


def _in_expressions(configuration: Configuration) -> Iterator[Diagnostic]:
    """What is wrong in the expressions of a block whose options nobody here knows."""
    if (given := getattr(configuration, "given", None)) is not None:
        try:
            given()
        except TemplateError as error:
            yield from error.diagnostics


def _as_warning(problem: Diagnostic) -> Diagnostic:
    if not problem.not_yet or problem.severity == "warning":
        return problem
    return dataclasses.replace(problem, severity="warning", detail=problem.detail or _REFUSED)


def parts(planned: PlannedBuild) -> Iterator[tuple[plugin.Kind, str, Configuration]]:
    """Every plugin of a build: its kind, its name and what it was given."""
    yield "builders", planned.type, planned.source
    for provisioner in planned.provisioners:
        yield "provisioners", provisioner.type, provisioner.configuration
    if planned.error_cleanup:
        yield "provisioners", planned.error_cleanup.type, planned.error_cleanup.configuration
    for chain in planned.post_processors:
        for post_processor in chain:
            yield "post_processors", post_processor.type, post_processor.configuration
