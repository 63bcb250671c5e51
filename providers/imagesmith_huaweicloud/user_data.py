"""The user data of the instance, which the API takes in base64: written plain in a template, or encoded already."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

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


def encoded(options: RunOptions) -> str:
    """The user data in base64; "" where there is none."""
    raw = options.user_data.encode()
    if options.user_data_file:
        raw = Path(options.user_data_file).expanduser().read_bytes()
    if is_encoded(raw):
        return b"".join(raw.split()).decode()
    return base64.b64encode(raw).decode()


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
