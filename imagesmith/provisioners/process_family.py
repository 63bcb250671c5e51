"""A local command with all that it has started, so that everything can be ended.

Its process group alone is not enough: ansible's workers, for example, have sessions of their own, and the parent of one
may be gone. So the command's environment has a mark, which all inherit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class Mark:
    """The variable by which the processes of one command are known."""

    name: str = "IMAGESMITH_FAMILY"
    value: str = field(default_factory=lambda: secrets.token_hex(8))

    def is_on(self, process: Path) -> bool:
        """Whether a process has it; not for one of another user, whose environment can't be read."""
        try:
            return f"{self.name}={self.value}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False


class Family:
    """The leader of a process group and what it started. Without /proc it is that group alone."""

    def __init__(self, leader: int, mark: Mark) -> None:
        self._leader = leader
        self._mark = mark
        self._groups = {leader}
        self._told: dict[int, set[int]] = {}

    def lives(self) -> bool:
        """Whether something of it still runs. What has ended but is not collected yet does not."""
        if not _HAS_PROC:
            return self._group_answers()
        found = [group for group, process in _running() if group in self._groups or self._mark.is_on(process)]
        self._groups.update(found)
        return bool(found)

    def tell(self, number: int) -> None:
        """Send a signal to all that `lives` has seen; each group gets it once, however often this is called."""
        told = self._told.setdefault(number, set())
        for group in self._groups - told:
            # A process of another user (sudo) may refuse; it must not hold up the end of the build.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        told |= self._groups

    def _group_answers(self) -> bool:
        try:
            os.killpg(self._leader, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


def _running() -> Iterator[tuple[int, Path]]:
    """The process group of each process that runs, and where its facts are."""
    for status in _PROC.glob("[0-9]*/stat"):
        try:
            state, _, group, *_ = status.read_text("utf-8", "replace").rpartition(")")[2].split()
        except (OSError, ValueError):  # it has ended while we looked
            continue
        if state not in "ZX":
            yield int(group), status.parent
