"""Casts: ``[int]"5"``, ``[byte[]](1, 2)``, ``[pscustomobject]@{…}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imagesmith_simulator.machines.windows.powershell.values import (
    NamedValues,
    NotSimulated,
    Record,
    Table,
    failure,
    items,
    number,
    text,
    truth,
    whole,
)

_RANGES = {
    "byte": (0, 255),
    "sbyte": (-128, 127),
    "int16": (-32768, 32767),
    "uint16": (0, 65535),
    "int": (-(1 << 31), (1 << 31) - 1),
    "uint32": (0, (1 << 32) - 1),
    "long": (-(1 << 63), (1 << 63) - 1),
    "uint64": (0, (1 << 64) - 1),
}
_ALIASES = {
    "int32": "int",
    "int64": "long",
    "short": "int16",
    "ushort": "uint16",
    "uint": "uint32",
    "ulong": "uint64",
    "boolean": "bool",
    "single": "float",
    "decimal": "double",
    "hashtable": "collections.hashtable",
    "psobject": "pscustomobject",
    "switchparameter": "switch",
}


def short_name(name: str) -> str:
    """A type's name without ``System.`` and by its usual alias, in lower case."""
    lowered = name.lower().removeprefix("system.").removeprefix("management.automation.")
    return _ALIASES.get(lowered, lowered)


def convert(value: Any, name: str, *, array: bool = False) -> Any:
    """Turn a value into a type. Raises `ScriptError` where it can't be, `NotSimulated` for a type nobody knows."""
    short = short_name(name)
    if array:
        return _array(value, short)
    if short in _RANGES:
        return _integer(value, short)
    converter = _CONVERTERS.get(short)
    if converter is None:
        raise NotSimulated(f"the type [{name}] as a cast")
    return converter(value)


def known(name: str) -> bool:
    """Whether values can be cast to a type."""
    return short_name(name) in _RANGES or short_name(name) in _CONVERTERS


def _array(value: Any, short: str) -> Any:
    parts = list(items(value))
    if short == "byte":
        return bytearray(_integer(part, "byte") for part in parts)
    if short == "char" and isinstance(value, str):
        return list(value)
    return parts if short == "object" else [convert(part, short) for part in parts]


def _integer(value: Any, short: str) -> int:
    if (
        short in ("int", "byte", "uint16", "long")
        and isinstance(value, str)
        and len(value) == 1
        and not value.isdigit()
    ):
        return ord(value)
    result = whole(value)
    low, high = _RANGES[short]
    if not low <= result <= high:
        raise failure(
            f'Cannot convert value "{text(value)}" to type "System.{short.capitalize()}". Error: "Value was either too '
            f'large or too small for an {short.capitalize()}."',
            "System.Management.Automation.PSInvalidCastException",
        )
    return result


def _object(value: Any) -> Any:
    if isinstance(value, Table):
        return Record(NamedValues(dict(value)))
    return value


def _char(value: Any) -> str:
    return chr(value) if isinstance(value, int) else text(value)[:1]


def _plain(value: Any) -> Any:
    return value


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": text,
    "bool": truth,
    "switch": truth,
    "double": lambda value: float(number(value)),
    "float": lambda value: float(number(value)),
    "char": _char,
    "array": lambda value: list(items(value)),
    "object": _plain,
    "void": lambda value: None,
    "pscustomobject": _object,
    "collections.hashtable": _plain,
    "ordered": _plain,
    "xml": _plain,
    "scriptblock": _plain,
    "security.securestring": _plain,
    "exception": _plain,
}
