"""The layout of ``fmt`` is that of Debian's packer 1.6.6, byte for byte; nothing but the layout changes."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import Value
from imagesmith.template.hcl2.formatting import format_text, tokens
from imagesmith.template.hcl2.formatting.difference import unified_diff
from imagesmith.template.hcl2.formatting.lexer import tokenize
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.source import Source
from tests.differential.hard_layouts import HARD, next_to_each_other
from tests.differential.scattered import scatter

PACKER = shutil.which("packer") or ""

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

TEMPLATES = [path.read_text() for path in sorted((Path(__file__).parents[1] / "templates" / "fmt").glob("*.hcl"))]
SCATTERED = [scatter(template, seed) for template in TEMPLATES for seed in range(40)]
CORPUS = [*TEMPLATES, *SCATTERED, *HARD, *next_to_each_other()]

KNOWN_DIFFERENCES = [
    # (text, packer 1.6.6, here, reason)
    ("a=!x\n", "a = ! x\n", "a = !x\n", "HCL 2.8, which later releases are built with, puts no space after the !"),
    ("a=f(! x)\n", "a = f(! x)\n", "a = f(!x)\n", "the same"),
    ("a=x&&!!y # c\n", "a = x && ! ! y # c\n", "a = x && !!y # c\n", "the same"),
    ("a=b . 0 . 1\n", "a = b.0.1\n", "a = b.0. 1\n", "b.0.1 is no longer valid: 0.1 is read as a number"),
]


def run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Packer over all files of a folder at once: it costs a second to start."""
    words = [PACKER, "fmt", *flags, "."]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def by_packer(texts: Sequence[str], folder: Path) -> list[str]:
    paths = [folder / f"{number:05}.pkr.hcl" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return [path.read_bytes().decode() for path in paths]


def tree(thing: Any) -> Any:
    """What a syntax tree says, without where it stands."""
    if isinstance(thing, Value):
        return str(thing.type), repr(thing.raw)
    if isinstance(thing, nodes.Node):
        fields = [field.name for field in dataclasses.fields(thing) if field.name not in ("source", "start", "end")]
        return type(thing).__name__, *((name, tree(getattr(thing, name))) for name in fields)
    if isinstance(thing, dict):
        return [(key, tree(value)) for key, value in thing.items()]
    return [tree(item) for item in thing] if isinstance(thing, list | tuple) else repr(thing)


def test_the_layout_equals_packers(tmp_path: Path) -> None:
    assert len(CORPUS) >= 200
    assert sum(text not in TEMPLATES for text in SCATTERED) >= 300
    different = [
        (text, expected, found)
        for text, expected in zip(CORPUS, by_packer(CORPUS, tmp_path), strict=True)
        if (found := format_text(text)) != expected
    ]
    assert different == []


def test_laying_out_twice_changes_nothing_more() -> None:
    assert [text for text in CORPUS if format_text(format_text(text)) != format_text(text)] == []


def test_only_white_space_between_tokens_changes() -> None:
    for text in CORPUS:
        after = format_text(text)
        assert tree(parse_body(Source("after", after))) == tree(parse_body(Source("before", text)))
        kept = [token for token in tokenize(text) if token[0] != tokens.END]
        assert [token for token in tokenize(after) if token[0] != tokens.END] == kept
        assert re.sub(r"[ \t\ufeff]", "", after) == re.sub(r"[ \t\ufeff]", "", text)


def test_known_differences_to_1_6_6(tmp_path: Path) -> None:
    expected = by_packer([text for text, *_ in KNOWN_DIFFERENCES], tmp_path)
    for (text, theirs, ours, _), found in zip(KNOWN_DIFFERENCES, expected, strict=True):
        assert (found, format_text(text)) == (theirs, ours)


@pytest.mark.skipif(not shutil.which("diff"), reason="packer needs diff")
def test_names_and_differences_are_shown_as_packer_shows_them(tmp_path: Path) -> None:
    # where brackets are nested, diff may find a shorter way to say the same
    comment = "# c\n"
    flat = ["a=1", "a = 1\n", "a=1\n\n", *(f"b=1\n{comment * lines}a=1\n" for lines in range(12))]
    shown = ""
    for number, text in enumerate(flat):
        name = f"{number:05}.pkr.hcl"
        (tmp_path / name).write_text(text)
        if format_text(text) != text:
            shown += f"{name}\n{unified_diff(text, format_text(text), name)}"
    done = run(tmp_path, "-check", "-diff")
    assert done.returncode == 3
    assert done.stdout.splitlines() == shown.splitlines()


@pytest.mark.skipif(not shutil.which("patch"), reason="patch is not installed")
def test_the_differences_can_be_applied(tmp_path: Path) -> None:
    texts = [text for text in CORPUS[:80] if text and "\r" not in text and "\ufeff" not in text]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.pkr.hcl").write_text(text)
    shown = [unified_diff(text, format_text(text), f"{number}.pkr.hcl") for number, text in enumerate(texts)]
    subprocess.run(["patch", "-p1"], cwd=tmp_path, input="".join(shown), text=True, check=True, capture_output=True)
    for number, text in enumerate(texts):
        assert (tmp_path / f"{number}.pkr.hcl").read_text() == format_text(text)
