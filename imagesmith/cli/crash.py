"""What is written down when imagesmith itself is at fault: short, masked, and in a file instead of on the screen."""

from __future__ import annotations

import platform
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from imagesmith import redact
from imagesmith.version import __version__

_DEEPEST = 30


def write_report(error: BaseException, words: Sequence[str], folder: Path | None = None) -> Path | None:
    """Write where it happened to a new file below the state folder; None where that is not possible."""
    if folder is None:
        from imagesmith.ledger import state_folder

        folder = state_folder()
    path = folder / "defects" / time.strftime("%Y%m%dT%H%M%SZ.txt", time.gmtime())
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(redact.mask(_report(error, words)), encoding="utf-8", errors="replace")
    except OSError:
        return None
    return path


def _report(error: BaseException, words: Sequence[str]) -> str:
    trace = traceback.format_exception(type(error), error, error.__traceback__, limit=-_DEEPEST)
    return "\n".join(
        [
            f"imagesmith {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"called with: {shlex.join(_without_values(words))}",
            f"interpreter: {sys.executable}",
            "",
            *(part.rstrip("\n") for part in trace),
            "",
        ]
    )


def _without_values(words: Sequence[str]) -> list[str]:
    """The arguments; of a variable only its name, since nothing tells here whether its value is a secret."""
    shown = []
    previous = ""
    for word in words:
        flag, equals, rest = word.partition("=")
        if previous.lstrip("-") == "var" and previous.startswith("-"):
            shown.append(f"{flag}=…")
        elif flag in ("-var", "--var") and equals:
            shown.append(f"{flag}={rest.partition('=')[0]}=…")
        else:
            shown.append(word)
        previous = word
    return shown
