"""The parsed form of a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Constant:
    """A literal: string, number, boolean or None for ``nil``."""

    value: object
    at: int


@dataclass(slots=True)
class Dot:
    """The current data."""

    at: int


@dataclass(slots=True)
class Fields:
    """``.A.B`` of the current data, of a variable or of a parenthesis (``of`` is None for the current data)."""

    of: Operand | None
    names: tuple[str, ...]
    at: int


@dataclass(slots=True)
class Variable:
    """``$`` or ``$name``."""

    name: str
    at: int


@dataclass(slots=True)
class Name:
    """The name of a function."""

    name: str
    at: int


@dataclass(slots=True)
class Pipe:
    """Commands joined by ``|``, with the variables that get the result."""

    commands: list[list[Operand]]
    variables: tuple[str, ...]
    declares: bool
    at: int


Operand = Constant | Dot | Fields | Variable | Name | Pipe


@dataclass(slots=True)
class Text:
    """Text that stands for itself."""

    text: str
    at: int


@dataclass(slots=True)
class Output:
    """``{{ pipeline }}``; ``source`` is how it is written."""

    pipe: Pipe
    source: str
    at: int


@dataclass(slots=True)
class Branch:
    """``if``, ``with`` or ``range`` with its ``else``."""

    keyword: Literal["if", "with", "range"]
    pipe: Pipe
    at: int
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Jump:
    """``break`` or ``continue``."""

    keyword: Literal["break", "continue"]
    at: int


@dataclass(slots=True)
class Include:
    """``{{ template "name" pipeline }}``."""

    name: str
    pipe: Pipe | None
    at: int


Node = Text | Output | Branch | Jump | Include


@dataclass(slots=True)
class Template:
    """A parsed template: its own nodes and those of the templates that it defines."""

    text: str
    body: list[Node] = field(default_factory=list)
    defined: dict[str, list[Node]] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
