"""``for`` expressions, and the walk over a collection that they share with template directives and dynamic blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.budget import spend_iteration
from imagesmith.template.hcl2.conversion import NotConvertible, text_of
from imagesmith.template.hcl2.cty import (
    ANYTHING,
    DYNAMIC,
    ListOf,
    MapOf,
    ObjectOf,
    SetOf,
    TupleOf,
    Value,
    friendly,
    number,
    object_of,
    string,
    tuple_of,
)
from imagesmith.template.hcl2.scope import Scope
from imagesmith.template.hcl2.source import failure

_Evaluate = Callable[[nodes.Expression, Scope], Value]


def pairs(collection: Value, node: nodes.Node) -> Iterable[tuple[Value, Value]] | None:
    """The keys and values of a collection in order; None while it isn't known."""
    if collection.is_null:
        raise failure(
            "A null value can't be walked over", hint="Use coalescelist or a conditional", location=node.location
        )
    if not isinstance(collection.type, ListOf | SetOf | TupleOf | MapOf | ObjectOf):
        if collection.type == DYNAMIC:
            return None
        title = f"Only lists, sets, maps and objects can be walked over, not a {friendly(collection.type)}"
        raise failure(title, location=node.location)
    if not collection.known:
        return None
    if isinstance(collection.raw, dict):
        return [(string(name), item) for name, item in collection.raw.items()]
    if isinstance(collection.type, SetOf):
        return [(item, item) for item in collection.raw]
    return [(number(position), item) for position, item in enumerate(collection.raw)]


def collect(node: nodes.For, scope: Scope, evaluate: _Evaluate, truth: _Evaluate) -> Value:
    """The value of a ``for`` expression."""
    found = pairs(evaluate(node.collection, scope), node.collection)
    if found is None:
        return ANYTHING
    inner_scopes = []
    for key, value in found:
        spend_iteration()
        names = {node.key_name: key, node.value_name: value} if node.key_name else {node.value_name: value}
        inner = scope.with_variables(names)
        wanted = truth(node.condition, inner) if node.condition is not None else None
        if wanted is not None and not wanted.known:
            return ANYTHING
        if wanted is None or wanted.raw:
            inner_scopes.append(inner)
    if node.key is None:
        return tuple_of(evaluate(node.value, inner) for inner in inner_scopes)
    return _keyed(node, node.key, inner_scopes, evaluate)


def _keyed(node: nodes.For, key_node: nodes.Expression, scopes: list[Scope], evaluate: _Evaluate) -> Value:
    grouped: dict[str, list[Value]] = {}
    for inner in scopes:
        key = _key(evaluate(key_node, inner), key_node)
        value = evaluate(node.value, inner)
        if key is None:
            return ANYTHING
        if key in grouped and not node.grouped:
            hint = "Put ... after the value to collect all values of a key in a list"
            raise failure(f'The key "{key}" comes twice', hint=hint, location=key_node.location)
        grouped.setdefault(key, []).append(value)
    if node.grouped:
        return object_of({key: tuple_of(values) for key, values in grouped.items()})
    return object_of({key: values[0] for key, values in grouped.items()})


def _key(value: Value, node: nodes.Node) -> str | None:
    if value.is_null:
        raise failure("A key can't be null", location=node.location)
    if not value.known:
        return None
    try:
        return text_of(value)
    except NotConvertible as problem:
        raise failure("A key must be a string", str(problem), location=node.location) from None
