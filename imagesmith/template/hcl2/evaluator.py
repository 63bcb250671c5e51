"""From a syntax tree and a scope to a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from imagesmith.errors import MissingDependency, TemplateError
from imagesmith.template.hcl2 import comprehension, nodes, operators
from imagesmith.template.hcl2.access import attribute, index, splat_items
from imagesmith.template.hcl2.budget import TooMuch, made, size, spend, spend_iteration
from imagesmith.template.hcl2.conversion import NotConvertible, convert, text_of, unify
from imagesmith.template.hcl2.cty import (
    ANYTHING,
    BOOL,
    DYNAMIC,
    STRING,
    ListOf,
    SetOf,
    TupleOf,
    Type,
    Value,
    friendly,
    list_of,
    object_of,
    string,
    tuple_of,
    unknown,
)
from imagesmith.template.hcl2.functions import FunctionProblem, find
from imagesmith.template.hcl2.scope import Scope, did_you_mean
from imagesmith.template.hcl2.source import failure

_SPLAT_ITEM = "[*]"
_PASSED = 8
"""Looking at a part of an argument is that much less work than making one."""


def evaluate(expression: nodes.Expression, scope: Scope) -> Value:
    """The expression's value. Raises `imagesmith.errors.TemplateError` at the first thing that is wrong in it."""
    try:
        return _HANDLERS[type(expression)](expression, scope)
    except TooMuch as problem:
        hint = "Make the collections or texts that it is made from smaller"
        raise failure("This is too much", str(problem), hint, expression.location) from None


def _fail(node: nodes.Node, summary: str, detail: str = "", hint: str = "") -> NoReturn:
    raise failure(summary, detail, hint, node.location)


def _literal(node: nodes.Literal, _: Scope) -> Value:
    return node.value


def _variable(node: nodes.Variable, scope: Scope) -> Value:
    value = scope.variables.get(node.name)
    if value is not None:
        return value
    if reason := scope.absent.get(node.name):
        _fail(node, f'"{node.name}" can\'t be used here', reason)
    if not scope.variables:
        _fail(
            node, f'Variables can\'t be used here, found "{node.name}"', hint=f'For text write "{node.name}" in quotes'
        )
    hint = did_you_mean(node.name, scope.variables) or f'For text write "{node.name}" in quotes'
    known = ", ".join(sorted(name for name in scope.variables if name != _SPLAT_ITEM))
    _fail(node, f'There is no variable "{node.name}"', f"Known are {known}", hint)


def _splat_item(_: nodes.SplatItem, scope: Scope) -> Value:
    return scope.variables[_SPLAT_ITEM]


def _access(node: nodes.Access, scope: Scope) -> Value:
    value = evaluate(node.subject, scope)
    for position, step in enumerate(node.steps):
        if isinstance(step, nodes.Attribute):
            raw = value.raw
            if isinstance(raw, dict) and step.name in raw:
                value = raw[step.name]
            else:
                value = attribute(value, step.name, _shown(node, position), step.location)
        else:
            value = index(value, evaluate(step.key, scope), _shown(node, position), step.location)
    return value


def _shown(node: nodes.Access, before: int) -> str:
    """The subject and its first steps as errors name them."""
    steps = node.steps[:before]
    return node.subject.text + "".join(f".{s.name}" if isinstance(s, nodes.Attribute) else "[…]" for s in steps)


def _splat(node: nodes.Splat, scope: Scope) -> Value:
    subject = evaluate(node.subject, scope)
    items = splat_items(subject)
    if items is None:
        return ANYTHING
    spend(len(items))
    values = [evaluate(node.each, scope.with_variables({_SPLAT_ITEM: item})) for item in items]
    if isinstance(subject.type, ListOf | SetOf):
        common = unify([value.type for value in values])
        if common is not None:
            return made(list_of(common, [convert(value, common) for value in values]))
    return made(tuple_of(values))


def _call(node: nodes.Call, scope: Scope) -> Value:
    function = find(node, scope)
    try:
        if function.lazy:
            return function.call_lazily(node.arguments, scope, evaluate, expands=node.expand)
        arguments = _arguments(node, scope)
        spend(1 + sum(map(size, arguments)) // _PASSED)
        return made(function.call(arguments, scope.surroundings))
    except FunctionProblem as problem:
        given = node.arguments[: problem.argument + 1] if problem.argument is not None else []
        if problem.argument is not None and len(given) == problem.argument + 1:
            _fail(given[-1], f"{node.name}: argument {problem.argument + 1}: {problem}")
        _fail(node, f"{node.name}: {problem}", hint=problem.hint or f"{function.usage}: {function.doc}")
    except MissingDependency as missing:
        missing.location = missing.location or node.location
        raise


def _arguments(node: nodes.Call, scope: Scope) -> list[Value]:
    values = [evaluate(argument, scope) for argument in node.arguments]
    if not node.expand:
        return values
    last = values.pop()
    if not last.known:
        raise FunctionProblem("what ... expands must be known before the build", len(values))
    if last.is_null or not isinstance(last.type, ListOf | SetOf | TupleOf):
        raise FunctionProblem("... expands lists, sets and tuples only", len(values))
    return [*values, *last.raw]


def _parentheses(node: nodes.Parentheses, scope: Scope) -> Value:
    return evaluate(node.inner, scope)


def _unary(node: nodes.Unary, scope: Scope) -> Value:
    try:
        return operators.unary(node.operator, evaluate(node.operand, scope))
    except operators.OperationProblem as problem:
        _fail(node.operand, f"{node.operator} can't be applied", str(problem))


def _binary(node: nodes.Binary, scope: Scope) -> Value:
    # Long rows of the same operator are deep on the left side only, so that side is walked, not called.
    pending = [node]
    while isinstance(pending[-1].left, nodes.Binary):
        pending.append(pending[-1].left)
    value = evaluate(pending[-1].left, scope)
    while pending:
        current = pending.pop()
        if current.operator in ("&&", "||") and value.raw is (current.operator == "||"):
            continue
        right = evaluate(current.right, scope)
        spend(1 + (size(value) + size(right)) // _PASSED)
        try:
            value = operators.binary(current.operator, value, right)
        except operators.OperationProblem as problem:
            _fail(current, f"{current.operator} can't be applied", str(problem))
    return value


def _conditional(node: nodes.Conditional, scope: Scope) -> Value:
    condition = _truth(node.condition, scope)
    chosen, other = (node.otherwise, node.then) if condition.raw is False else (node.then, node.otherwise)
    value = evaluate(chosen, scope)
    kind = _type_of_other(other, scope, must_work=not condition.known)
    common = unify([value.type, kind])
    if common is None:
        detail = f"One is {friendly(value.type)}, the other {friendly(kind)}"
        _fail(node, "The two results of a conditional must have the same type", detail)
    try:
        spend(1 + size(value) // _PASSED)
        return convert(value, common) if condition.known else unknown(common)
    except NotConvertible as problem:
        _fail(chosen, "The two results of a conditional must have the same type", str(problem))


def _type_of_other(node: nodes.Expression, scope: Scope, *, must_work: bool) -> Type:
    """The type of the result that isn't chosen; what is wrong with it doesn't matter then."""
    try:
        return evaluate(node, scope).type
    except TemplateError:
        if must_work:
            raise
        return DYNAMIC


def _truth(node: nodes.Expression, scope: Scope) -> Value:
    value = evaluate(node, scope)
    try:
        condition = convert(value, BOOL)
    except NotConvertible as problem:
        _fail(node, "A condition must be true or false", str(problem))
    if condition.is_null:
        _fail(node, "A condition must be true or false, not null")
    return condition


def _tuple(node: nodes.TupleItems, scope: Scope) -> Value:
    return made(tuple_of([evaluate(item, scope) for item in node.items]))


def _object(node: nodes.ObjectItems, scope: Scope) -> Value:
    attributes: dict[str, Value] = {}
    for key_node, value_node in node.items:
        key = _object_key(key_node, scope)
        value = evaluate(value_node, scope)
        if key is None:
            return ANYTHING
        attributes[key] = value
    return made(object_of(attributes))


def _object_key(node: nodes.Expression, scope: Scope) -> str | None:
    """The key's text, or None while it isn't known."""
    if isinstance(node, nodes.Variable):
        return node.name
    if (
        isinstance(node, nodes.Literal)
        and not isinstance(node.value.raw, str)
        and node.text in ("true", "false", "null")
    ):
        return node.text
    if isinstance(node, nodes.Access):
        hint = "Put the key in parentheses to use a reference, in quotes for a text with a dot"
        _fail(node, "It isn't clear what this key means", hint=hint)
    value = evaluate(node, scope)
    if value.is_null:
        _fail(node, "A key can't be null")
    if not value.known:
        return None
    try:
        return text_of(value)
    except NotConvertible as problem:
        _fail(node, "A key must be a string", str(problem))


def _for(node: nodes.For, scope: Scope) -> Value:
    return made(comprehension.collect(node, scope, evaluate, _truth))


def _template(node: nodes.Template, scope: Scope) -> Value:
    texts: list[str] = []
    undecided = False
    for part in node.parts:
        value = evaluate(part, scope)
        if value.is_null:
            _fail(part, "A null value can't be part of a string", hint="Use coalesce or a conditional")
        try:
            converted = convert(value, STRING)
        except NotConvertible:
            hint = "Use jsonencode, or join for a list"
            _fail(part, f"{friendly(value.type).capitalize()} values can't be part of a string", hint=hint)
        undecided = undecided or not converted.known
        texts.append(converted.raw if converted.known else "")
    return unknown(STRING) if undecided else made(string("".join(texts)))


def _lone_interpolation(node: nodes.LoneInterpolation, scope: Scope) -> Value:
    return evaluate(node.inner, scope)


def _template_if(node: nodes.TemplateIf, scope: Scope) -> Value:
    condition = _truth(node.condition, scope)
    if not condition.known:
        return unknown(STRING)
    return evaluate(node.then if condition.raw else node.otherwise, scope)


def _template_for(node: nodes.TemplateFor, scope: Scope) -> Value:
    texts: list[str] = []
    pairs = comprehension.pairs(evaluate(node.collection, scope), node.collection)
    if pairs is None:
        return unknown(STRING)
    for key, value in pairs:
        spend_iteration()
        names = {node.key_name: key, node.value_name: value} if node.key_name else {node.value_name: value}
        result = evaluate(node.body, scope.with_variables(names))
        if not result.known:
            return unknown(STRING)
        texts.append(text_of(result))
    return made(string("".join(texts)))


_HANDLERS: dict[type[nodes.Expression], Callable[[Any, Scope], Value]] = {
    nodes.Literal: _literal,
    nodes.Variable: _variable,
    nodes.SplatItem: _splat_item,
    nodes.Access: _access,
    nodes.Splat: _splat,
    nodes.Call: _call,
    nodes.Parentheses: _parentheses,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Conditional: _conditional,
    nodes.TupleItems: _tuple,
    nodes.ObjectItems: _object,
    nodes.For: _for,
    nodes.Template: _template,
    nodes.LoneInterpolation: _lone_interpolation,
    nodes.TemplateIf: _template_if,
    nodes.TemplateFor: _template_for,
}
