"""Helpers of these tests: one expression's value as JSON, one template's plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imagesmith.errors import ImagesmithError
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.template.hcl2 import load
from imagesmith.template.hcl2.cty import Value, from_plain, to_plain
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.functions.json_text import encode
from imagesmith.template.hcl2.parser import parse_expression
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.hcl2.source import Source


def value_of(text: str, variables: Mapping[str, Value] | None = None, **surroundings: Any) -> Value:
    """The value of an expression that may use every function."""
    return evaluate(parse_expression(Source("t", text)), Scope(variables or {}, Surroundings(**surroundings)))


def plain(text: str, **variables: object) -> Any:
    """The value of an expression as plain data; variables are given as plain data too."""
    return to_plain(value_of(text, {name: from_plain(data) for name, data in variables.items()}))


def as_json(text: str) -> str:
    """The value of an expression as JSON."""
    return encode(value_of(text))


def plan(folder: Path, text: str, name: str = "t.pkr.hcl", **request: Any) -> Plan:
    """The plan of a template that is written into the folder first; no environment unless it is given."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load(TemplateRequest(path=str(path), **{"environ": {}, **request}))


def options(given: Sequence[Any]) -> dict[str, Any]:
    """What a block gives, by name."""
    return {entry.name: entry.value for entry in given}


def refusal(attempt: Callable[[], object]) -> ImagesmithError | None:
    """One of our own errors that the attempt raises, or None; any other error fails the test."""
    try:
        attempt()
    except ImagesmithError as error:
        return error
    return None
