"""Values of options as HCL2: attributes and blocks, as the option's table or else its looks tell."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from imagesmith import coercion
from imagesmith.errors import Location, UsageError
from imagesmith.options import Duration, Given, Option, Options, table
from imagesmith.plugin import Kind, named
from imagesmith.template.rendering import Block
from imagesmith.template.upgrade.pieces import Code, Literal, expression, is_identifier, long_expression, merged
from imagesmith.template.upgrade.texts import Place, Texts

_WIDEST_LINE = 100
_EMPTY: Mapping[Any, str] = {bool: "false", int: "0", float: "0"}
"""What an empty text stands for; HCL2 takes none for these types."""
_UNITS = (("h", 3600), ("m", 60), ("s", 1))


def attribute(name: str, value: str) -> str:
    """One argument."""
    return f"{name} = {value}\n"


def block(kind: str, labels: Sequence[str], body: str) -> str:
    """One block."""
    body = f"\n{body}" if body else ""
    return f"{kind} {''.join(expression([Literal(label)]) + ' ' for label in labels)}{{{body}}}\n"


def duration(seconds: float) -> str:
    """Seconds as a Go duration in quotes."""
    nanoseconds = round(Decimal(repr(seconds)) * 10**9)
    if nanoseconds % 10**9:
        return f'"{nanoseconds}ns"'
    rest, parts = nanoseconds // 10**9, []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return f'"{"".join(parts) or "0s"}"'


def options_of(kind: Kind, name: str) -> type[Options] | None:
    """The option class of a plugin, None for one that is not there."""
    try:
        found = named(kind, name)
    except UsageError:
        return None
    return found if isinstance(found, type) and issubclass(found, Options) else None


@dataclass(slots=True)
class Values:
    """Writes the options of one block. ``what`` names the block in problems."""

    texts: Texts
    place: Place
    what: str

    def body(self, entries: Sequence[Given], options: type[Options] | None) -> str:
        """The arguments, then the blocks."""
        known = {} if options is None else _by_name(options)
        arguments, blocks = [], []
        for entry in entries:
            record = known.get(entry.name.lower())
            name = entry.name if record is None else entry.name.lower()
            if not is_identifier(name):
                text = f'{self.what}: HCL2 has no option with the name "{entry.name}"'
                self.texts.problem(text, "It is left out", entry.location)
                continue
            found = self.blocks(name, entry, record)
            if found is None:
                arguments.append(attribute(name, self.argument(entry, record)))
            else:
                blocks += found
        return "".join(arguments + blocks)

    def blocks(self, name: str, entry: Given, record: Option | None) -> list[str] | None:
        """The value as blocks, None where it is to be an argument."""
        value = entry.value
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, Block) for item in items):
            return None
        nested = None if record is None else _nested(record.annotation)
        if record is not None and nested is None:
            return None
        if record is None and (_is_map(value) or not _is_body(items)):
            return None
        return [block(name, (), self.body(_entries(item), nested)) for item in items]

    def argument(self, entry: Given, record: Option | None) -> str:
        """The value as an expression."""
        what = f'{self.what}: "{entry.name}"'
        if record is None:
            return self.value(entry.value, entry.location, what)
        if record.secret and isinstance(entry.value, str):
            self.texts.secrets.append(entry.value)
        annotation = _bare(record.annotation)
        value, origin = entry.value, typing.get_origin(annotation)
        if value == "" and type(None) in typing.get_args(record.annotation):
            return "null"
        if annotation is Duration and isinstance(value, int | float) and not isinstance(value, bool):
            return duration(value * 1e-9)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            if isinstance(value, Mapping):
                value = {key: _scalar(inner, typing.get_args(annotation)[1]) for key, inner in value.items()}
        elif isinstance(origin, type) and issubclass(origin, Sequence):
            return self.sequence(value, typing.get_args(annotation)[0], entry.location, what)
        elif isinstance(value, str) and annotation in _EMPTY:
            pieces = merged(self.texts.pieces(value, self.place, entry.location, what))
            if self.texts.may_be_empty(pieces):
                text = expression(pieces)
                return f'{text} == "" ? "{_EMPTY[annotation]}" : {text}'
        return self.value(_scalar(value, annotation), entry.location, what)

    def sequence(self, value: Any, item: Any, location: Location | None, what: str) -> str:
        """A list; text with commas is one, and so is a single value."""
        if isinstance(value, str) and item is str:
            pieces = merged(self.texts.pieces(value, self.place, location, what))
            if not pieces or (len(pieces) == 1 and isinstance(pieces[0], Literal) and "{{" not in pieces[0].text):
                return self.value(value.split(",") if value else [], location, what)
            if any(isinstance(piece, Literal) and "{{" in piece.text for piece in pieces):
                return expression(pieces)
            text = expression(pieces)
            return f'{text} == "" ? [] : split(",", {text})'
        if value is None or value == "":
            return "null" if value is None else "[]"
        items = value if isinstance(value, list) else [value]
        return self.value([_scalar(one, item) for one in items], location, what)

    def value(self, value: Any, location: Location | None, what: str) -> str:
        """Plain data as an expression."""
        if isinstance(value, str):
            return long_expression(self.texts.pieces(value, self.place, location, what))
        return self.inner(value, location, what)

    def inner(self, value: Any, location: Location | None, what: str) -> str:
        """Plain data inside of brackets."""
        if isinstance(value, str):
            return expression(self.texts.pieces(value, self.place, location, what))
        if isinstance(value, Mapping):
            members = [f"{self.key(key, location, what)} = {self.inner(v, location, what)}" for key, v in value.items()]
            return "{\n" + "".join(f"{one}\n" for one in members) + "}" if members else "{}"
        if isinstance(value, list):
            items = [self.inner(item, location, what) for item in value]
            line = f"[{', '.join(items)}]"
            if len(line) <= _WIDEST_LINE and "\n" not in line:
                return line
            return "[\n" + "".join(f"{item},\n" for item in items) + "]"
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        return repr(value)

    def key(self, key: str, location: Location | None, what: str) -> str:
        """The key of an object; it may be template text too."""
        if is_identifier(key):
            return key
        pieces = merged(self.texts.pieces(key, self.place, location, what))
        lone = len(pieces) == 1 and isinstance(pieces[0], Code)
        return f"({expression(pieces)})" if lone else expression(pieces)


def _by_name(options: type[Options]) -> dict[str, Option]:
    return {name.lower(): record for record in table(options).values() for name in (record.name, *record.aliases)}


def _entries(value: Any) -> list[Given]:
    return list(value.entries)


def _bare(annotation: Any) -> Any:
    """The annotation without ``| None``."""
    if annotation is Duration or typing.get_origin(annotation) is typing.Annotated:
        return Duration
    arguments = typing.get_args(annotation)
    if type(None) in arguments:
        return _bare(next(argument for argument in arguments if argument is not type(None)))
    return annotation


def _nested(annotation: Any) -> type[Options] | None:
    """The option class of a block or of a list of blocks."""
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, Options):
        return bare
    origin = typing.get_origin(bare)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _nested(typing.get_args(bare)[0])
    return None


def _scalar(value: Any, annotation: Any) -> Any:
    """What HCL2's types would refuse or turn into something else than JSON's: true is "1" in text, "" is false or 0."""
    if annotation is str and isinstance(value, bool | int | float):
        return coercion.coerce(value, str)
    if annotation in (bool, int) and isinstance(value, bool | int | float | str):
        try:
            return coercion.coerce(value, annotation)
        except coercion.Refused:
            return value
    return value


def _is_map(value: Any) -> bool:
    """An object with nothing but scalars looks like a map."""
    return isinstance(value, Mapping) and not any(isinstance(item, Mapping | list) for item in value.values())


def _is_body(items: Sequence[Any]) -> bool:
    return all(item and all(is_identifier(key) for key in item) for item in items)
