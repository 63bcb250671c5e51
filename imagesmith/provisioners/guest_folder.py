"""Folders on the machine that go again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from imagesmith import redact
from imagesmith.errors import ImagesmithError, ProvisionError
from imagesmith.provisioners.time_limit import time_limit

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

_LAST_TIDYING_S = 10.0
_MAKE_PRIVATE = "umask 077; mktemp -d /dev/shm/imagesmith-XXXXXXXXXX 2>/dev/null || mktemp -d"


def run_in_guest(remote: Remote, context: ProvisionContext, command: str) -> str:
    """What a small command prints; raises `ProvisionError` unless it succeeds."""
    result = remote.run(command, cancel=context.cancel)
    context.cancel.check()
    if result.exit_status != 0:
        reason = result.stderr.strip() or f"exit status {result.exit_status}"
        raise ProvisionError(f'"{command}" failed on the machine: {reason}', hint="may the user do that there?")
    return result.stdout.strip()


@contextmanager
def guest_folder(remote: Remote, context: ProvisionContext, path: str, *, remove: bool) -> Iterator[None]:
    """Make a folder, which may be there already, and remove it in the end where that is wanted."""
    run_in_guest(remote, context, f"mkdir -p {shlex.quote(path)}")
    try:
        yield
    finally:
        if remove:
            _remove(remote, context, path)


class GuestFolder:
    """A folder for files that only the user on the machine can read: in its memory, where that is possible.

    It is made with the first file, and removed when the context ends.
    """

    def __init__(self, remote: Remote, context: ProvisionContext) -> None:
        self._remote, self._context = remote, context
        self._path = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._path:
            _remove(self._remote, self._context, self._path)

    def write(self, text: str) -> str:
        """Write a file with mode 0600; returns its path on the machine."""
        if not self._path:
            self._path = run_in_guest(self._remote, self._context, _MAKE_PRIVATE)
        path = f"{self._path}/{os.urandom(4).hex()}"
        self._remote.upload(text.encode("utf-8", "surrogateescape"), path, mode=0o600)
        return path

    def discreet(self, command: str) -> str:
        """The same command; one that holds a secret is read from a file, so that no argument list shows it."""
        return f". {self.write(f'{command}{chr(10)}')}" if redact.mask(command) != command else command


def _remove(remote: Remote, context: ProvisionContext, path: str) -> None:
    """With a token of its own, because the build's may be set already; a failure is told and no more."""
    try:
        with time_limit(_LAST_TIDYING_S, "tidying took too long") as cancel:
            result = remote.run(f"rm -rf {shlex.quote(path)}", cancel=cancel)
        if result.exit_status == 0:
            return
        reason = result.stderr.strip() or f"exit status {result.exit_status}"
    except ImagesmithError as error:
        reason = error.message
    context.say(f"{path} may still be on the machine: {reason}")
