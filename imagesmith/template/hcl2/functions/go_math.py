"""Logarithm and power whose last digits agree with Go's, which are not the C library's.

Go takes the algorithms of FreeBSD's msun: the logarithm by a polynomial on [sqrt(2)/2, sqrt(2)], the power by squaring.
"""

from __future__ import annotations

import math

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_ODD = (6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01)
_EVEN = (3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01)
_OVERFLOWS = 1 << 12


def log(value: float) -> float:
    """The natural logarithm; NaN for negative numbers, minus infinity for 0."""
    if math.isnan(value) or value < 0:
        return math.nan
    if value == 0 or math.isinf(value):
        return -math.inf if value == 0 else math.inf
    fraction, exponent = math.frexp(value)
    if fraction < math.sqrt(2) / 2:
        fraction, exponent = fraction * 2, exponent - 1
    rest, power = fraction - 1, float(exponent)
    s = rest / (2 + rest)
    s2 = s * s
    s4 = s2 * s2
    odd = s2 * (_ODD[0] + s4 * (_ODD[1] + s4 * (_ODD[2] + s4 * _ODD[3])))
    even = s4 * (_EVEN[0] + s4 * (_EVEN[1] + s4 * _EVEN[2]))
    half = 0.5 * rest * rest
    return power * _LN2_HIGH - ((half - (s * (half + (odd + even)) + power * _LN2_LOW)) - rest)


def divide(left: float, right: float) -> float:
    """The quotient with IEEE's infinities and NaN."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def power(base: float, exponent: float) -> float:
    """``base`` to the ``exponent``; NaN and infinities as IEEE has them."""
    if exponent in (0.5, -0.5) and base >= 0 and math.isfinite(base):
        return divide(math.sqrt(base) if exponent > 0 else 1.0, 1.0 if exponent > 0 else math.sqrt(base))
    if base == 0 or exponent == 0 or not math.isfinite(base) or not math.isfinite(exponent):
        return _special(base, exponent)
    fraction, whole = math.modf(abs(exponent))
    if fraction and base < 0:
        return math.nan
    if whole >= 1 << 63:
        return 1.0 if base == -1 else 0.0 if (abs(base) < 1) == (exponent > 0) else math.inf
    return _by_squaring(base, exponent, int(whole), fraction)


def _special(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except ValueError:
        odd = exponent % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf


def _by_squaring(base: float, exponent: float, whole: int, fraction: float) -> float:
    result, scale = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction, whole = fraction - 1, whole + 1
        result = math.exp(fraction * log(base))
    factor, bits = math.frexp(base)
    while whole:
        if abs(bits) > _OVERFLOWS:
            scale += bits
            break
        if whole & 1:
            result, scale = result * factor, scale + bits
        factor, bits = factor * factor, bits * 2
        if factor < 0.5:
            factor, bits = factor * 2, bits - 1
        whole >>= 1
    if exponent < 0:
        result, scale = 1 / result, -scale
    try:
        return math.ldexp(result, scale)
    except OverflowError:
        return math.copysign(math.inf, result)
