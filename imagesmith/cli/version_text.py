"""What the version is said to be. Imports nothing, because ``--version`` is to answer at once."""

from __future__ import annotations

from imagesmith.version import PACKER_VERSION, __version__


def version_line(program: str) -> str:
    """One line; called as ``packer`` it is the line that scripts look for."""
    if program == "packer":
        return f"Packer v{PACKER_VERSION}"
    return f"imagesmith {__version__} (Packer {PACKER_VERSION.rpartition('.')[0]} templates)"


def show_version(program: str, *, machine_readable: bool = False) -> int:
    """Print the version, or Packer's four records of it."""
    line = version_line(program)
    if not machine_readable:
        print(line)  # noqa: T201
        return 0
    import time

    from imagesmith.ui.machine_readable import encode, ui_line

    now = time.time()
    number = PACKER_VERSION if program == "packer" else __version__
    # "prelease" is how Packer spells it.
    for kind, text in (("version", number), ("version-prelease", ""), ("version-commit", "")):
        print(encode(now, "", kind, text))  # noqa: T201
    print(ui_line("say", line, now))  # noqa: T201
    return 0
