"""Checking a plan before it is run: all options are decoded, and what only this release can't do is told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from imagesmith import plugin
from imagesmith.errors import Diagnostic, ImagesmithError, TemplateError
from imagesmith.plan import Configuration, Plan, PlannedBuild

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
    for kind, name, configuration in parts(planned):
        try:
            _decode(kind, name, configuration, plan)
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


def _decode(kind: plugin.Kind, name: str, configuration: Configuration, plan: Plan) -> None:
    try:
        options = plugin.load(kind, name) if plan.language == "python" else plugin.named(kind, name)
    except plugin.NotYet:
        raise
    except ImagesmithError:
        if (error := plugin.foreign(kind, name, plan.foreign_plugins)) is not None:
            raise error from None
        raise
    configuration.decode(options)


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
