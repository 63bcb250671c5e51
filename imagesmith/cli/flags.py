"""Flags as Packer spells them (Go's ``flag`` package) and as everybody else does.

``-x``, ``--x``, ``-x=v`` and ``-x v`` are one; a boolean is ``-b`` or ``-b=false``; ``--`` ends the flags. Packer wants
flags before the template, here they may also follow it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from imagesmith.errors import UsageError

Kind = Literal["boolean", "text", "texts", "names", "pairs", "whole", "duration", "choice"]

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. ``texts`` may be repeated, ``names`` also splits at commas, ``pairs`` are ``name=value``.

    ``default`` is the value when the flag is not given; repeated kinds start empty. ``without_effect`` is the notice
    that is shown when a flag of Packer's is given that changes nothing here. ``hidden`` leaves it out of the help.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    value: str = ""
    choices: tuple[str, ...] = ()
    without_effect: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a command line says: the flags' values by name, the rest in order, and notices to be shown."""

    values: Mapping[str, Any]
    arguments: tuple[str, ...]
    given: frozenset[str]
    notices: tuple[str, ...] = ()

    def __getitem__(self, flag: str) -> Any:
        return self.values[flag]


@dataclass(slots=True)
class _Collected:
    values: dict[str, Any]
    arguments: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)


def parse(argv: Sequence[str], flags: Sequence[Flag]) -> Parsed:
    """Sort ``argv`` into flags and arguments. Raises `UsageError` for what is not understood."""
    known = {flag.name: flag for flag in flags}
    found = _Collected({flag.name: _start(flag) for flag in flags})
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.arguments += rest
            break
        if len(word) < 2 or not word.startswith("-"):
            found.arguments.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        flag = known.get(name)
        if flag is None:
            raise _unknown(word, name, known)
        if flag.kind == "boolean":
            value = value if equals else "true"
        elif not equals:
            if not rest:
                raise UsageError(f"the flag -{name} needs a value", hint=f"write -{name}={flag.value or 'VALUE'}")
            value = rest.pop(0)
        _take(found, flag, value)
    return Parsed(found.values, tuple(found.arguments), frozenset(found.given), tuple(found.notices))


def _start(flag: Flag) -> Any:
    return () if flag.kind in ("texts", "names", "pairs") else flag.default


def _take(found: _Collected, flag: Flag, text: str) -> None:
    value = _READERS[flag.kind](flag, text)
    repeated = isinstance(value, tuple)
    found.values[flag.name] = (*found.values[flag.name], *value) if repeated else value
    found.given.add(flag.name)
    if flag.without_effect:
        notice = f"-{flag.name} has no effect: {flag.without_effect}"
        if notice not in found.notices:
            found.notices.append(notice)


def _boolean(flag: Flag, text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise UsageError(
        f'the flag -{flag.name} is a switch; "{text}" is neither true nor false', hint=f"-{flag.name}=false"
    )


def _whole(flag: Flag, text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f'the flag -{flag.name} needs a whole number, not "{text}"') from None


def _names(_flag: Flag, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _pair(flag: Flag, text: str) -> tuple[tuple[str, str], ...]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"the flag -{flag.name} needs name=value", hint=f"write -{flag.name} 'name=value'")
    return ((name.strip(), value),)


def _duration(flag: Flag, text: str) -> float:
    from imagesmith import coercion

    try:
        return float(coercion.duration(text))
    except coercion.Refused:
        raise UsageError(
            f'the flag -{flag.name} needs a time, not "{text}"', hint=f"for example -{flag.name}=1h30m"
        ) from None


def _choice(flag: Flag, text: str) -> str:
    if text in flag.choices:
        return text
    close = difflib.get_close_matches(text, flag.choices, n=1)
    hint = f'did you mean "{close[0]}"?' if close else f"allowed are {', '.join(flag.choices)}"
    raise UsageError(f'the flag -{flag.name} can\'t be "{text}"', hint=hint)


_READERS: Mapping[Kind, Callable[[Flag, str], Any]] = {
    "boolean": _boolean,
    "text": lambda _, text: text,
    "texts": lambda _, text: (text,),
    "names": _names,
    "pairs": _pair,
    "whole": _whole,
    "duration": _duration,
    "choice": _choice,
}


def _unknown(word: str, name: str, known: Mapping[str, Flag]) -> UsageError:
    close = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1)
    hint = f"did you mean -{close[0]}?" if close else "-help lists the flags"
    return UsageError(f"there is no flag {word.partition('=')[0]}", hint=hint)
