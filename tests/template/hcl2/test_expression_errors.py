"""What is said about an expression that can't be evaluated, and where."""

from __future__ import annotations

import pytest

from imagesmith.errors import TemplateError
from tests.template.hcl2.hcl2_plans import plain

WRONG = [
    ("uper(1)", 1, 'There is no function "uper"', 'Did you mean "upper"?'),
    ('1 + env("X")', 5, "env can only be used in the default of a variable", 'default = env("…")'),
    ("var.imag", 4, 'There is no "var.imag"', 'Did you mean "var.image"?'),
    ("var.zzzzzz", 4, 'There is no "var.zzzzzz"', 'variable "zzzzzz"'),
    ("vr.image", 1, 'There is no variable "vr"', 'Did you mean "var"?'),
    ("var.tags.nam", 9, 'There is no "var.tags.nam"', 'Did you mean "var.tags.name"?'),
    ("var.list[7]", 9, '"var.list" has no element 7', "It has 2 elements"),
    ("var.list.name", 9, 'has no attribute "name"', "var.list[0].name"),
    ('"x${var.list}"', 5, "Tuple values can't be part of a string", "jsonencode"),
    ("upper()", 1, "upper: 1 argument wanted, 0 given", "upper(string): The string in upper case."),
    ('substr("a", "x", 1)', 13, "substr: argument 2: a number is wanted", ""),
    ("true ? 1 : []", 1, "must have the same type", "One is number, the other tuple"),
    ('[for x in "a" : x]', 11, "can be walked over", ""),
    ('{ for x in ["a", "a"] : x => 1 }', 25, 'The key "a" comes twice', "..."),
    ("{ a.b = 1 }", 3, "It isn't clear what this key means", "parentheses"),
    ('1 + "a"', 1, "+ can't be applied", "the right operand of +: a number is wanted"),
    ("null.x", 5, '"null" is null', ""),
    ('regex("(?=x)", "a")', 7, "not a regular expression as RE2 has them", ""),
    ('convert("x", lst(string))', 14, 'There is no type "lst"', 'Did you mean "list"?'),
    ('convert("yes", bool)', 9, "a bool is wanted; write it as true or false", ""),
    ("region", 1, 'There is no variable "region"', 'write "region" in quotes'),
]


@pytest.mark.parametrize(("expression", "column", "summary", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_an_error_names_the_place_and_what_to_do(expression: str, column: int, summary: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        plain(expression, var={"image": "x", "tags": {"name": "n"}, "list": [1, 2]})
    (problem,) = caught.value.diagnostics
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (1, column)
    assert summary in problem.summary
    assert hint in f"{problem.detail} {problem.hint}"
