"""What goes into the error when a machine was never reached: how long it was tried, and what the guest printed last."""

from __future__ import annotations

import re
from typing import TypeVar

from imagesmith.errors import ConnectError, ConnectionRefused, GuestNotBooted, SilentPeer, Unreachable

AnyError = TypeVar("AnyError", bound=ConnectError)

_TAIL_LINES = 12
_TAIL_CHARACTERS = 2000
_NEVER_CAME_UP = re.compile(
    r"Kernel panic - not syncing|No bootable device|Boot failed|grub rescue>|error: no such (?:partition|device)"
    r"|You are in emergency mode|Give root password for maintenance|\(initramfs\)|Entering emergency mode"
    r"|dracut-initqueue.*timeout|VFS: Unable to mount root|Operating System not found|UEFI Interactive Shell"
    r"|BOOTMGR is missing|INACCESSIBLE_BOOT_DEVICE|Your (?:PC|device) needs to be repaired"
)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def with_console(error: AnyError, text: str, facts: str) -> AnyError | GuestNotBooted:
    """The error to give up with: how long it was tried, and the end of what the guest printed."""
    tail = console_tail(text)
    shown = f"; the guest's console ends with:\n{tail}\n" if tail else ""
    if isinstance(error, Unreachable | ConnectionRefused | SilentPeer) and _NEVER_CAME_UP.search(text):
        found = _NEVER_CAME_UP.search(text)
        return GuestNotBooted(
            f'the guest never came up ("{found[0] if found else ""}"): {error.message}{facts}{shown}',
            hint="the source image does not boot on this instance type: check its disk, boot mode and drivers",
        )
    return type(error)(f"{error.message}{facts}{shown}", hint=error.hint)


def console_tail(text: str) -> str:
    """The last lines of a console without control sequences."""
    lines = [line.rpartition("\r")[2].rstrip() for line in without_controls(text.replace("\r\n", "\n")).split("\n")]
    kept = [f"  | {line}" for line in lines if line.strip()][-_TAIL_LINES:]
    return "\n".join(kept)[-_TAIL_CHARACTERS:]


def without_controls(text: str) -> str:
    """The text without control sequences, which would play with the terminal."""
    return _CONTROL.sub("", text)
