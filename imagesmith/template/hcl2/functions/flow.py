"""Functions that deal with expressions and types: try, can, convert; and env."""

from __future__ import annotations

from collections.abc import Sequence

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2 import conversion, nodes
from imagesmith.template.hcl2.cty import BOOL, STRING, Value, boolean, unknown, wholly_known
from imagesmith.template.hcl2.functions.registry import Evaluate, FunctionProblem, function
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.hcl2.type_constraints import type_of


@function("can(expression)", lazy=True)
def can(arguments: Sequence[nodes.Expression], scope: Scope, evaluate: Evaluate) -> Value:
    """Whether the expression works."""
    if len(arguments) != 1:
        raise FunctionProblem(f"1 argument wanted, {len(arguments)} given")
    try:
        value = evaluate(arguments[0], scope)
    except TemplateError:
        return boolean(False)
    return boolean(True) if wholly_known(value) else unknown(BOOL)


@function("convert(value, type)", lazy=True)
def convert(arguments: Sequence[nodes.Expression], scope: Scope, evaluate: Evaluate) -> Value:
    """The value as this type."""
    if len(arguments) != 2:
        raise FunctionProblem(f"2 arguments wanted, {len(arguments)} given")
    if isinstance(arguments[1], nodes.Literal | nodes.Template):
        raise FunctionProblem("a type is wanted, without quotes", 1)
    wanted = type_of(arguments[1])
    try:
        return conversion.convert(evaluate(arguments[0], scope), wanted)
    except conversion.NotConvertible as problem:
        raise FunctionProblem(str(problem), 0) from None


@function("env(name)", STRING, returns=STRING, surroundings=True)
def env(surroundings: Surroundings, name: str) -> str:
    """An environment variable, or an empty string; in defaults of variables only."""
    return surroundings.environ.get(name, "")


@function("try(expression, …)", lazy=True)
def first_that_works(arguments: Sequence[nodes.Expression], scope: Scope, evaluate: Evaluate) -> Value:
    """The first that works."""
    if not arguments:
        raise FunctionProblem("at least one argument is wanted")
    reasons = []
    for argument in arguments:
        try:
            return evaluate(argument, scope)
        except TemplateError as problem:
            reasons += [diagnostic.summary for diagnostic in problem.diagnostics]
    raise FunctionProblem("none of the expressions works: " + "; ".join(reasons))
