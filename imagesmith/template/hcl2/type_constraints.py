"""Type constraints: ``string``, ``list(number)``, ``object({ a = string, b = optional(bool, true) })``, …"""

from __future__ import annotations

from typing import NoReturn

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import (
    BOOL,
    DYNAMIC,
    NUMBER,
    STRING,
    ListOf,
    MapOf,
    ObjectOf,
    SetOf,
    TupleOf,
    Type,
    Value,
    object_of,
    tuple_of,
)
from imagesmith.template.hcl2.parser import parse_expression
from imagesmith.template.hcl2.scope import did_you_mean
from imagesmith.template.hcl2.source import failure

_SIMPLE: dict[str, Type] = {"string": STRING, "number": NUMBER, "bool": BOOL, "any": DYNAMIC}
_COLLECTIONS = {"list": ListOf, "set": SetOf, "map": MapOf}
_CONSTRUCTORS = (*_COLLECTIONS, "tuple", "object")


def type_of(node: nodes.Expression) -> Type:
    """The type that an expression names. A string is read as if its text stood there, as in JSON templates."""
    if isinstance(node, nodes.Literal) and isinstance(node.value.raw, str):
        return type_of(parse_expression(node.source.inner(node.start + 1, node.value.raw)))
    if isinstance(node, nodes.Variable):
        if node.name in _SIMPLE:
            return _SIMPLE[node.name]
        if node.name in _CONSTRUCTORS:
            _fail(node, f'The type "{node.name}" needs its elements in parentheses', f"Write {node.name}(…)")
        _fail(node, f'There is no type "{node.name}"', did_you_mean(node.name, [*_SIMPLE, *_CONSTRUCTORS]))
    if isinstance(node, nodes.Call):
        return _constructed(node)
    hint = "Write string, number, bool, list(string), map(string), …"
    raise failure("A type is wanted here", hint=hint, location=node.location)


def _fail(node: nodes.Node, summary: str, hint: str = "") -> NoReturn:
    raise failure(summary, hint=hint, location=node.location)


def _constructed(node: nodes.Call) -> Type:
    if node.name == "optional":
        _fail(node, "optional(…) is only for the attributes of object({…})")
    if node.name not in _CONSTRUCTORS:
        _fail(node, f'There is no type "{node.name}"', did_you_mean(node.name, [*_SIMPLE, *_CONSTRUCTORS]))
    if len(node.arguments) != 1 or node.expand:
        _fail(node, f'The type "{node.name}" wants one argument')
    argument = node.arguments[0]
    if node.name in _COLLECTIONS:
        return _COLLECTIONS[node.name](type_of(argument))
    if node.name == "tuple":
        if not isinstance(argument, nodes.TupleItems):
            _fail(argument, "tuple wants a list of types", "Write tuple([string, number])")
        return TupleOf(tuple(map(type_of, argument.items)))
    if not isinstance(argument, nodes.ObjectItems):
        _fail(argument, "object wants named types", "Write object({ name = string, size = number })")
    return _object(argument)


def _object(node: nodes.ObjectItems) -> Type:
    attributes: dict[str, Type] = {}
    optional: dict[str, Value | None] = {}
    for key, value in node.items:
        if isinstance(key, nodes.Variable):
            name = key.name
        elif isinstance(key, nodes.Literal):
            name = str(key.value.raw) if isinstance(key.value.raw, str) else key.text
        else:
            _fail(key, "The name of an attribute is wanted here")
        if isinstance(value, nodes.Call) and value.name == "optional":
            attributes[name], optional[name] = _optional(value)
        else:
            attributes[name] = type_of(value)
    return ObjectOf(tuple(sorted(attributes.items())), optional)


def _optional(node: nodes.Call) -> tuple[Type, Value | None]:
    if len(node.arguments) not in (1, 2):
        _fail(node, "optional wants a type and, perhaps, a default")
    default = _constant(node.arguments[1]) if len(node.arguments) == 2 else None
    return type_of(node.arguments[0]), default


def _constant(node: nodes.Expression) -> Value:
    """A default is written out: it can hold no variable and no function."""
    if isinstance(node, nodes.Literal):
        return node.value
    if isinstance(node, nodes.TupleItems):
        return tuple_of(map(_constant, node.items))
    if isinstance(node, nodes.ObjectItems):
        return object_of({_constant_key(key): _constant(value) for key, value in node.items})
    if isinstance(node, nodes.Unary) and isinstance(node.operand, nodes.Literal):
        from imagesmith.template.hcl2.operators import OperationProblem, unary

        try:
            return unary(node.operator, node.operand.value)
        except OperationProblem as problem:
            _fail(node, str(problem))
    _fail(node, "The default of an optional attribute must be a plain value")


def _constant_key(node: nodes.Expression) -> str:
    if isinstance(node, nodes.Variable):
        return node.name
    if isinstance(node, nodes.Literal) and isinstance(node.value.raw, str):
        return node.value.raw
    _fail(node, "A plain key is wanted here")
