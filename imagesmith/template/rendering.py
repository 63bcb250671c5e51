"""What every template language shares: Go-template text inside option values, and turning them into option objects.

Values are rendered once when options are decoded (`Interpolation.at_load`); text that a plugin keeps for later is
rendered at run time until it stops changing (`Interpolation.at_run`), which is what Packer does.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.options import Given, Option, Options, decode, table
from imagesmith.template.gotemplate.errors import GoTemplateError

if TYPE_CHECKING:
    from imagesmith.template.functions import Scope
    from imagesmith.template.gotemplate.evaluator import Function

AnyOptions = TypeVar("AnyOptions", bound=Options)

Evaluate = Callable[[Mapping[str, object] | None], list[Given]]
"""Gives a block's options; the argument holds the ``build`` variables, None while they are unknown."""

AsDeclared = Callable[[Given, Any], object]
"""Converts an entry's value to an option's type, as the template's language does it before anything else."""

_PASSES = 30
_WINRM_FIELD = "WinRMPassword"


class Interpolation:
    """Renders the Go-template text of one build's options with the functions of its template's language.

    ``build_name`` and ``build_type`` are what ``{{ build_name }}`` and ``{{ build_type }}`` give, ``user`` holds the
    user variables of a JSON template, ``started`` is the time at which the run's clock stands still (default: now).
    ``build_variables`` says whether ``{{ build `ID` }}`` is legal: in provisioners and post-processors of JSON only.
    """

    def __init__(
        self,
        *,
        language: str,
        build_name: str,
        build_type: str,
        template_path: str,
        user: Mapping[str, str] | None = None,
        started: datetime | None = None,
        build_variables: bool = True,
    ) -> None:
        self.started = started or datetime.now(UTC)
        self._build_variables = build_variables and language == "json"
        self._facts: dict[str, Any] = {
            "language": language,
            "started": self.started,
            "build_name": build_name,
            "build_type": build_type,
            "template_path": template_path,
            "user": dict(user or {}),
        }

    # Most templates in HCL2 have no Go-template text, so what reads it is imported when there is some.
    @cached_property
    def _scope(self) -> Scope:
        from imagesmith.template.functions import Scope

        return Scope(**self._facts)

    def _functions(self, runtime: Mapping[str, object] | None) -> Mapping[str, Function]:
        from imagesmith.template.functions import functions

        return functions(self._scope, runtime=runtime, build_variables=self._build_variables)

    def _rendered(self, text: str, data: object, runtime: Mapping[str, object] | None) -> str:
        if "{{" not in text:
            return text
        from imagesmith.template.gotemplate.render import render

        return render(text, data, self._functions(runtime))

    def at_load(
        self,
        value: object,
        *,
        runtime: Mapping[str, object] | None,
        location: Location | None = None,
        what: str = "",
    ) -> Any:
        """Render every string of plain data once, the keys of maps too.

        ``{{ .X }}`` gives ``<no value>``. ``{{ build `X` }}`` stays as it is while ``runtime`` is None. ``location``
        and ``what`` (the option in a reader's words) go into the `TemplateError` that bad text raises.
        """
        password = _winrm_password(runtime)
        problems: list[Diagnostic] = []

        def rendered(text: str) -> str:
            try:
                return self._rendered(text, password if _WINRM_FIELD in text else None, runtime)
            except GoTemplateError as error:
                problems.append(_diagnostic(error, what, location))
                return text

        def walk(item: object) -> object:
            if isinstance(item, str):
                return rendered(item)
            if isinstance(item, Mapping):
                return {walk(str(key)): walk(entry) for key, entry in item.items()}
            if isinstance(item, list | tuple):
                return [walk(entry) for entry in item]
            return item

        found = walk(value)
        if problems:
            raise TemplateError(problems)
        return found

    def check(self, value: object, *, location: Location | None = None, what: str = "") -> None:
        """Raise `TemplateError` if text that is to be rendered at run time can't be: bad syntax, unknown functions."""
        problems: list[Diagnostic] = []
        for text in _texts(value):
            if "{{" not in text:
                continue
            from imagesmith.template.gotemplate.render import check

            try:
                check(text, self._functions(None))
            except GoTemplateError as error:
                problems.append(_diagnostic(error, what, location))
        if problems:
            raise TemplateError(problems)

    def at_run(self, text: str, data: Mapping[str, object], runtime: Mapping[str, object]) -> str:
        """Render until the text stops changing: a `imagesmith.plan.Renderer`.

        ``data`` are the ``{{ .Name }}`` values, ``runtime`` the ``{{ build `Name` }}`` ones. Raises `TemplateError`.
        """
        try:
            for _ in range(_PASSES):
                rendered = self._rendered(text, data, runtime)
                if rendered == text:
                    return text
                text = rendered
        except GoTemplateError as error:
            raise TemplateError([_diagnostic(error, "text rendered at run time", None)]) from None
        hint = "A template function's result must not contain the same template text again"
        raise TemplateError([Diagnostic(f"the text still changes after {_PASSES} renderings", hint=hint)])


class TemplateConfiguration:
    """A `imagesmith.plan.Configuration` that a template gives: evaluated, rendered and decoded when it is asked for.

    ``warnings`` are those of the latest `decode`. ``owner`` names the block in errors (``builder "alicloud-ecs"``).
    """

    def __init__(
        self,
        location: Location | None,
        evaluate: Evaluate,
        interpolation: Interpolation,
        owner: str,
        environ: Mapping[str, str] | None = None,
        as_declared: AsDeclared | None = None,
    ) -> None:
        self._location = location
        self._as_declared = as_declared
        self._evaluate = evaluate
        self._interpolation = interpolation
        self._environ = environ
        self.owner = owner
        self.warnings: tuple[Diagnostic, ...] = ()

    @property
    def location(self) -> Location | None:
        return self._location

    def given(self, runtime: Mapping[str, object] | None = None) -> list[Given]:
        """The options as the template writes them, evaluated but not rendered."""
        return self._evaluate(runtime)

    def decode(self, options: type[AnyOptions], runtime: Mapping[str, object] | None = None) -> AnyOptions:
        """The options as an object; raises `TemplateError` with every problem found."""
        rendering = _Rendering(self._interpolation, runtime, self._location, self._as_declared)
        given = rendering.entries(self._evaluate(runtime), options, self.owner)
        if rendering.problems:
            raise TemplateError(rendering.problems)
        environ = os.environ if self._environ is None else self._environ
        instance, self.warnings = decode(options, given, owner=self.owner, environ=environ, location=self._location)
        return instance


class Block(dict[str, object]):
    """A nested object of a template: plain data, and the place of each of its keys.

    Where the option wants a block, `TemplateConfiguration` hands on the entries with their places; where it wants a
    map, the plain data.
    """

    def __init__(self, entries: Sequence[Given]) -> None:
        super().__init__((entry.name, entry.value) for entry in entries)
        self.entries = tuple(entries)


class _Rendering:
    """Renders the values of one configuration and collects what is wrong with them."""

    def __init__(
        self,
        interpolation: Interpolation,
        runtime: Mapping[str, object] | None,
        location: Location | None,
        as_declared: AsDeclared | None,
    ) -> None:
        self.interpolation, self.runtime, self.location = interpolation, runtime, location
        self.as_declared = as_declared
        self.problems: list[Diagnostic] = []

    def entries(self, given: Sequence[Given], options: type[Options], owner: str) -> list[Given]:
        names = {alias.lower(): r for r in table(options).values() for alias in (r.name, *r.aliases)}
        return [self._entry(entry, names.get(entry.name.lower()), owner) for entry in given]

    def _entry(self, entry: Given, record: Option | None, owner: str) -> Given:
        if record is None:
            return entry
        what = f'{owner}: the option "{record.name}"'
        if self.as_declared is not None and not entry.unknown:
            entry = replace(entry, value=self.as_declared(entry, record.annotation))
        nested = _nested_options(record.annotation)
        value = entry.value if nested is None else _as_blocks(entry.value)
        if nested is not None and _is_body(value):
            return replace(entry, value=self.entries(value, nested, f"{owner}: {record.name}"))
        if nested is not None and isinstance(value, list):
            bodies = [self.entries(v, nested, f"{owner}: {record.name}") if _is_body(v) else v for v in value]
            return replace(entry, value=bodies)
        return replace(entry, value=self._value(value, record, what, entry.location))

    def _value(self, value: object, record: Option, what: str, location: Location | None) -> object:
        where = location or self.location
        try:
            if record.rendered == "load":
                return self.interpolation.at_load(value, runtime=self.runtime, location=where, what=what)
            self.interpolation.check(value, location=where, what=what)
        except TemplateError as error:
            self.problems += [_without_text(d, what) for d in error.diagnostics] if record.secret else error.diagnostics
        return value


def _as_blocks(value: object) -> Any:
    """Nested objects as lists of `Given`, so that every key keeps its place."""
    if isinstance(value, Block) and value.entries:
        return list(value.entries)
    if isinstance(value, Mapping) and value:
        return [Given(str(key), entry) for key, entry in value.items()]
    if isinstance(value, list | tuple) and not _is_body(value):
        return [_as_blocks(item) for item in value]
    return value


def _is_body(value: object) -> typing.TypeGuard[list[Given]]:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Given) for item in value)


def _nested_options(annotation: Any) -> type[Options] | None:
    """The option class inside an annotation such as ``Sequence[Disk]`` or ``Disk | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    for argument in typing.get_args(annotation):
        if (found := _nested_options(argument)) is not None:
            return found
    return None


def _winrm_password(runtime: Mapping[str, object] | None) -> Mapping[str, object]:
    """``{{ .WinRMPassword }}`` is the one field that option values may use without ``build``."""
    if runtime is None:
        return {_WINRM_FIELD: "{{ .WinRMPassword }}"}
    return {_WINRM_FIELD: runtime[_WINRM_FIELD]} if runtime.get(_WINRM_FIELD) else {}


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for item in pair for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return []


def _without_text(problem: Diagnostic, what: str) -> Diagnostic:
    """The same problem without anything of the secret value that it is about."""
    hint = "Text between {{ and }} is rendered; write {{`{{`}} for braces that stand for themselves"
    return Diagnostic(f"{what}: the value is not a valid template", problem.detail, hint, problem.location)


def _diagnostic(error: GoTemplateError, what: str, location: Location | None) -> Diagnostic:
    summary = f"{what}: {error.message}" if what else error.message
    if location is not None and (place := _place(error, location)) is not None:
        return Diagnostic(summary, "", error.hint, place)
    detail = f"at line {error.line}, column {error.column} of the text"
    return Diagnostic(summary, detail, error.hint, location)


def _place(error: GoTemplateError, location: Location) -> Location | None:
    """Where the fault stands in the template's file."""
    from imagesmith.template import places

    return places.inside(location, error.text, error.line, error.column)
