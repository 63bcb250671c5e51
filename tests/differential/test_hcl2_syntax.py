"""What is accepted as HCL2, and what its literal strings say: the same as the Go library, on many thousands of texts.

``pygohcl.loads`` parses with hashicorp/hcl and then turns the tree into JSON without evaluating references or calls.
Only "invalid HCL" comes from its parser, so every other failure of it counts as accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.source import Source
from tests.template.fuzz.grammar import Grammar
from tests.template.fuzz.mutation import damaged, truncated

pygohcl = pytest.importorskip("pygohcl")

CORPUS = json.loads((Path(__file__).parents[1] / "template/hcl2/syntax_corpus.json").read_text(encoding="utf-8"))
SNIPPETS: list[str] = CORPUS["valid"]
_CORNERS: dict[str, list[str]] = json.loads((Path(__file__).parent / "hcl2_corners.json").read_text(encoding="utf-8"))
CORNERS = [text for topic in _CORNERS.values() for text in topic]


def ours(text: str) -> nodes.Body | None:
    """The tree, or None if it is refused."""
    try:
        return parse_body(Source("t", text))
    except TemplateError:
        return None


def theirs(text: str) -> dict[str, Any] | None:
    """The content, ``{}`` where it can't be turned into JSON, or None if it is refused."""
    try:
        found: dict[str, Any] = pygohcl.loads(text)
    except pygohcl.HCLParseError:
        return None
    except pygohcl.HCLInternalError:
        return {}
    return found


def literals(body: nodes.Body) -> dict[str, str]:
    """The arguments that are nothing but text."""
    plain = {name: argument.expression for name, argument in body.arguments.items()}
    blocks = {block.type for block in body.blocks}
    found = {name: node.value.raw for name, node in plain.items() if isinstance(node, nodes.Literal)}
    return {name: text for name, text in found.items() if isinstance(text, str) and name not in blocks}


def _say_different_things(mine: nodes.Body | None, other: dict[str, Any] | None) -> bool:
    return bool(mine and other and any(other[name] != value for name, value in literals(mine).items()))


def disagreements(texts: Iterable[str]) -> tuple[list[str], int, int]:
    """The texts on which we differ, and how many were accepted and refused."""
    different, accepted, refused = [], 0, 0
    for text in texts:
        mine, other = ours(text), theirs(text)
        accepted, refused = accepted + (other is not None), refused + (other is None)
        if (mine is None) != (other is None) or _say_different_things(mine, other):
            different.append(text)
    return different, accepted, refused


def test_corners_are_accepted_or_refused_alike() -> None:
    different, accepted, refused = disagreements(CORNERS)
    assert different == []
    assert accepted > 120
    assert refused > 120


@pytest.mark.parametrize("seed", range(4))
def test_generated_templates_and_damaged_ones_are_accepted_or_refused_alike(seed: int) -> None:
    chance = Random(seed)
    generated = [Grammar(chance).body() for _ in range(1000)]
    pool = [*generated, *SNIPPETS, *(text for text in CORNERS if theirs(text) is not None)]
    different, accepted, refused = disagreements(
        [*generated, *(damaged(chance.choice(pool), chance, pool) for _ in range(2000))]
    )
    assert different == []
    assert accepted > 800
    assert refused > 800


def test_templates_that_end_anywhere_are_accepted_or_refused_alike() -> None:
    example = Path("examples/alicloud/quickstart.pkr.hcl").read_text(encoding="utf-8")
    texts = [
        *SNIPPETS,
        example,
        example.replace("\n", "\r\n"),
        *(Grammar(Random(seed)).body() for _ in range(1) for seed in range(30)),
    ]
    different, accepted, refused = disagreements(end for text in texts for end in truncated(text))
    assert different == []
    assert accepted + refused > 5000
