"""Completion scripts for shells, made from the tables of commands and flags.

A script is complete in itself: it starts no process while it completes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imagesmith.cli.completion import bash, fish, zsh
from imagesmith.cli.completion.words import Program

SHELLS: Mapping[str, Callable[[Program], str]] = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}
"""How to make the script for each shell."""
