"""Expressions made by combining: every operator and function with values of every kind, every value to every type."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

VALUES = [
    "null", "true", "false", "0", "1", "-2", "1.5", "1e30", "1/0", '""', '"a"', '"12"', '"true"', '"é"', "[]",
    "[1, 2]", '["a", "b", "a"]', '[1, "a", null]', "[[1], [2, [3]]]", "{}", "{ a = 1 }", '{ b = "x", a = [1] }',
    "convert([2, 1], list(number))", 'convert(["b", "a"], set(string))', "convert({ a = 1 }, map(number))",
    "convert(null, string)",
]  # fmt: skip
FEW = ["null", "true", "1", "-2.5", '"a"', '"12"', "[]", '["a", 1]', "{ a = 1 }", 'convert(["b"], set(string))']
TYPES = [
    "string", "number", "bool", "list(string)", "list(number)", "set(string)", "set(bool)", "map(string)",
    "map(number)", "tuple([string, number])", "tuple([])", "object({ a = string })",
    "object({ a = number, b = string })", "list(list(number))",
]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "&&", "||"]
ONE = [
    "abs", "ceil", "floor", "signum", "chomp", "lower", "upper", "title", "trimspace", "strrev", "compact", "flatten",
    "distinct", "keys", "values", "length", "reverse", "sort", "coalesce", "coalescelist", "concat", "merge",
    "setunion", "setintersection", "base64encode", "base64decode", "csvdecode", "jsonencode", "jsondecode",
    "urlencode", "yamlencode", "yamldecode", "basename", "dirname", "fileexists", "pathexpand", "md5", "sha1",
    "sha256", "cidrnetmask", "max", "min", "range", "format", "formatlist", "can", "try", "join",
]  # fmt: skip
TWO = [
    "log", "pow", "parseint", "indent", "join", "split", "trim", "trimprefix", "trimsuffix", "format", "formatlist",
    "chunklist", "coalesce", "coalescelist", "concat", "contains", "element", "merge", "setunion", "setintersection",
    "setproduct", "zipmap", "max", "range", "formatdate", "timeadd", "cidrhost", "uuidv5", "cidrsubnets",
]  # fmt: skip
THREE = ["substr", "replace", "regex_replace", "lookup", "slice", "range", "cidrsubnet"]
FEWEST = ["null", "1", "0", '"a"', '["a", 1]', "{ a = 1 }"]
ELEMENTS = ["[0]", '["a"]', ".a", ".0", "[*]", ".*", "[*].a", "[-1]", "[null]", "[1.5]", '["1"]', "[*][0]"]


def expressions() -> Iterator[str]:
    """All of them, in an order that stays the same."""
    yield from VALUES
    for operator in OPERATORS:
        yield from (f"{left} {operator} {right}" for left, right in itertools.product(FEW, repeat=2))
    yield from (f"{sign}({value})" for sign in "-!" for value in VALUES)
    yield from (f"convert({value}, {kind})" for kind in TYPES for value in VALUES)
    yield from (f"{name}({value})" for name in ONE for value in VALUES)
    yield from (f"{name}({a}, {b})" for name in TWO for a, b in itertools.product(FEW, repeat=2))
    yield from (f"{name}({', '.join(three)})" for name in THREE for three in itertools.product(FEWEST, repeat=3))
    yield from (f"({value}){step}" for step in ELEMENTS for value in VALUES)
    yield from (f"true ? {a} : {b}" for a, b in itertools.product(FEW, repeat=2))
    yield from (f"false ? {a} : {b}" for a, b in itertools.product(FEW, repeat=2))
    yield from (f'"<${{{value}}}>"' for value in VALUES)
    yield from (f'"%{{ if {value} }}a%{{ else }}b%{{ endif }}"' for value in VALUES)
    yield from (f'"%{{ for k, v in {value} }}${{k}}=${{v}};%{{ endfor }}"' for value in VALUES)
    yield from (f"[for k, v in {value} : [k, v]]" for value in VALUES)
    yield from (f"[for v in {value} : v if v != 1]" for value in VALUES)
    yield from (f"{{ for k, v in {value} : k => v }}" for value in VALUES)
    yield from (f"{{ for v in {value} : v => 1... }}" for value in VALUES)
    yield from (f"{{ ({value}) = 1 }}" for value in VALUES)
    yield from (f"max({value}...)" for value in VALUES)
    yield from (
        f'format("%{verb}", {value})' for verb in ["v", "#v", "s", "q", "d", "f", "g", "t", "x"] for value in VALUES
    )
