"""The syntax tree: what a file says, with the place of everything, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.errors import Location
from imagesmith.template.hcl2.cty import Value
from imagesmith.template.hcl2.source import Source


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """A piece of a file; ``start`` and ``end`` are offsets into its text."""

    source: Source
    start: int
    end: int

    @property
    def location(self) -> Location:
        """Where it begins."""
        return self.source.location(self.start)

    @property
    def text(self) -> str:
        """The text as it is written."""
        return self.source.text[self.start : self.end]


@dataclass(slots=True, eq=False, repr=False)
class Expression(Node):
    """The base of everything that has a value."""

    def children(self) -> Iterator[Expression]:
        """The expressions directly inside, in the order in which they are written."""
        yield from ()


@dataclass(slots=True, eq=False, repr=False)
class Literal(Expression):
    """A number, true, false, null, or a stretch of plain text in a template."""

    value: Value


@dataclass(slots=True, eq=False, repr=False)
class Variable(Expression):
    """The first name of a reference: ``var`` in ``var.region``."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class SplatItem(Expression):
    """The element that a splat is at."""


@dataclass(slots=True, eq=False, repr=False)
class Attribute(Node):
    """A step ``.name``."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Index(Node):
    """A step ``[key]`` or ``.0``."""

    key: Expression


@dataclass(slots=True, eq=False, repr=False)
class Access(Expression):
    """A value and the steps into it: ``var.tags["a"].b``."""

    subject: Expression
    steps: list[Attribute | Index]

    def children(self) -> Iterator[Expression]:
        yield self.subject
        yield from (step.key for step in self.steps if isinstance(step, Index))


@dataclass(slots=True, eq=False, repr=False)
class Splat(Expression):
    """``subject[*].rest`` or ``subject.*.rest``; ``each`` is the rest, applied to a `SplatItem`."""

    subject: Expression
    each: Expression

    def children(self) -> Iterator[Expression]:
        yield self.subject
        yield self.each


@dataclass(slots=True, eq=False, repr=False)
class Call(Expression):
    """A function call; ``expand`` when the last argument is followed by ``...``."""

    name: str
    arguments: list[Expression]
    expand: bool

    def children(self) -> Iterator[Expression]:
        yield from self.arguments


@dataclass(slots=True, eq=False, repr=False)
class Parentheses(Expression):
    """An expression in parentheses."""

    inner: Expression

    def children(self) -> Iterator[Expression]:
        yield self.inner


@dataclass(slots=True, eq=False, repr=False)
class Unary(Expression):
    """``-x`` or ``!x``."""

    operator: str
    operand: Expression

    def children(self) -> Iterator[Expression]:
        yield self.operand


@dataclass(slots=True, eq=False, repr=False)
class Binary(Expression):
    """Two operands and an operator between them."""

    operator: str
    left: Expression
    right: Expression

    def children(self) -> Iterator[Expression]:
        yield self.left
        yield self.right


@dataclass(slots=True, eq=False, repr=False)
class Conditional(Expression):
    """``condition ? then : otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression

    def children(self) -> Iterator[Expression]:
        yield from (self.condition, self.then, self.otherwise)


@dataclass(slots=True, eq=False, repr=False)
class TupleItems(Expression):
    """``[a, b]``."""

    items: list[Expression]

    def children(self) -> Iterator[Expression]:
        yield from self.items


@dataclass(slots=True, eq=False, repr=False)
class ObjectItems(Expression):
    """``{ key = value }``."""

    items: list[tuple[Expression, Expression]]

    def children(self) -> Iterator[Expression]:
        for key, value in self.items:
            if not isinstance(key, Variable):
                yield key
            yield value


@dataclass(slots=True, eq=False, repr=False)
class For(Expression):
    """``[for k, v in collection : value if condition]``; ``key`` is set in the form with braces."""

    key_name: str
    value_name: str
    collection: Expression
    key: Expression | None
    value: Expression
    condition: Expression | None
    grouped: bool

    def children(self) -> Iterator[Expression]:
        yield from (part for part in (self.collection, self.key, self.value, self.condition) if part is not None)


@dataclass(slots=True, eq=False, repr=False)
class Template(Expression):
    """Text with interpolations and directives, which are the parts that aren't literals."""

    parts: list[Expression]

    def children(self) -> Iterator[Expression]:
        yield from self.parts


@dataclass(slots=True, eq=False, repr=False)
class LoneInterpolation(Expression):
    """A template that is a single ``${…}`` and so keeps the type of what is in it."""

    inner: Expression

    def children(self) -> Iterator[Expression]:
        yield self.inner


@dataclass(slots=True, eq=False, repr=False)
class TemplateIf(Expression):
    """``%{ if condition }…%{ else }…%{ endif }``."""

    condition: Expression
    then: Template
    otherwise: Template

    def children(self) -> Iterator[Expression]:
        yield from (self.condition, self.then, self.otherwise)


@dataclass(slots=True, eq=False, repr=False)
class TemplateFor(Expression):
    """``%{ for k, v in collection }…%{ endfor }``."""

    key_name: str
    value_name: str
    collection: Expression
    body: Template

    def children(self) -> Iterator[Expression]:
        yield from (self.collection, self.body)


@dataclass(slots=True, eq=False, repr=False)
class Argument(Node):
    """``name = expression`` in a body."""

    name: str
    expression: Expression


@dataclass(slots=True, eq=False, repr=False)
class Label(Node):
    """One label of a block."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Block(Node):
    """``type "label" { body }``."""

    type: str
    labels: list[Label]
    body: Body


@dataclass(slots=True, eq=False, repr=False)
class Body(Node):
    """What stands between a block's braces, or in a whole file."""

    arguments: dict[str, Argument] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
