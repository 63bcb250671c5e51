"""Bytes become lines the same way however they are cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.ways_in.lines import LineSplitter


def split(data: bytes, cuts: list[int] | None = None, longest: int = 65536) -> list[str]:
    lines: list[str] = []
    splitter = LineSplitter(lines.append, longest=longest)
    positions = sorted(min(cut, len(data)) for cut in cuts or [])
    for start, end in zip([0, *positions], [*positions, len(data)], strict=True):
        splitter.feed(data[start:end])
    splitter.finish()
    return lines


@settings(database=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_where_the_stream_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    assert split(data, cuts) == split(data)


def test_lines_are_cleaned() -> None:
    assert split(b"a \t\r\n\nb\rc\r\n\xff\xc3\xbc") == ["a", "", "c", "\N{REPLACEMENT CHARACTER}ü"]


def test_endless_line_comes_in_pieces_that_cut_no_character() -> None:
    lines = split("ü".encode() * 1000, cuts=list(range(0, 2000, 7)), longest=33)
    assert "".join(lines) == "ü" * 1000
    assert max(map(len, lines)) <= 33


def test_endless_progress_bar_is_kept_short() -> None:
    bars = b"".join(b"\r%3d%%" % n for n in range(100))
    assert split(bars * 50, cuts=list(range(0, 25000, 11)), longest=64) == [" 99%"]
