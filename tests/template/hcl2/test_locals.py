"""Locals are evaluated in the order in which they need each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith.errors import TemplateError
from tests.template.hcl2.hcl2_plans import plan


def test_order_does_not_matter(tmp_path: Path) -> None:
    template = (
        'locals {\n  c = "${local.b}c"\n  a = "a"\n}\nlocal "b" {\n  expression = "${local.a}b"\n}\n'
        "locals {\n  shadow = [for local in [1, 2] : local]\n  all = keys(local)\n}\n"
    )
    found = {local.name: local.value for local in plan(tmp_path, template).locals}
    assert found == {"a": "a", "b": "ab", "c": "abc", "shadow": [1, 2], "all": ["a", "b", "c", "shadow"]}


def test_a_long_chain_is_no_problem(tmp_path: Path) -> None:
    chain = "\n".join(f"  l{i} = local.l{i + 1} + 1" for i in range(300))
    found = {local.name: local.value for local in plan(tmp_path, f"locals {{\n{chain}\n  l300 = 0\n}}\n").locals}
    assert found["l0"] == 300


def test_circles_and_errors_are_reported_together_without_echoes(tmp_path: Path) -> None:
    template = (
        "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n  d = upper(local.a)\n  e = local.zz\n"
        '  f = "x${local.e}"\n  g = 1 + "x"\n}\n'
    )
    with pytest.raises(TemplateError) as caught:
        plan(tmp_path, template)
    shown = [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.diagnostics]
    assert shown == [
        (
            "t.pkr.hcl:2:3: Locals need each other in a circle. local.a -> local.b -> local.c -> local.a. "
            "Take one of the references out."
        ),
        't.pkr.hcl:6:12: There is no "local.zz". Known are a, b, c, d, f, g.',
        "t.pkr.hcl:8:7: + can't be applied. the right operand of +: a number is wanted.",
    ]
