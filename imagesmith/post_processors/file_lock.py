"""One writer at a time for a file that the builds of several processes append to."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import WaitTimeout
from imagesmith.waiting import Patience, Pending, wait_until

if TYPE_CHECKING:
    from imagesmith.interfaces import PostProcessContext

_PATIENCE = Patience(timeout_s=5.0, first_s=0.02, growth=1.3, longest_s=0.2)
_STALE_S = 30.0

_here = threading.Lock()


@contextmanager
def locked(path: Path, context: PostProcessContext) -> Iterator[None]:
    """Hold ``PATH.lock``, the file that Packer uses too, made with O_EXCL.

    One that nobody removes for 5 s, or that is older than 30 s, was left by a process that died: after a warning it is
    taken over. Raises OSError when the folder can't be written.
    """
    lock = path.with_name(path.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)

    def take() -> bool | Pending:
        if _is_stale(lock):
            return False
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        except FileExistsError:
            return Pending("locked")
        return True

    with _here:
        try:
            mine = wait_until(take, what=str(lock), patience=_PATIENCE, cancel=context.cancel)
        except WaitTimeout:
            mine = False
        if not mine:
            context.say(f"Warning: {lock} has been there for too long; whoever made it is taken for dead")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _is_stale(lock: Path) -> bool:
    try:
        return time.time() - lock.stat().st_mtime > _STALE_S
    except FileNotFoundError:
        return False
