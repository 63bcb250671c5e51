"""The syntax: what is accepted is what the Go library accepts, and each error names the place."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import to_plain
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.hcl2.source import Source
from tests.template.hcl2.hcl2_plans import plain

CORPUS = json.loads((Path(__file__).parent / "syntax_corpus.json").read_text(encoding="utf-8"))
VALID: list[str] = CORPUS["valid"]
TRICKY: list[str] = CORPUS["tricky"]
NOISE = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    '"',
    "${",
    "%{",
    "~",
    "=",
    "==",
    "\n",
    " ",
    "#",
    "//",
    "/*",
    "*/",
    ".",
    "...",
    ",",
    ":",
    "=>",
    "?",
    "-",
    "!",
    "*",
    "for",
    "in",
    "if",
    "a",
    "1",
    "1.5",
    "<<E\n",
    "<<-E\n",
    "\nE\n",
    "\\",
    "$",
    "%",
    "&&",
    "||",
    "&",
    "\r\n",
    "é",
    "\t",
    "::",
    "'",
    ";",
    "endif",
    "%{if a}",
    "%{endif}",
    "null",
]


def _ours(text: str) -> bool:
    try:
        parse_body(Source("t", text))
    except TemplateError:
        return False
    return True


def _theirs(text: str) -> bool:
    pygohcl = pytest.importorskip("pygohcl")
    try:
        pygohcl.loads(text)
    except pygohcl.HCLParseError:
        return False
    except pygohcl.HCLInternalError:
        return True  # It has been read; only turning it into JSON has failed.
    return True


@pytest.mark.parametrize("text", [*VALID, *[t for t in TRICKY if "\x00" not in t]])
def test_the_go_library_accepts_the_same(text: str) -> None:
    assert _ours(text) == _theirs(text)


def test_valid_templates_are_accepted() -> None:
    assert all(map(_ours, VALID))


@pytest.mark.parametrize("seed", range(8))
def test_the_go_library_accepts_the_same_of_mutated_templates(seed: int) -> None:
    chance = random.Random(seed)
    different = []
    for _ in range(100):
        text = chance.choice(VALID)
        for _ in range(chance.randint(1, 3)):
            at, kind = chance.randint(0, len(text)), chance.random()
            if kind < 0.4:
                text = text[:at] + chance.choice(NOISE) + text[at:]
            elif kind < 0.7:
                text = text[:at] + text[at + chance.randint(1, 3) :]
            else:
                other = chance.randint(0, len(text))
                text = text[:at] + text[min(at, other) : min(at, other) + 8] + text[at:]
        if _ours(text) != _theirs(text):
            different.append(text)
    assert different == []


@pytest.mark.parametrize(
    ("text", "line", "column", "summary", "hint"),
    [
        ("a = = 1", 1, 5, 'Expected a value, found "="', ""),
        ("\ufeffa = = 1", 1, 5, 'Expected a value, found "="', ""),
        ("größe = = 1", 1, 9, 'Expected a value, found "="', ""),
        ("e\u0301 = = 1", 1, 5, "Expected a value", ""),
        ("a = 1\r\nb = = 1", 2, 5, "Expected a value", ""),
        ("/* x\ny */ a = = 1", 2, 10, "Expected a value", ""),
        ('a = "x', 1, 5, "must end on the line on which it begins", "heredoc"),
        ('a = "${1', 1, 6, "This interpolation is never closed", "}"),
        ('a = "%{ if x }"', 1, 6, 'This "if" directive is never closed', "endif"),
        ('a = "%{ fi x }"', 1, 9, '"fi" is not a template directive', "%%{"),
        ("a = <<EOT\nx\n", 1, 5, 'never closed by "EOT"', "alone on a line"),
        ('x {\n  a = "b"\n', 1, 3, 'The block "x" is never closed', "}"),
        ("a = 1\na = 2\n", 2, 1, 'The argument "a" is given twice', "line 1"),
        ("a { b = 1, c = 2 }", 1, 10, "can only hold one argument", "a line of its own"),
        ("a = [1 2]", 1, 8, "Expected , or ] after the element", ""),
        ("a = f(1 2)", 1, 9, "Expected , or ) after the argument", ""),
        ("a = {\n  b 1\n}", 2, 5, "Expected = and a value after the key", ""),
        ("a = 'x'", 1, 5, "Strings are written in double quotes", ""),
        ("a = 1 & 2", 1, 7, "Unsupported operator", "&&"),
        ('a = "\\q"', 1, 6, "not a valid escape sequence", "\\\\"),
        ('a "b${c}" {}', 1, 3, "The label of a block can't hold", "plain"),
        ("a b", 1, 4, "Expected { to open the block", ""),
        ("a = 1\x00", 1, 6, "NUL", "text file"),
        ("a = x.1.2", 1, 7, "Two indexes with dots", "[0][1]"),
        ("a = 1 /* x", 1, 7, "This comment is never closed", "*/"),
        ("a = 1e99999", 1, 5, "too long", ""),
        ("a = 1\n  }\n", 2, 3, 'Expected an argument or a block, found "}"', ""),
    ],
)
def test_an_error_names_line_column_and_remedy(text: str, line: int, column: int, summary: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_body(Source("t.pkr.hcl", text))
    (problem,) = caught.value.diagnostics
    assert problem.location is not None
    assert (problem.location.file, problem.location.line, problem.location.column) == ("t.pkr.hcl", line, column)
    assert summary in problem.summary
    assert hint in f"{problem.detail} {problem.hint}"


def test_heredocs_and_strip_marks_give_the_go_librarys_text() -> None:
    pygohcl = pytest.importorskip("pygohcl")
    chance = random.Random(7)
    pieces = ["x", "y z", "${1}", "${~ 2 ~}", "${3 ~}", "${~ 4}", " ", "$${a}", "%%{b}", '\\"', "é", ""]
    indents = ["", "  ", "\t", "    ", " "]
    for _ in range(300):
        rows = [chance.choice(indents) + "".join(chance.choices(pieces, k=3)) for _ in range(chance.randint(0, 5))]
        flush = chance.choice(["", "-"])
        text = f"a = <<{flush}E\n" + "".join(f"{row}\n" for row in rows) + chance.choice(["", "  "]) + "E\n"
        if chance.random() < 0.3:
            text = 'a = "' + "".join(chance.choices([*pieces, "\\n", "\\t"], k=6)) + '"\n'
        argument = parse_body(Source("t", text)).arguments["a"]
        value = to_plain(evaluate(argument.expression, Scope({}, Surroundings())))
        assert value == pygohcl.loads(text)["a"], text


def test_every_node_knows_its_place() -> None:
    text = 'a = [1, {\n  b = "x${c.d}"\n}]\n'
    items = parse_body(Source("t", text)).arguments["a"].expression
    assert isinstance(items, nodes.TupleItems)
    inner = items.items[1]
    assert isinstance(inner, nodes.ObjectItems)
    template = inner.items[0][1]
    assert isinstance(template, nodes.Template)
    access = template.parts[1]
    assert (access.text, access.location.line, access.location.column) == ("c.d", 2, 11)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "(" * 300 + "1" + ")" * 300,
        "a = " + "[" * 300 + "1" + "]" * 300,
        "a = " + "{a=" * 300 + "1" + "}" * 300,
        "a = " + "!" * 300 + "true",
        "a = " + "f(" * 300 + "1" + ")" * 300,
        "a = " + "x[" * 300 + "1" + "]" * 300,
        "a = " + '"${' * 300 + "1" + '}"' * 300,
        "a = " + "a ? b : " * 300 + "c",
        "a = x" + "[*]" * 300,
        "b {\n" * 300 + "}\n" * 300,
        'a = "' + "%{ if x }" * 300 + "%{ endif }" * 300 + '"',
        "a = " + "(1 + 2 * (" * 150 + "1" + "))" * 150,
    ],
)
def test_deep_nesting_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(TemplateError, match="deep"):
        parse_body(Source("t", text + "\n"))


def test_long_rows_are_not_deep() -> None:
    assert plain("1" + " + 1" * 5000) == 5001
    assert plain('"' + "${1}" * 3000 + '"') == "1" * 3000
    assert plain("x" + "[0]" * 90, x=_nest(90)) == 1
    assert plain("x" + '["a"]' * 3 + ".a" * 3, x={"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}) == 1


def _nest(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_time_grows_with_the_size_only() -> None:
    def seconds(copies: int) -> float:
        text = "".join(f"x{i} {{\n{VALID[0]}}}\n" for i in range(copies))
        start = time.process_time()
        parse_body(Source("t", text))
        return time.process_time() - start

    def least_seconds(copies: int) -> float:
        return min(seconds(copies) for _ in range(3))

    assert least_seconds(160) < 40 * max(least_seconds(10), 0.001)
