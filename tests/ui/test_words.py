"""Times and counts in words; excerpts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from imagesmith.errors import Location
from imagesmith.ui.excerpt import excerpt
from imagesmith.ui.words import listing, packer_duration, plural, short_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 seconds"),
        (0.000001, "1 microsecond"),
        (0.013116, "13 milliseconds 116 microseconds"),
        (1.0, "1 second"),
        (20.01, "20 seconds 10 milliseconds"),
        (243.5, "4 minutes 3 seconds"),
        (3600.0, "1 hour"),
        (90061.0, "1 day 1 hour"),
    ],
)
def test_packers_durations_have_the_two_largest_units(seconds: float, words: str) -> None:
    assert packer_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 m 00 s"), (185.0, "3 m 05 s"), (3720.0, "1 h 02 m")],
)
def test_short_durations(seconds: float, words: str) -> None:
    assert short_duration(seconds) == words


def test_counts() -> None:
    assert plural(1, "EIP") == "1 EIP"
    assert plural(2, "vSwitch") == "2 vSwitches"
    assert listing(["vpc", "key-pair", "key-pair", "vswitch"]) == "VPC, 2 key pairs, vSwitch"


def test_an_excerpt_has_the_line_and_a_caret(tmp_path: Path) -> None:
    path = tmp_path / "t.hcl"
    path.write_text('a = 1\n\t  region = "x"\n')
    lines = excerpt(Location(str(path), 2, 4))
    assert lines == [f"  on {path}:2:4", '  2 | region = "x"', "    | ^"]
    assert excerpt(Location(str(path), 1))[1:] == ["  1 | a = 1"]
    assert excerpt(Location("nosuch.hcl", 1, 1)) == ["  on nosuch.hcl:1:1"]


def test_of_a_long_line_the_part_around_the_place_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("{" + "x" * 500 + '"here"' + "y" * 500)
    _, text, caret = excerpt(Location(str(path), 1, 502))
    assert len(text) <= 120
    assert text[caret.index("^") :].startswith('"here"')


@pytest.mark.parametrize(
    "line", ['secret_key = "hush"', '{"image": 1, "access_key": "hush"}', "env = ['DB_PASSWORD=hush']", "token: hush"]
)
def test_what_is_named_like_a_secret_is_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "t.hcl"
    path.write_text(line)
    shown = "\n".join(excerpt(Location(str(path), 1, 1)))
    assert "hush" not in shown
    assert "<sensitive>" in shown


def test_a_huge_line_is_looked_through_quickly(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("secret" * 20_000)
    begun = time.monotonic()
    excerpt(Location(str(path), 1, 5))
    assert time.monotonic() - begun < 2
