"""Functions of numbers."""

from __future__ import annotations

import math

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.cty import DYNAMIC, NUMBER, ListOf, Number, Value
from imagesmith.template.hcl2.functions import go_math
from imagesmith.template.hcl2.functions.registry import FunctionProblem, function

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@function("abs(number)", NUMBER, returns=NUMBER)
def absolute(value: Number) -> Number:
    """The number without its sign."""
    return -value if value < 0 else value


@function("ceil(number)", NUMBER, returns=NUMBER)
def ceil(value: Number) -> Number:
    """The next whole number that is not smaller."""
    return value if isinstance(value, float) else math.ceil(value)


@function("floor(number)", NUMBER, returns=NUMBER)
def floor(value: Number) -> Number:
    """The next whole number that is not larger."""
    return value if isinstance(value, float) else math.floor(value)


@function("log(number, base)", NUMBER, NUMBER, returns=NUMBER)
def log(value: Number, base: Number) -> Number:
    """The logarithm, computed with 64-bit floating point as Packer does."""
    return _from_float(go_math.divide(go_math.log(_float(value, 0)), go_math.log(_float(base, 1))))


@function("max(number, …)", NUMBER, rest=NUMBER, returns=NUMBER)
def largest(*values: Number) -> Number:
    """The largest of the numbers."""
    return max(values)


@function("min(number, …)", NUMBER, rest=NUMBER, returns=NUMBER)
def smallest(*values: Number) -> Number:
    """The smallest of the numbers."""
    return min(values)


@function("parseint(string, base)", DYNAMIC, NUMBER, returns=NUMBER)
def parseint(written: Value, base: Number) -> Number:
    """The whole number that is written in a base from 2 to 62."""
    text = written.raw
    if not isinstance(text, str):
        raise FunctionProblem("a string is wanted, numbers are not turned into one here", 0)
    if base not in range(2, 63):
        raise FunctionProblem("the base must be a whole number from 2 to 62", 1)
    digits = text[1:] if text[:1] in ("-", "+") else text
    # Up to base 36 upper and lower case mean the same; above, lower-case letters come first.
    values = [_DIGITS.find(d.lower() if base <= 36 else d) for d in digits]
    if not values or not all(0 <= v < base for v in values):
        raise FunctionProblem(f'"{text}" is not a whole number in base {base}', 0)
    if len(digits) > numeric.MOST_DIGITS:
        raise FunctionProblem("the number is too long", 0)
    total = 0
    for v in values:
        total = total * int(base) + v
    return numeric.rounded(-total if text.startswith("-") else total)


@function("pow(base, exponent)", NUMBER, NUMBER, returns=NUMBER)
def power(base: Number, exponent: Number) -> Number:
    """The power, computed with 64-bit floating point as Packer does."""
    return _from_float(go_math.power(_float(base, 0), _float(exponent, 1)))


def _float(value: Number, position: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise FunctionProblem("the number is too large", position) from None


def _from_float(result: float) -> Number:
    if math.isnan(result):
        raise FunctionProblem("these numbers have no result")
    return numeric.from_float(result)


@function("signum(number)", NUMBER, returns=NUMBER)
def signum(value: Number) -> Number:
    """-1, 0 or 1."""
    if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise FunctionProblem("a whole number of 64 bits is wanted", 0)
    return (value > 0) - (value < 0)


@function("sum(list)", ListOf(NUMBER), returns=NUMBER)
def total(values: Value) -> Number:
    """The sum of the numbers."""
    if not values.raw:
        raise FunctionProblem("an empty list has no sum", 0)
    result: Number = 0
    for item in values.raw:
        if item.is_null:
            raise FunctionProblem("null can't be summed", 0)
        result = numeric.add(result, item.raw)
    return result
