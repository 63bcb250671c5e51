"""What a script's exit status means: shared by remote and local scripts, so that both fail in the same words."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from imagesmith.errors import ProvisionError

DISCONNECTED = 2300218
"""What Packer uses for "the connection broke before the exit status came"; templates name it in valid_exit_codes."""

_HINTS = {
    126: "126 means that it can't be executed: a missing execute permission, a noexec mount or a wrong interpreter",
    127: "127 means that a command, or the script's interpreter, was not found",
    137: "137 means killed: often the machine ran out of memory",
}


def check_exit_status(name: str, status: int, valid: Sequence[int]) -> None:
    """Raise `ProvisionError` unless the status is one of the valid ones."""
    if status in valid:
        return
    allowed = ", ".join(map(str, valid)) or "none"
    hint = _HINTS.get(status, f"allowed are: {allowed}; add others to valid_exit_codes")
    raise ProvisionError(f"{name} ended with exit status {status}", exit_status=status, hint=hint)


def status_of_signal(name: str) -> int:
    """The status that shells give a process that a signal ended: 128 plus its number."""
    found = getattr(signal, f"SIG{name.upper().removeprefix('SIG')}", None)
    return 128 + int(found) if found is not None else 255
