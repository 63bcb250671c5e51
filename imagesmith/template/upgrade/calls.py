"""Calls of the template functions as HCL2 expressions, where HCL2 has one that means the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from imagesmith.template.upgrade.pieces import is_identifier, quoted

Kind = Literal["string", "number", "bool"]


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of HCL2. ``constant`` is its value where that is written in the template."""

    hcl: str
    kind: Kind = "string"
    constant: str | int | None = None


def constant(value: object) -> Value | None:
    """A literal of the template; braces that the Go engine would look at again can't be moved into HCL2."""
    if isinstance(value, bool):
        return Value("true" if value else "false", "bool")
    if isinstance(value, int):
        return Value(str(value), "number", value)
    if isinstance(value, str) and "{" not in value and "}" not in value:
        return Value(quoted(value), "string", value)
    return None


Call = Callable[[Sequence[Value]], "Value | None"]


def call(name: str, arguments: Sequence[Value]) -> Value | None:
    """The expression for a function that needs nothing but its arguments; None if HCL2 has none."""
    found = _CALLS.get(name)
    return found(arguments) if found else None


def _same(name: str, count: int) -> Call:
    def made(arguments: Sequence[Value]) -> Value | None:
        if len(arguments) != count or any(argument.kind != "string" for argument in arguments):
            return None
        return Value(f"{name}({', '.join(argument.hcl for argument in arguments)})")

    return made


def _isotime(arguments: Sequence[Value]) -> Value | None:
    return _same("legacy_isotime", len(arguments))(arguments) if len(arguments) <= 1 else None


def _split(arguments: Sequence[Value]) -> Value | None:
    if len(arguments) != 3 or [argument.kind for argument in arguments] != ["string", "string", "number"]:
        return None
    text, separator, index = arguments
    return Value(f"split({separator.hcl}, {text.hcl})[{index.hcl}]")


def _replace_all(arguments: Sequence[Value]) -> Value | None:
    if len(arguments) != 3 or any(argument.kind != "string" for argument in arguments):
        return None
    old, new, text = arguments
    return Value(f"replace({text.hcl}, {old.hcl}, {new.hcl})")


def _replace(arguments: Sequence[Value]) -> Value | None:
    """All occurrences, or the first one; other counts have no like in HCL2."""
    if len(arguments) != 4 or arguments[2].kind != "number" or not isinstance(arguments[2].constant, int):
        return None
    old, new, count, text = arguments
    if arguments[2].constant < 0:
        return _replace_all([old, new, text])
    if count.constant != 1 or not isinstance(old.constant, str) or not old.constant:
        return None
    if not isinstance(new.constant, str):
        return None
    pattern = quoted("(?s)^(.*?)" + re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", old.constant))
    replacement = quoted("${1}" + new.constant.replace("$", "$$"))
    return Value(f"regex_replace({text.hcl}, {pattern}, {replacement})")


def _printf(arguments: Sequence[Value]) -> Value | None:
    """Only verbs that mean the same in both languages."""
    if not arguments or not isinstance(arguments[0].constant, str):
        return None
    verbs = re.findall(r"%[^a-zA-Z%]*[a-zA-Z%]", arguments[0].constant)
    wanted = [verb for verb in verbs if verb != "%%"]
    given = {"%s": "string", "%v": "string", "%d": "number"}
    if [given.get(verb) for verb in wanted] != [argument.kind for argument in arguments[1:]]:
        return None
    return Value(f"format({', '.join(argument.hcl for argument in arguments)})")


def _equal(arguments: Sequence[Value]) -> Value | None:
    if len(arguments) < 2 or any(argument.kind != arguments[0].kind for argument in arguments):
        return None
    first, *others = arguments
    tests = [f"{first.hcl} == {other.hcl}" for other in others]
    return Value(tests[0] if len(tests) == 1 else f"({' || '.join(tests)})", "bool")


def _unequal(arguments: Sequence[Value]) -> Value | None:
    if len(arguments) != 2 or arguments[0].kind != arguments[1].kind:
        return None
    return Value(f"{arguments[0].hcl} != {arguments[1].hcl}", "bool")


def _aws_secret(arguments: Sequence[Value]) -> Value | None:
    if not arguments or len(arguments) > 2 or any(argument.kind != "string" for argument in arguments):
        return None
    key = arguments[1].hcl if len(arguments) > 1 else "null"
    return Value(f"aws_secretsmanager({arguments[0].hcl}, {key})")


def member(of: str, name: str) -> str:
    """``build.ID`` or, for a name that is no identifier, ``build["…"]``."""
    return f"{of}.{name}" if is_identifier(name) else f"{of}[{quoted(name)}]"


_CALLS: Mapping[str, Call] = {
    "isotime": _isotime,
    "strftime": _same("legacy_strftime", 1),
    "uuid": _same("uuidv4", 0),
    "upper": _same("upper", 1),
    "lower": _same("lower", 1),
    "split": _split,
    "replace": _replace,
    "replace_all": _replace_all,
    "printf": _printf,
    "eq": _equal,
    "ne": _unequal,
    "consul_key": _same("consul_key", 1),
    "vault": _same("vault", 2),
    "aws_secretsmanager": _aws_secret,
    "aws_secretsmanager_raw": _same("aws_secretsmanager_raw", 1),
}
