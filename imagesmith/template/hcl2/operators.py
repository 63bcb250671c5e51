"""What the operators do."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import BOOL, DYNAMIC, NUMBER, Number, Type, Value, boolean, number, unknown


class OperationProblem(ValueError):
    """The operation has no result; the text says why."""


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": numeric.add,
    "-": lambda left, right: numeric.add(left, -right),
    "*": numeric.multiply,
    "/": numeric.divide,
    "%": numeric.modulo,
}
_COMPARISON: dict[str, Callable[[Number, Number], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def binary(operator: str, left: Value, right: Value) -> Value:
    """The result of ``left operator right``. Raises `OperationProblem`."""
    if operator in ("==", "!="):
        same = equal(left, right)
        return unknown(BOOL) if same is None else boolean(same == (operator == "=="))
    if operator in ("&&", "||"):
        return _logical(operator, left, right)
    first = operand(left, NUMBER, "left", operator)
    second = operand(right, NUMBER, "right", operator)
    if not first.known or not second.known:
        return unknown(BOOL if operator in _COMPARISON else NUMBER)
    if operator in _COMPARISON:
        return boolean(_COMPARISON[operator](first.raw, second.raw))
    try:
        return number(_ARITHMETIC[operator](first.raw, second.raw))
    except numeric.NumberProblem as problem:
        raise OperationProblem(str(problem)) from None


def unary(operator: str, value: Value) -> Value:
    """The result of ``-value`` or ``!value``. Raises `OperationProblem`."""
    converted = operand(value, NUMBER if operator == "-" else BOOL, "", operator)
    if not converted.known:
        return converted
    return number(-converted.raw) if operator == "-" else boolean(not converted.raw)


def operand(value: Value, kind: Type, side: str, operator: str) -> Value:
    """The operand as the type that the operator wants."""
    where = f"the {side} operand of {operator}" if side else f"the operand of {operator}"
    if value.is_null:
        raise OperationProblem(f"{where} is null")
    try:
        return convert(value, kind)
    except NotConvertible as problem:
        raise OperationProblem(f"{where}: {problem}") from None


def _logical(operator: str, left: Value, right: Value) -> Value:
    first, second = operand(left, BOOL, "left", operator), operand(right, BOOL, "right", operator)
    decisive = operator == "||"
    if first.raw is decisive or second.raw is decisive:
        return boolean(decisive)
    if not first.known or not second.known:
        return unknown(BOOL)
    return boolean(not decisive)


def equal(left: Value, right: Value) -> bool | None:
    """Whether two values are the same, types included; None while that can't be known."""
    if (not left.known and left.type == DYNAMIC) or (not right.known and right.type == DYNAMIC):
        return None
    if left.is_null or right.is_null:
        if not left.known or not right.known:
            return None
        return left.is_null and right.is_null
    if not left.known or not right.known:
        return None if _comparable(left.type, right.type) else False
    if type(left.type) is not type(right.type):
        return False
    if isinstance(left.raw, bool | str | int | float | Fraction):
        return left.type == right.type and bool(left.raw == right.raw)
    return _equal_collections(left, right)


def _comparable(left: Type, right: Type) -> bool:
    return left == right or (type(left) is type(right) and left not in (NUMBER, BOOL) and str(left) == str(right))


def _equal_collections(left: Value, right: Value) -> bool | None:
    if left.type != right.type and not (_may_hold_unknown(left) or _may_hold_unknown(right)):
        return False
    if len(left.raw) != len(right.raw):
        return False
    if isinstance(left.raw, dict):
        if list(left.raw) != list(right.raw):
            return False
        pairs = list(zip(left.raw.values(), right.raw.values(), strict=True))
    else:
        pairs = list(zip(left.raw, right.raw, strict=True))
    results = [equal(first, second) for first, second in pairs]
    if False in results:
        return False
    return None if None in results else True


def _may_hold_unknown(value: Value) -> bool:
    return "any" in str(value.type)
