"""Functions of numbers."""

from __future__ import annotations

import math

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.cty import NUMBER, STRING, ListOf, Number, Value
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
    """The logarithm."""
    if value < 0 or base <= 0 or base == 1:
        raise FunctionProblem("a logarithm needs a number of at least 0 and a base above 0 that isn't 1")
    if value == 0:
        return -math.inf if base > 1 else math.inf
    return numeric.from_float(math.log(value) / math.log(base))


@function("max(number, …)", NUMBER, rest=NUMBER, returns=NUMBER)
def largest(*values: Number) -> Number:
    """The largest of the numbers."""
    return max(values)


@function("min(number, …)", NUMBER, rest=NUMBER, returns=NUMBER)
def smallest(*values: Number) -> Number:
    """The smallest of the numbers."""
    return min(values)


@function("parseint(string, base)", STRING, NUMBER, returns=NUMBER)
def parseint(text: str, base: Number) -> Number:
    """The whole number that is written in a base from 2 to 62."""
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
    try:
        return numeric.from_float(math.pow(base, exponent))
    except (OverflowError, ValueError):
        raise FunctionProblem("the result is too large or not a number") from None


@function("signum(number)", NUMBER, returns=NUMBER)
def signum(value: Number) -> Number:
    """-1, 0 or 1."""
    if not isinstance(value, int):
        raise FunctionProblem("a whole number is wanted", 0)
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
