"""The user variables of a JSON template: where their values come from, and how they are rendered."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from imagesmith.errors import Diagnostic, Location, TemplateError, UsageError
from imagesmith.template.files import read_text
from imagesmith.template.functions import Scope, functions
from imagesmith.template.gotemplate import GoTemplateError, render
from imagesmith.template.gotemplate.errors import Failure
from imagesmith.template.json.reader import read
from imagesmith.template.json.shape import Shape


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from: ``text`` is not rendered yet, ``origin`` is for errors."""

    text: str = field(repr=False)
    origin: str
    location: Location | None = None


class _NotYet(Exception):
    """Rendering has met a variable that has to be rendered first."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def gather(
    found: Shape, given: Sequence[tuple[str, object]], files: Sequence[str], *, tolerant: bool, warn: bool
) -> tuple[dict[str, Value], list[Diagnostic]]:
    """The values that count: defaults, then each file, then each ``given`` one; names unknown to the template too.

    Returns warnings with them. Raises `TemplateError` for required variables without a value unless ``tolerant``.
    """
    declared = {variable.name: variable for variable in found.variables}
    values = {v.name: Value(v.default, "its default", v.location) for v in found.variables if v.default is not None}
    warnings: list[Diagnostic] = []
    for path in files:
        for name, value in _file(path).items():
            values[name] = value
            if warn and name not in declared:
                warnings.append(_undeclared(name, declared, value.location))
    for name, raw in given:
        values[name] = Value(_text(name, raw), "-var")
        if warn and name not in declared:
            warnings.append(_undeclared(name, declared, None))
    missing = [
        Diagnostic(
            f'the variable "{name}" has no value',
            hint=f"Give it one with -var '{name}=...' or -var-file",
            location=variable.location,
        )
        for name, variable in declared.items()
        if name not in values
    ]
    if missing and not tolerant:
        raise TemplateError(missing)
    return values, warnings


def resolve(
    values: Mapping[str, Value],
    *,
    unset: Sequence[str],
    started: datetime,
    template_path: str,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Render all values; they may use each other in any order. ``unset`` ones read as "".

    Raises `TemplateError` with every fault: bad text, unknown names, circles.
    """
    done: dict[str, str] = dict.fromkeys(unset, "")
    problems: list[Diagnostic] = []

    def user(name: str) -> str:
        if name in done:
            return done[name]
        if name not in values:
            close = difflib.get_close_matches(name, [*values, *unset], n=1)
            raise Failure(f'there is no variable "{name}"', hint=f'Did you mean "{close[0]}"?' if close else "")
        raise _NotYet(name)

    scope = Scope(language="json", started=started, template_path=template_path, resolve=user, environ=environ)
    table = functions(scope)
    for name in values:
        waiting = [] if name in done else [name]
        while waiting:
            current = values[waiting[-1]]
            try:
                done[waiting[-1]] = render(current.text, {}, table, keep_fields=True)
            except _NotYet as other:
                if other.name not in waiting:
                    waiting.append(other.name)
                    continue
                problems.append(_circle([*waiting[waiting.index(other.name) :], other.name], current))
                done[waiting[-1]] = ""
            except GoTemplateError as error:
                problems.append(_bad(waiting[-1], current, error))
                done[waiting[-1]] = ""
            waiting.pop()
    if problems:
        raise TemplateError(problems)
    return done


def _circle(names: Sequence[str], value: Value) -> Diagnostic:
    return Diagnostic(f"variables use each other in a circle: {' -> '.join(names)}", location=value.location)


def _bad(name: str, value: Value, error: GoTemplateError) -> Diagnostic:
    place = f"at line {error.line}, column {error.column} of its value from {value.origin}"
    return Diagnostic(f'the variable "{name}": {error.message}', place, error.hint, value.location)


def _file(path: str) -> dict[str, Value]:
    """The variables of a -var-file: a JSON object of strings."""
    if path.endswith(".hcl"):
        raise UsageError(
            f"the variable file {path} is HCL, but the template is JSON", hint="write it as a JSON object of strings"
        )
    document = read(read_text(path, "variable file"), path)
    if not isinstance(document.value, dict):
        raise TemplateError([Diagnostic("a variable file must be an object", location=document.location)])
    values: dict[str, Value] = {}
    problems: list[Diagnostic] = []
    for name, member in document.value.items():
        if isinstance(member.node.value, str):
            values[name] = Value(member.node.value, path, member.location)
        else:
            text = f'the variable "{name}" must be a string'
            problems.append(Diagnostic(text, hint="Put it in double quotes", location=member.node.location))
    if problems:
        raise TemplateError(problems)
    return values


def _text(name: str, raw: object) -> str:
    """A ``-var`` value as text; library users may give numbers and booleans."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str | int | float):
        return str(raw)
    raise UsageError(
        f'the variable "{name}" must be text',
        hint="variables of JSON templates hold strings; use HCL2 for lists and maps",
    )


def _undeclared(name: str, declared: Mapping[str, object], location: Location | None) -> Diagnostic:
    close = difflib.get_close_matches(name, declared, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else ""
    return Diagnostic(f'the template has no variable "{name}"', hint=hint, location=location, severity="warning")
