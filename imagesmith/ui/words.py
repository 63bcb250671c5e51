"""How times, counts and sizes are written for people, and for scripts that read Packer's lines."""

from __future__ import annotations

from collections.abc import Iterable

_UNITS = (
    ("week", 604800_000_000),
    ("day", 86400_000_000),
    ("hour", 3600_000_000),
    ("minute", 60_000_000),
    ("second", 1_000_000),
    ("millisecond", 1000),
    ("microsecond", 1),
)


def packer_duration(seconds: float) -> str:
    """The two largest units in words, as in ``4 minutes 3 seconds``."""
    rest = round(seconds * 1_000_000)
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(plural(count, unit))
    return " ".join(parts[:2]) or "0 seconds"


def short_duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 m 05 s``, ``1 h 02 m``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"


def plural(count: int, noun: str) -> str:
    """``1 image``, ``2 images``, ``3 vSwitches``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{count} {noun}s"


_NAMES = {"vpc": "VPC", "eip": "EIP", "vswitch": "vSwitch"}


def kind_in_words(kind: str) -> str:
    """What people call a kind of resource: ``key pair``, ``vSwitch``, ``EIP``."""
    return _NAMES.get(kind) or kind.replace("-", " ")


def listing(kinds: Iterable[str]) -> str:
    """Kinds in order of appearance, the repeated ones counted: ``VPC, 2 snapshots, key pair``."""
    counts: dict[str, int] = {}
    for kind in map(kind_in_words, kinds):
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(kind if count == 1 else plural(count, kind) for kind, count in counts.items())
