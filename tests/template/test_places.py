"""From a place inside a value back to the place in the file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from imagesmith.errors import Location
from imagesmith.template import places


def found(tmp_path: Path, text: str, value: str, mark: str, name: str = "t.pkr.hcl") -> str:
    """What stands in the file at the place of ``mark`` in the value."""
    path = tmp_path / name
    path.write_text(text)
    at = value.index(mark)
    line = value.count("\n", 0, at) + 1
    column = at - (value.rfind("\n", 0, at) + 1) + 1
    place = places.inside(Location(str(path), 1, 1), value, line, column)
    return "" if place is None else text.split("\n")[place.line - 1][place.column - 1 :]


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ('a = "x {{ y"\n', "x {{ y", '{{ y"'),
        ('a = "\\t\\"\\u00e9 $${b} {{ y"\n', '\t"é ${b} {{ y', '{{ y"'),
        ('a = ["n", "x {{ y"]\n', "x {{ y", '{{ y"]'),
        ('a = "${v} x {{ y"\n', "value x {{ y", '{{ y"'),
        ('a = "x ${f("}")} {{ y ${v}${w}"\n', "x 1 {{ y 23", '{{ y ${v}${w}"'),
        ("a = <<E\none\n  {{ y\nE\n", "one\n  {{ y\n", "{{ y"),
        ("a = <<-E\n    one\n      ${v} {{ y\n  E\n", "one\n  2 {{ y\n", "{{ y"),
        ('b "c" "d" {\n  n = 1\n  a = "x {{ y"\n}\n', "x {{ y", '{{ y"'),
        ('a = "other"\nb = "x {{ y"\n', "x {{ y", ""),
    ],
)
def test_in_hcl(tmp_path: Path, text: str, value: str, rest: str) -> None:
    assert found(tmp_path, text, value, "{{") == rest


def test_in_json_surrogate_pairs_are_one_character(tmp_path: Path) -> None:
    text = '"a": ["${", "\\ud83d\\ude00\\/{{ y"], "b": 1'
    assert found(tmp_path, text, "\U0001f600/{{ y", "{{", "t.json") == '{{ y"], "b": 1'


def test_a_text_that_is_not_in_the_file_has_no_place(tmp_path: Path) -> None:
    assert found(tmp_path, 'a = var.b\nc = "x"\n', "x", "x") == ""
    assert places.inside(Location(str(tmp_path / "gone"), 1, 1), "x", 1, 1) is None


def test_many_interpolations_cost_no_time(tmp_path: Path) -> None:
    text = 'a = "' + "${v}" * 19 + ' {{"\n'
    began = time.monotonic()
    assert found(tmp_path, text, "a" * 5_000 + "{{", "{{") == ""
    assert time.monotonic() - began < 2
