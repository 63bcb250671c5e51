"""Expressions through ``packer console`` 1.6.6 and ``imagesmith console``: the same values, the same refusals.

`expressions/*.txt` has hand-picked ones, one a line; `generated` combines all operators and functions with values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagesmith.console import open_session
from imagesmith.errors import TemplateError
from imagesmith.plan import TemplateRequest
from tests.differential import generated
from tests.differential.consoles import PACKER, our_console, ours, packer_console, theirs

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

FILES = Path(__file__).parent / "expressions"

NO_ORACLE: Mapping[str, str] = {
    r"^\(?null\)?(\[\*\]|\.\*).*$|^\[null\] == \[null\]$": "1.6.6 takes null for unknown there; newer HCL does not",
    r'^yamldecode\("(---\\?n?|~|[Nn]ull|NULL|!!null [a~])"\)$': "1.6.6 makes an unknown value of a bare null",
    r"^source\.type$": "1.6.6 has unknown values of source and build where 1.16 has none",
}
"""What makes the whole line unknown in 1.6.6, so that it can't be compared; and why."""

DIFFERENT: Mapping[str, str] = {
    r"^true \|\| (?!false|true)": "since HCL 2.24 || and && don't look at the right side where the left one decides",
    r"-\(?0(\.0)?\b|^log\(2,0\)$": "big.Float has a negative zero; here zero is zero",
    r"^convert\(convert\(\{ a = 1 \}, map\(number\)\), object\(\{ a = number, b": "1.6.6 forgets the missing attribute",
    r"^(ceil|floor)\(1e30\)$": "1.6.6 computes with 64 bits there",
    r"^jsonencode\((null|convert\(null, string\))\)$": "newer cty encodes null",
    r'^pow\("12", -2\.5\)$': "the last digit: Go's exponential function is assembly of its own",
    r"^merge\(null, (\[\]|convert\(\[)": "1.6.6 forgets to look at the types after a null",
    r"^true \? convert\(\{a=1\},map\(number\)\) : \{b=\"x\"\}$": "1.6.6 doesn't unify maps with objects",
    r"^element\(.*-[13]\)$": "newer ones count negative indexes from the end",
    r"^index\(": "in 1.6.6 this is cty's function, which takes an element",
    r"\(\?<n>a\)": "newer Go knows (?<name>…)",
    r'^jsondecode\("\[1\] \]"\)$': "text after the value is refused here",
    r"^formatdate\(\"'it''s'\"": "1.6.6 loses quoted text with a quote in it",
    r'"(0000-01-01|9999-12-31T23:59:59Z", "1s|0001-01-01T00:00:00Z", "-1s)': "years are 1 to 9999 here",
    r"\+24:00": "no zone is a whole day away",
    r"-2562047h47m16\.854775807s": "the one duration that has no positive counterpart",
    r"^cidrhost\(\"::ffff:": "1.6.6 counts in the wrong bytes of addresses that stand for IPv4",
    r"^cidrsubnet\(.*-1": "1.6.6 computes nonsense for negative numbers",
    r'^fileset\("\.", "\\\\a\.txt"\)$': "a backslash means the same in all patterns here",
    r'convert\("1p4", number\)': "binary exponents are no way to write numbers",
    r"^setunion\(\[\[1\]\], \[\[2\]\]\)$": "1.6.6 can't unify sets of tuples",
    r'yamldecode\("%FOO|yamldecode\("&x a: 1': "unknown directives and anchors of keys are allowed by YAML",
}
"""Where newer versions, or we, differ from 1.6.6; and why."""

# New each time.
CHANGING = ("timestamp()", "uuidv4()", 'bcrypt("a"')


def picked(*names: str) -> list[str]:
    """The expressions of the files, each once, without those that can't be compared."""
    found: dict[str, None] = {}
    for path in sorted(FILES.glob("*.txt")):
        if (not names and path.stem != "syntax") or path.stem in names:
            found |= dict.fromkeys(text for text in path.read_text(encoding="utf-8").split("\n") if text)
    return [text for text in found if not any(re.search(pattern, text) for pattern in NO_ORACLE)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the expressions name."""
    inside = tmp_path / "f"
    (inside / "d").mkdir(parents=True)
    (inside / "a.txt").write_text("hello\n")
    (inside / "bin").write_bytes(b"\xff")
    (inside / "d" / "b.txt").write_text("x\n")
    return inside


def compare(expressions: Sequence[str], folder: Path) -> None:
    """Fail with every expression that differs and isn't known to, and with every known one that doesn't."""
    rows = zip(expressions, theirs(expressions, folder), ours(expressions, folder), strict=True)
    differing = {text: (a, b) for text, a, b in rows if a != b}
    known = [text for text in expressions if any(re.search(pattern, text) for pattern in DIFFERENT)]
    assert {text: pair for text, pair in differing.items() if text not in known} == {}
    used = {pattern for pattern in DIFFERENT for text in differing if re.search(pattern, text)}
    relevant = {pattern for pattern in DIFFERENT for text in expressions if re.search(pattern, text)}
    assert relevant - used == set()


def test_picked_expressions_have_the_value_that_they_have_in_packer(folder: Path) -> None:
    expressions = picked()
    assert len(expressions) >= 1500
    compare(expressions, folder)


def test_combined_expressions_have_the_value_that_they_have_in_packer(folder: Path) -> None:
    found = list(dict.fromkeys(generated.expressions()))
    expressions = [text for text in found if not any(re.search(pattern, text) for pattern in NO_ORACLE)]
    assert len(expressions) >= 8000
    compare(expressions, folder)


def test_what_is_no_expression_in_packer_is_none(folder: Path) -> None:
    expressions = picked("syntax")
    session = open_session(TemplateRequest("", language="hcl2"))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda text: packer_console(text, folder), expressions))
    different = []
    for text, run in zip(expressions, runs, strict=True):
        try:
            session.answer(text)
            accepted = True
        except TemplateError:
            accepted = False
        if accepted != (run.returncode == 0):
            different.append(text)
    assert different == []
    assert sum(run.returncode != 0 for run in runs) >= 80


BARE = ['"a\\nb"', '""', "null", "1.50", "true", "[]", "{}", "[null, { a = null }]", "1e15", "1e21", "1/3", "-5",
        '"shh"', "var.s", "var.l", "local.m", "local", '{ "é" = "\\u0001\\"${1}" }', "var.u", "[var.u]",
        "upper(var.u)", "1 +", "var.nope", "upper(1, 2)", "variables", "", "exit", "1000000.5", "[path.root]",
        "convert([2, 1], set(number))", "9223372036854775808", "9007199254740993"]  # fmt: skip
TEMPLATE = """
variable "s" {
  default   = "shh"
  sensitive = true
}
variable "l" { default = ["a", "b"] }
variable "u" { type = string }
locals {
  heredoc = <<EOT
first $${a}
  second %{ for x in [1, 2] }<${x}>%{ endfor }
EOT
  indented = <<-EOT
      a
        b ${upper("c")}

      d
    EOT
  trimmed = <<-EOT
    %{ for x in ["a", "b"] ~}
    ${x}
    %{ endfor ~}
    end
  EOT
  conditional = <<EOT
%{ if true ~}
  yes
%{ else ~}
  no
%{ endif ~}
EOT
  empty = <<EOT
EOT
  lines = [
    1,
    2, # last
  ]
  m = {
    x = [1, { y = "q\\"u" }], z = "a\\nb"
    "k k" : 1
  }
  call = max(
    1,
    2
  )
}
"""


def test_lines_are_answered_as_packer_answers_them(folder: Path) -> None:
    (folder / "t.pkr.hcl").write_text(TEMPLATE)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda text: packer_console(text, folder, "t.pkr.hcl"), BARE))
    for text, run in zip(BARE, runs, strict=True):
        mine = our_console([text], folder, "-results=last", "t.pkr.hcl")
        assert (text, mine.returncode) == (text, run.returncode)
        if run.returncode == 0:
            assert (text, mine.stdout) == (text, run.stdout)
