"""How much work one evaluation may do, and how large one value may be: a small template can ask for a great deal.

Work is counted in parts: a plain value is one, a long text one for each 128 characters, a collection all that is in it.
Counting is deterministic, so that a template is accepted on a slow machine if it is on a fast one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction

from imagesmith.template.hcl2.cty import Value, children

MOST_OF_VALUE = 100_000
"""Parts of one value."""
MOST_OF_ALL = 500_000
"""Parts of everything that one evaluation (a template's variables and locals, a block's options) makes."""
_TEXT = 128
_ITERATION = 4


class TooMuch(ValueError):
    """The work or the value is larger than it may be; the message says which."""


class _Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_OF_ALL


_current: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def fresh() -> Iterator[None]:
    """Count from nothing until the block ends; outside of any such block nothing is counted."""
    token = _current.set(_Budget())
    try:
        yield
    finally:
        _current.reset(token)


def spend(parts: int) -> None:
    """Count so many parts. Raises `TooMuch`."""
    budget = _current.get()
    if budget is None:
        return
    budget.left -= parts
    if budget.left < 0:
        raise TooMuch("evaluating the template takes too many steps")


def spend_text(length: int) -> None:
    """Count a text of so many characters before it is made. Raises `TooMuch`."""
    _limit(length // _TEXT)
    spend(length // _TEXT)


def spend_iteration() -> None:
    """Count one round of a loop. Raises `TooMuch`."""
    spend(_ITERATION)


def made(value: Value) -> Value:
    """Count a new value, and give it back. Raises `TooMuch`."""
    parts = size(value)
    _limit(parts)
    spend(parts)
    return value


def size(value: Value) -> int:
    """The parts of a value, counted once for each place at which it stands."""
    if value.size:
        return value.size
    raw = value.raw
    if isinstance(raw, str):
        found = 1 + len(raw) // _TEXT
    elif isinstance(raw, int):
        found = 1 + raw.bit_length() // 256
    elif isinstance(raw, Fraction):
        found = 1 + raw.numerator.bit_length() // 256 + raw.denominator.bit_length() // 256
    else:
        found = 1 + sum([size(item) for item in children(value)])
    value.size = found
    return found


def _limit(parts: int) -> None:
    if parts > MOST_OF_VALUE and _current.get() is not None:
        raise TooMuch("the value is too large")
