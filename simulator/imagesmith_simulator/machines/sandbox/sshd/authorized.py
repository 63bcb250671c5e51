"""Reading authorized_keys (sshd(8), section AUTHORIZED_KEYS FILE FORMAT)."""

from __future__ import annotations

import base64
import binascii


def accepts(text: str, blob: bytes) -> bool:
    """Whether a line of the file names this public key.

    Options in front of a key are skipped, except that a key with ``command=`` or an expiry or source restriction is
    not accepted at all: these restrictions are not enforced here, and less must not become more.
    """
    for line in text.splitlines():
        options, key = _split(line.strip())
        if key == blob and not any(word in options for word in ("command=", "from=", "expiry-time=", "cert-authority")):
            return True
    return False


def _split(line: str) -> tuple[str, bytes]:
    """The options and the key's blob; an empty blob where there is none."""
    if not line or line.startswith("#"):
        return "", b""
    options, rest = "", line
    if not line.startswith(("ssh-", "ecdsa-", "sk-")):
        end = _end_of_options(line)
        options, rest = line[:end], line[end:].lstrip()
    words = rest.split()
    if len(words) < 2:
        return options, b""
    try:
        return options, base64.b64decode(words[1], validate=True)
    except binascii.Error:
        return options, b""


def _end_of_options(line: str) -> int:
    quoted = False
    for at, letter in enumerate(line):
        if letter == '"' and line[at - 1 : at] != "\\":
            quoted = not quoted
        elif letter in " \t" and not quoted:
            return at
    return len(line)
