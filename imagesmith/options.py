"""Option tables: one record per option, and everything that follows from it.

A plugin's options are a frozen dataclass whose fields are made with `option`. The annotation is the type, the field's
record holds the rest. From that table come coercion with Packer's weak typing, validation that reports every error at
once with file and line, the generated reference page and the JSON Schema, and the same class is the typed object that
library users construct.

    class Sleep(Options):
        duration: Duration = option(doc="How long to pause.")
        note: str = option(default="", doc="What to say meanwhile.")
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeVar, dataclass_transform

from imagesmith import coercion
from imagesmith.errors import Diagnostic, Location, TemplateError

Duration = Annotated[float, "duration"]
"""Seconds. Templates write Go durations ("5m", "1h30m")."""

AnyOptions = TypeVar("AnyOptions", bound="Options")
_RECORD = "imagesmith.option"


@dataclass(frozen=True, slots=True)
class Given:
    """One option as the template gives it: its name, plain Python data (JSON-like) and where it stands.

    ``unknown``: the value, or a part of it, is a placeholder for what only a later phase knows.
    """

    name: str
    value: object
    location: Location | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """What is known about one option; see `option` for the meaning of each field."""

    name: str
    annotation: Any
    default: object
    doc: str
    env: tuple[str, ...]
    aliases: tuple[str, ...]
    secret: bool
    required: bool
    choices: tuple[str, ...]
    not_yet: str
    no_effect: str
    rendered: Literal["load", "run"]
    key: str

    @property
    def attribute(self) -> str:
        """The field's name in Python."""
        return self.name.replace("-", "_") if self.key else self.name

    @property
    def type_name(self) -> str:
        """The type in a reader's words: ``string``, ``list of strings``, ``duration``, …"""
        return coercion.describe(self.annotation)


def option(
    *,
    doc: str,
    default: Any = dataclasses.MISSING,
    env: Sequence[str] = (),
    aliases: Sequence[str] = (),
    secret: bool = False,
    choices: Sequence[str] = (),
    not_yet: str = "",
    no_effect: str = "",
    rendered: Literal["load", "run"] = "load",
    key: str = "",
) -> Any:
    """Declare one option of an `Options` class.

    ``default``: the value when the template gives none; an option without a default is required.
    ``env``: environment variables that are asked, in order, when the option is unset or empty.
    ``aliases``: other names accepted in templates. ``secret``: the value is masked everywhere.
    ``choices``: the only strings allowed. ``key``: the name in templates where it can't be a Python name.
    ``not_yet``: when non-empty the option is known but refused, and this says what to do meanwhile.
    ``no_effect``: when non-empty the option is accepted with this as a warning (Packer ignores it too).
    ``rendered``: "load" if Go-template text in it is rendered when the template is loaded, "run" if later.
    """
    record = {
        "doc": doc,
        "env": tuple(env),
        "aliases": tuple(aliases),
        "secret": secret,
        "required": default is dataclasses.MISSING,
        "choices": tuple(choices),
        "not_yet": not_yet,
        "no_effect": no_effect,
        "rendered": rendered,
        "key": key,
    }
    if default is dataclasses.MISSING:
        default = None
    if isinstance(default, dict):
        fixed = types.MappingProxyType(dict(default))
        return field(default_factory=lambda: fixed, metadata={_RECORD: record}, repr=not secret)
    return field(default=default, metadata={_RECORD: record}, repr=not secret)


@dataclass_transform(field_specifiers=(option, field), kw_only_default=True, frozen_default=True)
@dataclass(frozen=True, kw_only=True)
class Options:
    """The base of every option table; a subclass becomes a frozen, keyword-only dataclass.

    ``withheld`` names inherited options that templates can't give to this class. ``plugin_versions``: the versions of
    Packer's plugin that behave differently, the newest first; the option ``plugin_version`` of such a class gets the
    one that a template's required_plugins ask for.
    """

    withheld: ClassVar[frozenset[str]] = frozenset()
    plugin_versions: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    def problems(self) -> Iterator[Diagnostic]:
        """What is wrong between options (exclusive pairs, files that don't exist), in nested blocks too.

        Subclasses add to it.
        """
        for record in table(type(self)).values():
            for nested in _nested(getattr(self, record.attribute)):
                yield from nested.problems()


def table(options: type[Options]) -> Mapping[str, Option]:
    """The records of an option class by template name, in the order of declaration."""
    records = _tables.get(options)
    if records is None:
        records = _tables[options] = _read_table(options)
    return records


_tables: dict[type[Any], Mapping[str, Option]] = {}


def _read_table(options: type[Options]) -> Mapping[str, Option]:
    hints = _hints(options)
    records = {}
    for f in dataclasses.fields(options):
        record = f.metadata.get(_RECORD)
        if record is None or f.name in options.withheld:
            continue
        default = f.default if f.default is not dataclasses.MISSING else types.MappingProxyType({})
        name = record["key"] or f.name
        records[name] = Option(name=name, annotation=hints[f.name], default=default, **record)
    return records


def _hints(options: type[Options]) -> Mapping[str, Any]:
    """The type of each option. Tables have many options of few types, so every text is read once for each class."""
    names = {f.name for f in dataclasses.fields(options)}
    found: dict[str, Any] = {}
    for base in reversed(options.__mro__):
        texts = {name: text for name, text in vars(base).get("__annotations__", {}).items() if name in names}
        different = types.SimpleNamespace(__annotations__={str(text): text for text in texts.values()})
        read = typing.get_type_hints(different, vars(sys.modules[base.__module__]), include_extras=True)
        found |= {name: read[str(text)] for name, text in texts.items()}
    return found


def secret_names(options: type[Options]) -> Iterator[str]:
    """The names, other names too, of the options that are marked secret; quicker than `table`."""
    for f in dataclasses.fields(options):
        record = f.metadata.get(_RECORD)
        if record is not None and record["secret"] and f.name not in options.withheld:
            yield from (record["key"] or f.name, *record["aliases"])


def decode(
    options: type[AnyOptions],
    given: Iterable[Given],
    *,
    owner: str,
    environ: Mapping[str, str] | None = None,
    location: Location | None = None,
) -> tuple[AnyOptions, tuple[Diagnostic, ...]]:
    """Turn a template's values into an option object; returns it with warnings.

    Weak typing as Packer's: "true", 1 and "1" are booleans, "22" is a number, "a,b" is a list, "5m" is a duration.
    ``owner`` names the block in errors (``builder "alicloud-ecs"``). Keys beginning with ``packer_`` are passed over.
    Raises `TemplateError` with every problem: unknown names with "did you mean", wrong types, missing requireds. What
    only this release can't do (`Diagnostic.not_yet`) is among the warnings; `imagesmith.checking` refuses it.
    """
    decoder = _Decoder(table(options), owner, location)
    decoder.take_all(given)
    instance = complete(options(**decoder.values), environ, _raise=False)
    problems = decoder.problems + list(_checks(instance, decoder, owner, location))
    if any(p.severity == "error" and not p.not_yet for p in problems):
        raise TemplateError(problems)
    return instance, tuple(problems)


def complete(options: AnyOptions, environ: Mapping[str, str] | None = None, *, _raise: bool = True) -> AnyOptions:
    """Fill unset options from the environment; raises `TemplateError` for what is wrong between options."""
    environ = os.environ if environ is None else environ
    changes: dict[str, Any] = {}
    for record in table(type(options)).values():
        if record.env and getattr(options, record.attribute) in (None, ""):
            found = next((environ[name] for name in record.env if environ.get(name)), None)
            if found is not None:
                changes[record.attribute] = coercion.coerce(found, record.annotation)
    if changes:
        options = dataclasses.replace(options, **changes)
    if _raise:
        problems = list(_checks(options, None, type(options).__name__, None))
        if any(p.severity == "error" for p in problems):
            raise TemplateError(problems)
    return options


def secrets(options: Options) -> Iterator[str]:
    """The values of every secret option, nested ones too."""
    for record in table(type(options)).values():
        value = getattr(options, record.attribute)
        for nested in _nested(value):
            yield from secrets(nested)
        if record.secret:
            yield from _texts(value)


def public(options: Options) -> dict[str, Any]:
    """The options that differ from their defaults as plain data that `restore` reads, without the secret ones."""
    return {
        record.name: f"{value:f}s" if record.annotation is Duration else _plain(value)
        for record in table(type(options)).values()
        if not record.secret and (value := getattr(options, record.attribute)) != record.default
    }


def restore(options: type[AnyOptions], values: Mapping[str, Any]) -> AnyOptions:
    """The options that `public` has written down, completed from the environment; nothing is checked again."""
    decoder = _Decoder(table(options), "ledger", None)
    for name, value in values.items():
        decoder.take(Given(name, value))
    return complete(options(**decoder.values), _raise=False)


def _plain(value: object) -> Any:
    if isinstance(value, Options):
        return public(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return str(value)


def _nested(value: object) -> Iterator[Options]:
    if isinstance(value, Options):
        yield value
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, Options))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)


def _checks(options: Options, decoder: _Decoder | None, owner: str, location: Location | None) -> Iterator[Diagnostic]:
    """What can only be said of the whole: required options, exclusive ones, choices of object-API values."""
    bad = decoder.bad if decoder else set()
    doubtful = decoder.doubtful if decoder else set()
    for record in table(type(options)).values():
        value = getattr(options, record.attribute)
        if record.required and value in (None, "", (), []) and record.name not in bad | doubtful:
            yield Diagnostic(f'{owner}: the option "{record.name}" is required', hint=record.doc, location=location)
        if decoder is None and record.not_yet and value != record.default:
            yield _not_yet(owner, record, None)
        if decoder is None and _is_no_choice(record, value):
            yield _no_choice(owner, record, value, None)
    if not bad:
        for problem in _between(options, doubtful):
            yield dataclasses.replace(problem, location=problem.location or location)


def _between(options: Options, doubtful: set[str]) -> Sequence[Diagnostic]:
    """What `Options.problems` says; of options with unknown parts only what holds whatever they turn out to be."""
    found = list(options.problems())
    records = table(type(options))
    for record in (records[name] for name in sorted(doubtful)):
        for value in _alternatives(record):
            if found:
                also = set(dataclasses.replace(options, **{record.attribute: value}).problems())
                found = [problem for problem in found if problem in also]
    return found


def _alternatives(record: Option) -> Sequence[object]:
    """What an option whose value isn't known yet may turn out to be, as far as that makes a difference."""
    unset = "" if record.default is None and record.annotation is str else record.default
    return (unset, *(record.choices or ((True, False) if record.annotation is bool else ())))


def _is_no_choice(record: Option, value: object) -> bool:
    return bool(record.choices) and value not in (None, "") and value not in record.choices


def _no_choice(owner: str, record: Option, value: object, location: Location | None) -> Diagnostic:
    text = f'{owner}: the option "{record.name}" can\'t be "{value}"'
    return Diagnostic(text, hint=f"Allowed are {', '.join(record.choices)}", location=location)


def _not_yet(owner: str, record: Option, location: Location | None) -> Diagnostic:
    return Diagnostic(
        f'{owner}: the option "{record.name}" is not supported yet',
        hint=record.not_yet,
        location=location,
        not_yet=True,
    )


class _Decoder:
    """Collects values and problems while the template's entries are taken one by one."""

    def __init__(self, records: Mapping[str, Option], owner: str, location: Location | None) -> None:
        self.records, self.owner, self.location = records, owner, location
        self.names = {alias.lower(): r for r in records.values() for alias in (r.name, *r.aliases)}
        self.values: dict[str, Any] = {}
        self.problems: list[Diagnostic] = []
        self.bad: set[str] = set()
        self.doubtful: set[str] = set()

    def take_all(self, given: Iterable[Given]) -> None:
        """Of names that differ in capitals only, the one in small letters or else the first counts."""
        entries = list(given)
        chosen: dict[str, Given] = {}
        for entry in sorted(entries, key=lambda one: one.name != one.name.lower()):
            chosen.setdefault(entry.name.lower(), entry)
        for entry in entries:
            self.take(entry, repeated=chosen[entry.name.lower()].name != entry.name)

    def take(self, entry: Given, *, repeated: bool = False) -> None:
        record = None if repeated else self.names.get(entry.name.lower())
        where = entry.location or self.location
        if record is None:
            if not entry.name.startswith("packer_"):
                self.bad.add(entry.name)
                self.problems.append(self._unknown(entry, where))
            return
        if entry.unknown:
            self.doubtful.add(record.name)
        try:
            value = self._value(record, entry, where)
        except coercion.Refused as refused:
            if entry.unknown:
                return
            self.bad.add(record.name)
            self.problems.append(self._wrong(record, entry, str(refused), where))
            return
        self._admit(record, value, where)

    def _value(self, record: Option, entry: Given, where: Location | None) -> Any:
        def block(options: type[Options], raw: object) -> Options:
            return self._block(options, entry, record, raw, where)

        return coercion.coerce(entry.value, record.annotation, block)

    def _block(
        self, options: type[Options], entry: Given, record: Option, raw: object, where: Location | None
    ) -> Options:
        owner = f"{self.owner}: {record.name}"
        given = raw if isinstance(raw, list) and all(isinstance(g, Given) for g in raw) else None
        if given is None:
            if not isinstance(raw, Mapping):
                raise coercion.Refused("a block (an object) is wanted here")
            given = [Given(str(key), value, where, entry.unknown) for key, value in raw.items()]
        inner = _Decoder(table(options), owner, where)
        inner.take_all(given)
        if inner.doubtful:
            self.doubtful.add(record.name)
        self.problems += inner.problems
        self.bad |= {f"{record.name}.{name}" for name in inner.bad}
        instance = options(**inner.values)
        self.problems += list(_checks(instance, inner, owner, where))
        return instance

    def _admit(self, record: Option, value: Any, where: Location | None) -> None:
        doubtful = record.name in self.doubtful
        if _is_no_choice(record, value):
            if not doubtful:
                self.bad.add(record.name)
                self.problems.append(_no_choice(self.owner, record, value, where))
            return
        if record.not_yet and value not in (None, record.default) and value != record.default:
            if not doubtful:
                self.bad.add(record.name)
                self.problems.append(_not_yet(self.owner, record, where))
            return
        if record.no_effect and value != record.default:
            text = f'{self.owner}: the option "{record.name}" has no effect'
            self.problems.append(Diagnostic(text, record.no_effect, "", where, "warning"))
        if value is not None:
            self.values[record.attribute] = value

    def _unknown(self, entry: Given, where: Location | None) -> Diagnostic:
        close = difflib.get_close_matches(entry.name.lower(), self.names, n=1, cutoff=0.6)
        hint = f'Did you mean "{close[0]}"?' if close else ""
        return Diagnostic(f'{self.owner}: unknown option "{entry.name}"', hint=hint, location=where)

    def _wrong(self, record: Option, entry: Given, reason: str, where: Location | None) -> Diagnostic:
        shown = "" if record.secret else f", not {coercion.show(entry.value)}"
        text = f'{self.owner}: the option "{record.name}" must be {record.type_name}{shown}'
        return Diagnostic(text, reason, location=where)
