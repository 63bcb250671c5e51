"""``set /a``: whole numbers of 32 bits with C's operators."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0x[0-9a-f]+|\d+|<<=?|>>=?|[-+*/%&|^]=|[-+*/%&|^~!()=,]|[^\s\d+\-*/%&|^~!()=,<>][^\s+\-*/%&|^~!()=,<>]*)",
    re.IGNORECASE,
)
_LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))


class ArithmeticProblem(Exception):
    """The expression can't be calculated; the text is what Windows says."""


def calculate(expression: str, lookup: Callable[[str], str]) -> tuple[int, dict[str, int]]:
    """The last value, and the variables that were set on the way. Raises `ArithmeticProblem`."""
    calculator = _Calculator(expression, lookup)
    value = calculator.assignment()
    while calculator.take(","):
        value = calculator.assignment()
    if calculator.tokens:
        raise ArithmeticProblem("Missing operator.")
    return value, calculator.changes


class _Calculator:
    def __init__(self, expression: str, lookup: Callable[[str], str]) -> None:
        self.tokens = _split(expression)
        self.changes: dict[str, int] = {}
        self._lookup = lookup

    def take(self, *wanted: str) -> str:
        if self.tokens and self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return ""

    def assignment(self) -> int:
        if len(self.tokens) > 1 and re.fullmatch(r"(?:[-+*/%&|^]|<<|>>)?=", self.tokens[1]):
            name, operator = self.tokens.pop(0), self.tokens.pop(0)[:-1]
            value = self.assignment()
            self.changes[name] = _apply(operator, self._value(name), value) if operator else value
            return self.changes[name]
        return self._level(0)

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while operator := self.take(*_LEVELS[level]):
            value = _apply(operator, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        operator = self.take("-", "+", "~", "!")
        if operator:
            value = self._unary()
            return {"-": -value, "+": value, "~": ~value, "!": int(not value)}[operator]
        if self.take("("):
            value = self.assignment()
            if not self.take(")"):
                raise ArithmeticProblem("Unbalanced parenthesis.")
            return value
        if not self.tokens:
            raise ArithmeticProblem("Missing operand.")
        return self._value(self.tokens.pop(0))

    def _value(self, token: str) -> int:
        if token in self.changes:
            return self.changes[token]
        text = token if token[0].isdigit() else self._lookup(token)
        try:
            return int(text, 8) if re.fullmatch(r"0[0-7]+", text) else int(text, 0)
        except ValueError:
            if token[0].isdigit():
                raise ArithmeticProblem("Invalid number.") from None
            return 0


def _split(expression: str) -> list[str]:
    tokens, at = [], 0
    expression = expression.rstrip()
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if not found:
            raise ArithmeticProblem("Missing operator.")
        tokens.append(found.group(1))
        at = found.end()
    return tokens


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%") and right == 0:
        raise ArithmeticProblem("Divide by zero error.")
    quotient = abs(left) // abs(right or 1) * (1 if (left < 0) == (right < 0) else -1)
    value = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "/": quotient,
        "%": left - quotient * right,
        "&": left & right,
        "|": left | right,
        "^": left ^ right,
        "<<": left << min(right, 32),
        ">>": left >> min(right, 32),
    }[operator]
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)
