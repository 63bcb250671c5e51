"""YAML text as values, in the dialect that Packer reads: YAML 1.1 with decimal numbers of any size.

The text is taken apart by PyYAML; what plain words mean is decided here, because the dialects differ in that.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.conversion import NotConvertible, text_of
from imagesmith.template.hcl2.cty import FALSE, NULL, TRUE, Value, number, object_of, string, tuple_of
from imagesmith.template.hcl2.functions.registry import FunctionProblem

if TYPE_CHECKING:
    from yaml.events import Event

MOST_VALUES = 100_000
"""More values are refused: an alias can stand for many, and aliases of aliases for more than any memory holds."""
_DEEPEST = 200
_TAG = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **{form: TRUE for word in ("y", "yes", "true", "on") for form in (word, word.capitalize(), word.upper())},
    **{form: FALSE for word in ("n", "no", "false", "off") for form in (word, word.capitalize(), word.upper())},
}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BINARY = re.compile(r"-?0b[01]+", re.ASCII)
_INFINITY = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|([-+])[iI]nf")
_NO_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)|[-+]?0b.*")
_DATE = re.compile(
    r"""(\d{4})-(\d\d?)-(\d\d?)
        (?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?(Z|[-+]\d\d:\d\d)|[ ](\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?)?""",
    re.ASCII | re.VERBOSE,
)


def decode(text: str) -> Value:
    """The one document in the text as a value. Raises `FunctionProblem`."""
    import yaml

    try:
        return _Document(yaml.parse(text, Loader=_loader())).value()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise FunctionProblem(f"not YAML: {problem.problem}{place}", 0) from None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        if isinstance(problem, FunctionProblem):
            raise
        raise FunctionProblem(f"not YAML: {str(problem).splitlines()[0]}", 0) from None


@lru_cache(maxsize=1)
def _loader() -> Any:
    """PyYAML's reader, which forgets that tabs may stand between two words."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def scan_to_next_token(self) -> None:
            super().scan_to_next_token()
            while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
                self.forward()
                super().scan_to_next_token()

    return Loader


class _Document:
    """Makes the value of a stream of events."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.anchors: dict[str, tuple[Value, int] | None] = {}
        self.count = self.depth = 0

    def value(self) -> Value:
        import yaml

        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise FunctionProblem("not YAML: the text holds no value", 0)
        if getattr(start, "version", None) not in (None, (1, 1)):
            raise FunctionProblem("not YAML 1.1", 0)
        value = self._node(next(self.events))
        next(self.events)
        if not isinstance(next(self.events), yaml.StreamEndEvent):
            raise FunctionProblem("not YAML: there is more than one document", 0)
        return value

    def _node(self, event: Any) -> Value:
        import yaml

        before = self.count
        self.count += 1
        if self.count > MOST_VALUES or self.depth > _DEEPEST:
            raise FunctionProblem(f"the YAML has more than {MOST_VALUES} values or is nested too deeply", 0)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.depth += 1
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event.value, event.tag or "", plain=bool(event.implicit[0]) or event.style is None)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event.tag)
        else:
            value = self._mapping(event.tag)
        self.depth -= 1
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before)
        return value

    def _alias(self, name: str) -> Value:
        found = self.anchors.get(name)
        if found is None:
            raise FunctionProblem(f'not YAML: the anchor "{name}" does not exist or contains itself', 0)
        self.count += found[1]
        return found[0]

    def _sequence(self, tag: str | None) -> Value:
        import yaml

        _check_tag(tag, "seq")
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event))
        return tuple_of(items)

    def _mapping(self, tag: str | None) -> Value:
        import yaml

        _check_tag(tag, "map")
        entries: dict[str, Value] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            merges = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and not event.tag
            key = self._node(event)
            value = self._node(next(self.events))
            if not merges:
                entries[_key(key)] = value
            elif not isinstance(value.raw, dict):
                raise FunctionProblem("not YAML: only a mapping can be merged with <<", 0)
            else:
                entries.update(value.raw)
        return object_of(entries)


def _key(value: Value) -> str:
    try:
        return text_of(value)
    except NotConvertible:
        raise FunctionProblem("a key of a YAML mapping must be a string", 0) from None


def _check_tag(tag: str | None, wanted: str) -> None:
    if tag and tag != _TAG + wanted:
        raise FunctionProblem(f'the YAML tag "{tag}" is not supported here', 0)


def _scalar(text: str, tag: str, *, plain: bool) -> Value:
    kind = tag.removeprefix(_TAG)
    if not tag:
        return _plain(text) if plain else _string(text)
    if kind == "binary":
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise FunctionProblem("not base64 in the YAML", 0) from None
    elif kind == "null":
        return NULL if plain else _string(text)
    elif kind in ("int", "float", "bool", "timestamp"):
        return _tagged(text, kind, plain=plain)
    elif kind != "str":
        raise FunctionProblem(f'the YAML tag "{tag}" is not supported here', 0)
    return _string(text)


def _tagged(text: str, kind: str, *, plain: bool) -> Value:
    value = _plain(text) if plain else _string(text)
    if kind in ("int", "float") and isinstance(value.raw, str):
        if kind == "int" and not plain:
            return value
        if not _FLOAT.fullmatch(text):
            raise FunctionProblem(f'"{text}" is not a number', 0)
        return _number(text)
    if plain and kind == "timestamp" and not _DATE.fullmatch(text):
        raise FunctionProblem(f'"{text}" is not a time', 0)
    return value


def _plain(text: str) -> Value:
    """What a word without quotes means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    bare = text.replace("_", "")
    if text[0] in "+-.0123456789":
        if _FLOAT.fullmatch(bare):
            return _number(bare)
        if _BINARY.fullmatch(bare):
            return number(int(bare.replace("0b", ""), 2))
        if _INFINITY.fullmatch(bare):
            return number(-math.inf if bare.startswith("-") else math.inf)
        if _NO_NUMBER.fullmatch(bare):
            raise FunctionProblem(f'"{text}" is no number that a template can hold; put text in quotes', 0)
        if date := _date(text):
            return string(date)
    return _string(text)


def _number(text: str) -> Value:
    try:
        return number(numeric.parse(text.removeprefix("+")))
    except ValueError as problem:
        raise FunctionProblem(f'"{text[:40]}": {problem}', 0) from None


def _date(text: str) -> str:
    """The time in RFC 3339, or "" for other texts."""
    match = _DATE.fullmatch(text)
    if not match:
        return ""
    year, month, day = (int(part) for part in match.groups()[:3])
    hour, minute, second = (int(a or b or 0) for a, b in zip(match.groups()[3:6], match.groups()[7:10], strict=True))
    try:
        moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        return ""
    return moment.replace(tzinfo=None).isoformat() + (match.group(7) or "Z").replace("+00:00", "Z")


def _string(text: str) -> Value:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FunctionProblem("not YAML: an escape sequence is not a character", 0) from None
    return string(text)
