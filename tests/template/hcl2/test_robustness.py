"""No input gives anything but a plan or one of our own errors."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.errors import TemplateError
from imagesmith.options import Options, option
from imagesmith.template.hcl2.cty import ANYTHING
from imagesmith.template.hcl2.functions import names
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.source import Source
from tests.template.hcl2.hcl2_plans import plan, refusal, value_of

PIECES = st.sampled_from(
    ["a", "b.c", "1", "-2.5", '"x"', '"${', '}"', "(", ")", "[", "]", "{", "}", "=", "\n", " ", ",", "?", ":", "...",
     "[*]", ".*", "for x in ", "if ", "=>", "&&", "==", "<<E\n", "\nE\n", "%{ if a }", "%{ endif }", "#", "/*", "*/",
     "null", "true", "upper(", "try(", "var.s", "local.x", "\\", "é", "\ufeff", "e\u0301", "\ud7ff"]
)  # fmt: skip
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Anything(Options):
    """Options that take little."""

    image: str = option(default="", doc="Image.")


@QUICK
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    error = refusal(lambda: parse_body(Source("t", text)))
    if isinstance(error, TemplateError):
        assert all(problem.location is not None and problem.summary for problem in error.diagnostics)


@QUICK
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_expression_is_evaluated_or_refused(text: str) -> None:
    assert str(refusal(lambda: value_of(text)))


FRAME = """variable "s" {{
  default = "v"
}}
locals {{
  x = {0}
}}
source "c" "n" {{
  image = {0}
}}
build {{
  sources = ["c.n"]
}}
"""


@QUICK
@given(st.lists(PIECES, max_size=20).map("".join))
def test_any_template_is_planned_or_refused(text: str) -> None:
    def attempt() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for build in plan(Path(folder), FRAME.format(text)).builds:
                build.source.decode(Anything)

    assert str(refusal(attempt))


ARGUMENTS = [
    "null",
    "true",
    "0",
    "-1",
    "2.5",
    "1e30",
    "1/0",
    '""',
    '"é"',
    '"10.0.0.0/8"',
    '"%d%s"',
    '"(a"',
    "[]",
    "[1]",
    '["a",null]',
    "{}",
    "{a=1}",
    "[[1],{}]",
    "convert([1],set(number))",
    "unknown",
    "[unknown]",
]


def test_any_argument_of_any_function_is_answered_or_refused() -> None:
    chance = random.Random(3)
    for name in names():
        for count in range(4):
            for _ in range(14 if count else 1):
                chosen = chance.choices(ARGUMENTS, k=count)
                if name == "bcrypt":
                    chosen[1:] = ["4"] * (count - 1)  # A high cost takes minutes.
                call = f"{name}({', '.join(chosen)})"
                error = refusal(lambda text=call: value_of(text, {"unknown": ANYTHING}))  # type: ignore[misc]
                assert not isinstance(error, TemplateError) or error.diagnostics[0].location is not None, call


def test_values_may_be_as_deep_as_they_like_up_to_a_clear_error(tmp_path: Path) -> None:
    chain = "\n".join(f"  l{i} = [local.l{i + 1}]" for i in range(2000))
    error = refusal(lambda: plan(tmp_path, f"locals {{\n{chain}\n  l2000 = 0\n}}\n"))
    assert "nested too deeply" in str(error)
