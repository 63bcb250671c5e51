"""Numbers with 512 bits of precision: what the language computes with, and how it writes them.

Sums, products and quotients are exact first and then rounded to 512 bits (half to even), so that the last digits agree
with the reference implementation's.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from imagesmith.template.hcl2.cty import Number

PRECISION = 512
MOST_DIGITS = 3900
"""The longest exponent or row of digits that a number may be written with, or have."""
_INFINITY = re.compile(r"([+-]?)[iI]nf")
_MOST_BITS = 12_960


class NumberProblem(ValueError):
    """The number can't be computed or is written too long; the text says why."""


def parse(text: str) -> Number:
    """The number that is written; raises `ValueError` where it is none and `NumberProblem` where it is too long."""
    if infinite := _INFINITY.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.lstrip("+-")
    whole, _, fraction = digits.partition(".")
    if not (whole or fraction) or not (whole + fraction).isdecimal() or not (whole + fraction).isascii():
        raise ValueError(text)
    if "e" in text.lower() and not exponent.lstrip("+-").isdecimal():
        raise ValueError(text)
    if len(digits) > MOST_DIGITS or len(exponent) > len(str(MOST_DIGITS)) or abs(int(exponent or 0)) > MOST_DIGITS:
        raise NumberProblem(f"Numbers may have no more than {MOST_DIGITS} digits")
    return rounded(Fraction(text))


def rounded(exact: Fraction | int) -> Number:
    """The nearest number that has 512 bits of precision."""
    top, bottom = exact.numerator, exact.denominator
    if bottom == 1 and abs(top).bit_length() <= PRECISION:
        return int(top)
    if abs(abs(top).bit_length() - bottom.bit_length()) > _MOST_BITS:
        raise NumberProblem(f"Numbers may have no more than {MOST_DIGITS} digits")
    shift = PRECISION - (abs(top).bit_length() - bottom.bit_length())
    scaled = Fraction(top << shift, bottom) if shift >= 0 else Fraction(top, bottom << -shift)
    if abs(scaled) >= 1 << PRECISION:
        shift -= 1
        scaled /= 2
    whole = round(scaled)
    result = Fraction(whole, 1 << shift) if shift >= 0 else Fraction(whole << -shift)
    return int(result) if result.denominator == 1 else result


def add(left: Number, right: Number) -> Number:
    """The sum."""
    if isinstance(left, float) or isinstance(right, float):
        if isinstance(left, float) and isinstance(right, float) and left != right:
            raise NumberProblem("Opposing infinities have no sum")
        return left if isinstance(left, float) else right
    return rounded(left + right)


def multiply(left: Number, right: Number) -> Number:
    """The product."""
    if isinstance(left, float) or isinstance(right, float):
        if left == 0 or right == 0:
            raise NumberProblem("Zero times infinity has no value")
        return math.inf if (left > 0) == (right > 0) else -math.inf
    return rounded(left * right)


def divide(left: Number, right: Number) -> Number:
    """The quotient; something divided by zero is infinite."""
    if isinstance(right, float):
        if isinstance(left, float):
            raise NumberProblem("Infinity can't be divided by infinity")
        return 0
    if right == 0:
        if left == 0:
            raise NumberProblem("Zero can't be divided by zero")
        return math.inf if left > 0 else -math.inf
    if isinstance(left, float):
        return left if right > 0 else -left
    return rounded(Fraction(left) / Fraction(right))


def modulo(left: Number, right: Number) -> Number:
    """The remainder of the division that truncates toward zero; by zero or infinity it is the dividend itself."""
    if isinstance(right, float):
        raise NumberProblem("Nothing can be divided by infinity with a remainder")
    if isinstance(left, float) or right == 0:
        return left
    return rounded(left - right * math.trunc(Fraction(left) / Fraction(right)))


def text(value: Number) -> str:
    """The shortest decimal form, without an exponent, that reads back as the same number."""
    if isinstance(value, float):
        return "+Inf" if value > 0 else "-Inf"
    if isinstance(value, int) and abs(value).bit_length() <= PRECISION:
        return str(value)
    digits, exponent = shortest(abs(Fraction(value)))
    return ("-" if value < 0 else "") + _positional(digits, exponent)


def shortest(value: Fraction) -> tuple[str, int]:
    """The fewest digits that still identify a positive number, and the power of ten of the last one."""
    low, high = 1, 160
    while low < high:
        middle = (low + high) // 2
        digits, exponent = _digits(value, middle)
        if rounded(_scaled(digits, exponent)) == value:
            high = middle
        else:
            low = middle + 1
    digits, exponent = _digits(value, low)
    while digits and digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return str(digits), exponent


def _digits(value: Fraction, wanted: int) -> tuple[int, int]:
    """The value rounded to so many digits, as an integer and a power of ten."""
    bits = value.numerator.bit_length() - value.denominator.bit_length()
    exponent = math.floor(bits * math.log10(2)) - wanted
    digits = round(value * _scaled(1, -exponent))
    while digits >= 10**wanted:
        exponent += 1
        digits = round(value * _scaled(1, -exponent))
    return digits, exponent


def _scaled(digits: int, exponent: int) -> Fraction:
    power = int(10 ** abs(exponent))
    return Fraction(digits * power) if exponent >= 0 else Fraction(digits, power)


def _positional(digits: str, exponent: int) -> str:
    if exponent >= 0:
        return digits + "0" * exponent
    digits = digits.rjust(1 - exponent, "0")
    return f"{digits[:exponent]}.{digits[exponent:]}"


def from_float(value: float) -> Number:
    """A float's shortest decimal form as a number: what a function that computes with floats gives back."""
    if math.isnan(value):
        raise NumberProblem("The result is not a number")
    return value if math.isinf(value) else rounded(Fraction(repr(value)))
