"""The functions of the language, one module for each family; a new one is one decorated function in its module."""

from __future__ import annotations

from imagesmith.errors import Location
from imagesmith.template.hcl2.functions import (
    collection,
    crypto,
    date,
    encoding,
    filesystem,
    flow,
    network,
    numeric,
    remote,
    strings,
)
from imagesmith.template.hcl2.functions.registry import REGISTRY, Function, FunctionProblem
from imagesmith.template.hcl2.nodes import Call
from imagesmith.template.hcl2.scope import Scope, did_you_mean
from imagesmith.template.hcl2.source import failure

__all__ = ["Function", "FunctionProblem", "find", "names"]

_FAMILIES = (collection, crypto, date, encoding, filesystem, flow, network, numeric, remote, strings)


def names() -> list[str]:
    """The names of all functions."""
    return sorted(REGISTRY)


def find(call: Call, scope: Scope) -> Function:
    """The function that is called, if the scope allows it. Raises `imagesmith.errors.TemplateError`."""
    function = REGISTRY.get(call.name)
    if function is None or scope.functions != "all" or scope.without or call.name == "env":
        return _allowed(function, call.name, scope, call.location)
    return function


def _allowed(function: Function | None, name: str, scope: Scope, location: Location) -> Function:
    if function is None:
        hint = did_you_mean(name, REGISTRY)
        raise failure(f'There is no function "{name}"', hint=hint, location=location)
    if scope.functions == "none":
        raise failure(f'Functions can\'t be used here, found "{name}"', location=location)
    if scope.functions == "env" and name != "env":
        hint = "Use a local for a computed value"
        raise failure(f'Only the function env can be used in a default, found "{name}"', hint=hint, location=location)
    if scope.functions == "all" and name == "env":
        hint = 'Declare a variable with default = env("…") and use var.… here'
        raise failure("env can only be used in the default of a variable", hint=hint, location=location)
    if name in scope.without:
        raise failure(f'The function "{name}" can\'t be used here', location=location)
    return function
