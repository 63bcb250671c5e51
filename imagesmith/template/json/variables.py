"""The user variables of a JSON template: where their values come from, and how they are rendered."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from imagesmith.errors import Diagnostic, Location, MissingDependency, TemplateError, UsageError
from imagesmith.plan import TemplateRequest
from imagesmith.template.files import read_text
from imagesmith.template.functions import Scope, functions
from imagesmith.template.gotemplate.errors import Failure, GoTemplateError
from imagesmith.template.gotemplate.render import Function, render
from imagesmith.template.json.reader import read
from imagesmith.template.json.shape import Shape
from imagesmith.template.remote_values import RemoteValueError, RemoteValues


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from: ``text`` is not rendered yet, ``origin`` is for errors."""

    text: str = field(repr=False)
    origin: str
    location: Location | None = None


_MOST_TEXT = 64 << 20


class _NotYet(Exception):
    """Rendering has met a variable that has to be rendered first."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def gather(found: Shape, request: TemplateRequest) -> tuple[dict[str, Value], list[Diagnostic]]:
    """The values that count: defaults, then each file, then each ``-var``; names unknown to the template too.

    Returns warnings with them. Raises `TemplateError` for required variables without a value, unless the request is
    tolerant.
    """
    declared = {variable.name: variable for variable in found.variables}
    known = {*declared, *found.asked_for}
    values = {v.name: Value(v.default, "its default", v.location) for v in found.variables if v.default is not None}
    warnings: list[Diagnostic] = []
    for path in request.variable_files:
        for name, value in _file(path).items():
            values[name] = value
            if request.warn_undeclared and name not in known:
                warnings.append(_undeclared(name, declared, value.location))
    for name, raw in request.variables:
        values[name] = Value(_text(name, raw), "-var")
        if request.warn_undeclared and name not in known:
            warnings.append(_undeclared(name, declared, None))
    missing = [_missing(name, variable.location) for name, variable in declared.items() if name not in values]
    if missing and not request.tolerant:
        raise TemplateError(missing)
    return values, warnings


def resolve(
    values: Mapping[str, Value],
    *,
    unset: Sequence[str],
    sensitive: Collection[str],
    started: datetime,
    template_path: str,
    environ: Mapping[str, str],
    remote: RemoteValues,
) -> dict[str, str]:
    """Render all values; they may use each other in any order. ``unset`` ones read as "".

    Nothing of the text of a ``sensitive`` variable goes into an error.
    Raises `TemplateError` with every fault: bad text, unknown names, circles.
    """
    resolving = _Resolving(values, unset, sensitive, offline=remote.offline)
    scope = Scope(
        language="json",
        started=started,
        template_path=template_path,
        resolve=resolving.user,
        environ=environ,
        remote=remote,
    )
    resolving.all(functions(scope))
    if resolving.problems:
        raise TemplateError(resolving.problems)
    return resolving.done


class _Resolving:
    """Renders variables one by one; a variable that needs another one waits for it on a list, not on the stack."""

    def __init__(
        self, values: Mapping[str, Value], unset: Sequence[str], sensitive: Collection[str], *, offline: bool
    ) -> None:
        self.values, self.sensitive, self.offline = values, sensitive, offline
        self.done: dict[str, str] = dict.fromkeys(unset, "")
        self.problems: list[Diagnostic] = []

    def user(self, name: str) -> str:
        if name in self.done:
            return self.done[name]
        if name in self.values:
            raise _NotYet(name)
        close = difflib.get_close_matches(name, [*self.values, *self.done], n=1)
        raise Failure(f'there is no variable "{name}"', hint=f'Did you mean "{close[0]}"?' if close else "")

    def all(self, table: Mapping[str, Function]) -> None:
        size = 0
        for name in self.values:
            waiting = [] if name in self.done else [name]
            while waiting:
                self._last(waiting, table)
            size += len(self.done[name])
            if size > _MOST_TEXT:
                place = self.values[name].location
                raise TemplateError([Diagnostic("the variables are too large", location=place)])

    def _last(self, waiting: list[str], table: Mapping[str, Function]) -> None:
        """Render the variable that waits last, or put the one that it needs behind it."""
        name = waiting[-1]
        value = self.values[name]
        try:
            self.done[name] = render(value.text, {}, table, keep_fields=True)
        except _NotYet as other:
            if other.name not in waiting:
                waiting.append(other.name)
                return
            names = [*waiting[waiting.index(other.name) :], other.name]
            text = f"variables use each other in a circle: {' -> '.join(names)}"
            self.problems.append(Diagnostic(text, location=self.values[names[0]].location))
        except RemoteValueError as error:
            if not self.offline:
                text = f'the variable "{name}": {error.message}'
                self.problems.append(Diagnostic(text, hint=error.hint, location=value.location))
        except MissingDependency as missing:
            missing.location = missing.location or value.location
            raise
        except GoTemplateError as error:
            self.problems.append(_bad(name, value, error, secret=name in self.sensitive))
        self.done.setdefault(name, "")
        waiting.pop()


def _bad(name: str, value: Value, error: GoTemplateError, *, secret: bool) -> Diagnostic:
    place = f"at line {error.line}, column {error.column} of its value from {value.origin}"
    message, hint = ("the value is not a valid template", "") if secret else (error.message, error.hint)
    summary = f'the variable "{name}": {message}'
    if value.location is not None:
        from imagesmith.template import places

        exact = places.inside(value.location, error.text, error.line, error.column)
        if exact is not None:
            return Diagnostic(summary, "", hint, exact)
    return Diagnostic(summary, place, hint, value.location)


def _file(path: str) -> dict[str, Value]:
    """The variables of a -var-file: a JSON object of strings; null is an empty one, and the last of a name counts."""
    if path.endswith(".hcl"):
        raise UsageError(
            f"the variable file {path} is HCL, but the template is JSON", hint="write it as a JSON object of strings"
        )
    document = read(read_text(path, "variable file"), path, last_wins=True)
    if not isinstance(document.value, dict):
        raise TemplateError([Diagnostic("a variable file must be an object", location=document.location)])
    values: dict[str, Value] = {}
    problems: list[Diagnostic] = []
    for name, member in document.value.items():
        if isinstance(member.node.value, str) or member.node.value is None:
            values[name] = Value(member.node.value or "", path, member.location)
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


def _missing(name: str, location: Location) -> Diagnostic:
    hint = f"Give it one with -var '{name}=...' or -var-file"
    return Diagnostic(f'the variable "{name}" has no value', hint=hint, location=location)


def _undeclared(name: str, declared: Mapping[str, object], location: Location | None) -> Diagnostic:
    close = difflib.get_close_matches(name, declared, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else ""
    return Diagnostic(f'the template has no variable "{name}"', hint=hint, location=location, severity="warning")
