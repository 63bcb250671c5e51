"""The user data of the instance, which the API takes in base64: written plain in a template, or encoded already."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.passwords import fill_password

if TYPE_CHECKING:
    from imagesmith_huaweicloud.run_options import RunOptions

_BEGINNINGS = (
    b"#!",
    b"#cloud-",
    b"#include",
    b"#part-handler",
    b"#upstart-job",
    b"#ps1",
    b"## template:",
    b"Content-Type:",
    b"MIME-Version:",
    b"From nobody",
    b"rem cmd",
    b"<powershell>",
    b"<script>",
    b"\x1f\x8b",
)
"""What cloud-init and Cloudbase-Init take for user data."""


def decoded(options: RunOptions) -> bytes:
    """The user data as the guest will see them. Raises `OSError` when their file can't be read."""
    raw = options.user_data.encode()
    if options.user_data_file:
        raw = Path(options.user_data_file).expanduser().read_bytes()
    return base64.b64decode(b"".join(raw.split())) if is_encoded(raw) else raw


def encoded(options: RunOptions, password: str = "") -> str:
    """The user data in base64, with the password where they ask for it; "" where there are none."""
    return base64.b64encode(fill_password(decoded(options), password)).decode()


def is_encoded(raw: bytes) -> bool:
    """Whether this is base64 of user data: what it decodes to must be some.

    That it decodes at all says nothing: so do the words "hostname" and "reboot12".
    """
    try:
        decoded = base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        return False
    return decoded.lstrip().startswith(_BEGINNINGS)


def size(raw: bytes) -> int:
    """How many bytes of user data this is, once they are decoded; ECS counts them so."""
    return len(base64.b64decode(b"".join(raw.split()))) if is_encoded(raw) else len(raw)
