"""What a layout changes, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_CONTEXT = 3


def unified_diff(before: str, after: str, name: str) -> str:
    """The difference between two layouts of one text, as ``diff -u`` shows it; "" if there is none.

    Only white space inside lines differs, so that lines are compared one by one, in time linear in their number.
    Raises `ValueError` if the texts have different numbers of lines.
    """
    old, new = _lines(before), _lines(after)
    if len(old) != len(new):
        raise ValueError("not two layouts of one text")
    changed = [number for number, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    if not changed:
        return ""
    hunks = [_hunk(old, new, first, last) for first, last in _ranges(changed)]
    return f"--- old/{name}\n+++ new/{name}\n" + "".join(hunks)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _ranges(changed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last changed line of each hunk: hunks whose contexts touch are one."""
    first = last = changed[0]
    for number in changed[1:]:
        if number - last > 2 * _CONTEXT + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _hunk(old: Sequence[str], new: Sequence[str], first: int, last: int) -> str:
    start, end = max(first - _CONTEXT, 0), min(last + _CONTEXT + 1, len(old))
    place = f"{start + 1}" if end - start == 1 else f"{start + 1},{end - start}"
    lines: list[str] = []
    added: list[str] = []
    for one, other in zip(old[start:end], new[start:end], strict=True):
        if one == other:
            lines += [*added, f" {one}"]
            added = []
        else:
            lines.append(f"-{one}")
            added.append(f"+{other}")
    shown = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in [*lines, *added]]
    return f"@@ -{place} +{place} @@\n" + "".join(shown)
