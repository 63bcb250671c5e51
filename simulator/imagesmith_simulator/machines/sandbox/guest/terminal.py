"""Pseudo terminals inside a machine, set up as the client asks (RFC 4254, section 8)."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import Any

_TTY_GROUP = 5
_CHARACTERS = {
    1: "VINTR", 2: "VQUIT", 3: "VERASE", 4: "VKILL", 5: "VEOF", 6: "VEOL", 7: "VEOL2", 8: "VSTART", 9: "VSTOP",
    10: "VSUSP", 12: "VREPRINT", 13: "VWERASE", 14: "VLNEXT", 18: "VDISCARD",
}  # fmt: skip
_INPUT = {
    30: "IGNPAR", 31: "PARMRK", 32: "INPCK", 33: "ISTRIP", 34: "INLCR", 35: "IGNCR", 36: "ICRNL", 38: "IXON",
    39: "IXANY", 40: "IXOFF", 41: "IMAXBEL",
}  # fmt: skip
_LOCAL = {
    50: "ISIG", 51: "ICANON", 53: "ECHO", 54: "ECHOE", 55: "ECHOK", 56: "ECHONL", 57: "NOFLSH", 58: "TOSTOP",
    59: "IEXTEN", 60: "ECHOCTL", 61: "ECHOKE", 62: "PENDIN",
}  # fmt: skip
_OUTPUT = {70: "OPOST", 72: "ONLCR", 73: "OCRNL", 74: "ONOCR", 75: "ONLRET"}
_CONTROL = {92: "PARENB", 93: "PARODD"}
_FLAGS = ((0, _INPUT), (1, _OUTPUT), (2, _CONTROL), (3, _LOCAL))


def open_for(uid: int, wanted: dict[str, Any]) -> tuple[int, int]:
    """A new terminal that belongs to the user: master and slave descriptors. Raises `OSError`."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", wanted["rows"], wanted["columns"], 0, 0))
    _set_modes(slave, bytes.fromhex(wanted["modes"]))
    try:
        os.fchown(slave, uid, _TTY_GROUP)
    except OSError:  # where root is alone there is no such group
        os.fchown(slave, uid, 0)
    return master, slave


def _set_modes(slave: int, modes: bytes) -> None:
    attributes = termios.tcgetattr(slave)
    for at in range(0, len(modes) - 4, 5):
        opcode, value = modes[at], int.from_bytes(modes[at + 1 : at + 5], "big")
        if opcode == 0:
            break
        if opcode in _CHARACTERS:
            attributes[6][getattr(termios, _CHARACTERS[opcode])] = bytes([value & 0xFF]) if value != 255 else b"\0"
        for index, names in _FLAGS:
            flag = getattr(termios, names.get(opcode, ""), 0)
            attributes[index] = attributes[index] | flag if value else attributes[index] & ~flag
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
