"""``min_packer_version``."""

from __future__ import annotations

import re

from imagesmith.errors import Diagnostic, Location
from imagesmith.version import PACKER_VERSION

_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)(?:-[0-9A-Za-z.~-]+)?(?:\+[0-9A-Za-z.~-]+)?")


def problem(wanted: str, location: Location) -> Diagnostic | None:
    """What is wrong with a template's minimum version, if anything is."""
    match = _VERSION.fullmatch(wanted.strip())
    if not match:
        hint = 'Write a version such as "1.6.0"'
        return Diagnostic('"min_packer_version" is not a version', hint=hint, location=location)
    if _numbers(match[1]) <= _numbers(PACKER_VERSION):
        return None
    text = f"the template needs Packer {wanted} or higher"
    return Diagnostic(text, f"This tool keeps to the behaviour of Packer {PACKER_VERSION}", location=location)


def _numbers(version: str) -> list[int]:
    """The version as numbers without trailing zeros, so that 1.16 and 1.16.0 are equal."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers
