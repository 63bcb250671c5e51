"""What every command of the command line is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imagesmith.cli.flags import Flag, Parsed

COMMON: tuple[Flag, ...] = (
    Flag("machine-readable", "boolean", "Print one comma-separated record a line, as Packer does.", False),
    Flag("packer-exit-codes", "boolean", "Exit with 0 or 1 only, as Packer does.", False),
    Flag("help", "boolean", "Show this help.", False),
    Flag("h", "boolean", "The same.", False, hidden=True),
    Flag("version", "boolean", "The same as the command version.", False, hidden=True),
    Flag("v", "boolean", "The same as the command version.", False, hidden=True),
)

STATE_DIR = Flag(
    "state-dir", "text", "The folder with the ledgers of all runs. (IMAGESMITH_STATE_DIR, else XDG's)", "", "FOLDER"
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a command: its flags and arguments, and the name under which the program was called."""

    parsed: Parsed
    program: str

    @property
    def machine_readable(self) -> bool:
        """Whether ``-machine-readable`` was given."""
        return bool(self.parsed["machine-readable"])

    @property
    def as_packer(self) -> bool:
        """Whether the program was called as ``packer``."""
        return self.program == "packer"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is called, what it does in one paragraph, its flags, and the function that does it.

    ``run`` returns the exit code; it raises `imagesmith.errors.ImagesmithError` for what goes wrong. ``words`` are what
    the first argument may be, where it is one of a few.
    """

    name: str
    usage: str
    about: str
    flags: tuple[Flag, ...]
    run: Callable[[Invocation], int]
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """The command's own flags and those of every command."""
        return (*self.flags, *COMMON)
