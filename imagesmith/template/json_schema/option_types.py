"""What the option tables become in a schema: each type with the spellings that weak typing accepts."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith import plugin
from imagesmith.options import Option, Options, table

Schema = dict[str, Any]

TEMPLATED = r"\{\{|[$%]\{"
"""Text that is only known once it is rendered may become anything."""

_TRUTHS = "1|t|T|true|True|TRUE|0|f|F|false|False|FALSE"
_DURATION = r"[+-]?(0|([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+"
_BOOLEAN: Schema = {
    "anyOf": [{"type": ["boolean", "number", "null"]}, {"type": "string", "pattern": f"^({_TRUTHS})?$|{TEMPLATED}"}]
}
_INTEGER: Schema = {
    "anyOf": [
        {"type": ["number", "boolean", "null"]},
        {"type": "string", "pattern": rf"^\s*([+-]?[0-9_]+\s*|[+-]?0x[0-9a-fA-F]+)?$|{TEMPLATED}"},
    ]
}
_NUMBER: Schema = {
    "anyOf": [
        {"type": ["number", "boolean", "null"]},
        {"type": "string", "pattern": rf"^([+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?)?$|{TEMPLATED}"},
    ]
}
STRING: Schema = {"type": ["string", "number", "boolean", "null"]}
DURATION: Schema = {
    "anyOf": [{"type": ["number", "null"]}, {"type": "string", "pattern": f"^({_DURATION})?$|{TEMPLATED}"}]
}
_SCALARS: dict[Any, Schema] = {str: STRING, int: _INTEGER, float: _NUMBER, bool: _BOOLEAN}


def body(options: type[Options], meta: Mapping[str, Schema], *, required: bool) -> Schema:
    """The object that holds a plugin's options; ``meta`` are the keys that belong to the block itself.

    ``required`` asks for the options that have no default and no environment variable to come from.
    """
    records = table(options)
    properties: Schema = dict(meta)
    for name, record in records.items():
        properties[name] = described(record)
        for alias in record.aliases:
            properties[alias] = properties[name] | {"deprecated": True, "description": f"Another name of {name}."}
    text = (options.__doc__ or "").strip().split("\n\n")[0]
    found: Schema = {"type": "object", "description": " ".join(text.split()), "properties": properties}
    found |= {"patternProperties": {"^packer_": {}}, "additionalProperties": False}
    wanted = [record for record in records.values() if record.required and not record.env]
    if required and wanted:
        found["allOf"] = [{"anyOf": [{"required": [name]} for name in (r.name, *r.aliases)]} for r in wanted]
    return found


def described(record: Option) -> Schema:
    """One option: its type, meaning, default and choices."""
    found = _typed(record)
    facts = [record.doc]
    if record.env:
        facts.append("From the environment: " + ", ".join(record.env) + ".")
    if record.not_yet:
        facts.append(f"Not supported yet. {record.not_yet}.")
    if record.no_effect:
        facts.append(f"No effect: {record.no_effect}.")
        found = found | {"deprecated": True}
    found = {"title": f"{record.name}: {record.type_name}", "description": " ".join(facts)} | found
    default = _default(record)
    return found if default is None else found | {"default": default}


def _typed(record: Option) -> Schema:
    if record.choices:
        return {"anyOf": [{"enum": [*record.choices, "", None]}, {"type": "string", "pattern": TEMPLATED}]}
    return of(record.annotation)


def _default(record: Option) -> object:
    value = record.default
    if value in (None, "", ()) or (isinstance(value, Mapping) and not value):
        return None
    if typing.get_origin(record.annotation) is typing.Annotated:
        return f"{value:g}s"
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def of(annotation: Any) -> Schema:
    """What a template may write for a value of this type."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return DURATION
    if origin in (types.UnionType, typing.Union):
        inner = of(next(argument for argument in arguments if argument is not type(None)))
        return {"anyOf": [inner, {"enum": [None, ""]}]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        entries = {"type": "object", "additionalProperties": of(arguments[1])}
        return {"anyOf": [entries, {"type": "array", "items": entries, "maxItems": 1}, {"enum": ["", None]}]}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _list(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return _one_or_several(body(annotation, {}, required=True), 1)
    return _SCALARS.get(annotation, {})


def _list(item: Any) -> Schema:
    if isinstance(item, type) and issubclass(item, Options):
        return _one_or_several(body(item, {}, required=True), None)
    scalar = of(item)
    # "a,b" stands for a list of strings, and one value for a list of it.
    return {"anyOf": [{"type": "array", "items": scalar}, scalar]}


def _one_or_several(block: Schema, most: int | None) -> Schema:
    several: Schema = {"type": "array", "items": block}
    if most is not None:
        several["maxItems"] = most
    return {"anyOf": [block, several, {"enum": [None, ""]}]}


def later(kind: plugin.Kind) -> list[str]:
    """Plugins that templates may name although this release can't run them; their options are not looked into."""
    return sorted({*plugin.NOT_YET[kind]} - {*plugin.names(kind)})


def plugins(kind: plugin.Kind) -> dict[str, type[Options]]:
    """The option classes of every plugin of this kind by name."""
    return {name: plugin.load(kind, name) for name in plugin.names(kind)}
