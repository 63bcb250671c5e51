"""Words that a remote shell takes as they are."""

from __future__ import annotations

import re
import shlex

_GLOB = re.compile(r"(\*|\?|\[[!^]?[\w.,:+-]+\])")


def word(path: str) -> str:
    """One shell word for a path. Only a leading ``~/`` is left to the shell; a leading dash can't be an option."""
    if path == "~" or path.startswith("~/"):
        return "~" if path == "~" else "~/" + (shlex.quote(path[2:]) if path[2:] else "")
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def pattern(path: str) -> str:
    """The same with ``*``, ``?`` and simple ``[...]`` left to the shell."""
    home = "~/" if path.startswith("~/") else ""
    rest = path.removeprefix(home)
    if rest.startswith("-"):
        rest = f"./{rest}"
    parts = _GLOB.split(rest)
    return home + "".join(
        part if place % 2 else (shlex.quote(part) if part else "") for place, part in enumerate(parts)
    )


def has_pattern(path: str) -> bool:
    """Whether a path holds something that a shell would expand."""
    return bool(_GLOB.search(path))


def command(script: str, *words: str) -> str:
    """A command line that runs a Bourne shell script with these words (already quoted) as $1, $2, …

    It is read by the user's login shell, whichever that is; ``exec`` leaves no second process of it behind.
    """
    return " ".join(("exec", "/bin/sh", "-c", shlex.quote(script), "sh", *words))


def in_folder(folder: str, name: str) -> str:
    """A path below a remote folder."""
    return folder + name if folder.endswith("/") else f"{folder}/{name}"
