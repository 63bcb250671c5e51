"""The syntax tree of a PowerShell script."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Node:
    """``line``: where it stands in the script, from 1."""

    line: int


@dataclass
class Const(Node):
    """A number or a text without anything to replace."""

    value: Any


@dataclass
class Expandable(Node):
    """A text with values in it: strings and expressions."""

    parts: list[Any]


@dataclass
class Variable(Node):
    """``$name``; ``scope`` is env, script, global, local, private, variable or ""."""

    name: str
    scope: str = ""


@dataclass
class TypeName(Node):
    """``[Name]``; ``array``: ``[Name[]]``."""

    name: str
    array: bool = False


@dataclass
class ArrayOf(Node):
    """``a, b``."""

    items: list[Node]


@dataclass
class Statements(Node):
    """``@(…)`` with ``kind`` "@", ``$(…)`` with "$", ``(…)`` with ""."""

    kind: str
    body: Block


@dataclass
class HashOf(Node):
    """``@{ name = value }``."""

    pairs: list[tuple[Node, Node]]


@dataclass
class ScriptBlockOf(Node):
    """``{ … }`` as a value."""

    body: Block


@dataclass
class Unary(Node):
    """An operator before its operand."""

    operator: str
    operand: Node


@dataclass
class Binary(Node):
    """An operator between two operands."""

    operator: str
    left: Node
    right: Node


@dataclass
class Cast(Node):
    """``[type]value``."""

    type: TypeName
    operand: Node


@dataclass
class Member(Node):
    """``value.name`` or ``[type]::name``."""

    target: Node
    name: Node
    static: bool


@dataclass
class Call(Node):
    """``value.name(…)`` or ``[type]::name(…)``."""

    target: Node
    name: Node
    arguments: list[Node]
    static: bool


@dataclass
class Index(Node):
    """``value[…]``."""

    target: Node
    index: Node


@dataclass
class Step(Node):
    """``$x++`` and its like; ``before``: the operator stands first."""

    target: Node
    change: int
    before: bool


@dataclass
class Assign(Node):
    """``target = statement``; ``operator`` is what stands before ``=``, or ""."""

    target: Node
    operator: str
    value: Node


@dataclass
class Parameter(Node):
    """``-Name`` or ``-Name:value`` of a command."""

    name: str
    value: Node | None = None


@dataclass
class Splat(Node):
    """``@name`` as arguments."""

    name: str


@dataclass
class Redirect(Node):
    """``stream``: "1", "2", … or "*"; ``target``: a file, or "&1"."""

    stream: str
    append: bool
    target: Node | str


@dataclass
class Command(Node):
    """A command; ``operator`` is ``&``, ``.`` or ""."""

    operator: str
    name: Node
    arguments: list[Node]
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Pipeline(Node):
    """Expressions and commands with ``|`` between them."""

    elements: list[Node]


@dataclass
class ParameterDefinition:
    """One of a function's parameters."""

    name: str
    type: TypeName | None
    default: Node | None
    switch: bool = False
    mandatory: bool = False


@dataclass
class Block(Node):
    """Statements with what belongs to them."""

    statements: list[Node]
    parameters: list[ParameterDefinition] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)
    named: dict[str, Block] = field(default_factory=dict)


@dataclass
class Trap(Node):
    """``trap { … }``."""

    body: Block


@dataclass
class If(Node):
    """Conditions with their blocks, and ``else``."""

    branches: list[tuple[Node, Block]]
    otherwise: Block | None


@dataclass
class While(Node):
    """``while``, ``do … while`` and ``do … until``."""

    condition: Node
    body: Block
    first: bool = False
    until: bool = False


@dataclass
class For(Node):
    """``for (a; b; c)``."""

    start: Node | None
    condition: Node | None
    step: Node | None
    body: Block


@dataclass
class ForEach(Node):
    """``foreach ($x in …)``."""

    variable: Variable
    items: Node
    body: Block


@dataclass
class Switch(Node):
    """``switch (value) { … }``; a clause without a condition is ``default``."""

    value: Node
    flags: set[str]
    clauses: list[tuple[Node | None, Block]]


@dataclass
class Try(Node):
    """``try``, with the types that each ``catch`` names, and ``finally``."""

    body: Block
    catches: list[tuple[list[TypeName], Block]]
    finally_: Block | None


@dataclass
class Function(Node):
    """``function name { … }``."""

    name: str
    body: Block


@dataclass
class Flow(Node):
    """``return``, ``exit``, ``throw``, ``break`` or ``continue``, with a value where there is one."""

    word: str
    value: Node | None
