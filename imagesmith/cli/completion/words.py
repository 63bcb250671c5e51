"""What can be completed, without any shell: commands, their flags, what a flag's value and an argument can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imagesmith.cli.command import Command
from imagesmith.cli.flags import Flag

TEMPLATE_ENDINGS = (".pkr.hcl", ".json")
VARIABLE_ENDINGS = (".pkrvars.hcl", ".json")

Value = Literal["none", "text", "words", "variables", "file", "folder"]


@dataclass(frozen=True, slots=True)
class CompletedFlag:
    """One flag: what its value can be; ``words`` are the choices."""

    name: str
    help: str
    value: Value
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletedCommand:
    """One command: its flags, the ``words`` that its first argument can be, and whether it takes templates."""

    name: str
    summary: str
    flags: tuple[CompletedFlag, ...]
    words: tuple[str, ...]
    templates: bool


@dataclass(frozen=True, slots=True)
class Program:
    """All commands under the name by which the program is called."""

    name: str
    commands: tuple[CompletedCommand, ...]

    @property
    def function(self) -> str:
        """The name of the shell function that completes."""
        return f"_{self.name}"


def program(name: str, commands: Mapping[str, Command], summaries: Mapping[str, str]) -> Program:
    """The table for these commands; ``summaries`` has one line for each."""
    return Program(name, tuple(_command(word, command, summaries[word]) for word, command in commands.items()))


def _command(name: str, command: Command, summary: str) -> CompletedCommand:
    flags = tuple(_flag(flag) for flag in command.all_flags if not flag.hidden)
    templates = any(word in command.usage for word in ("TEMPLATE", "PATH", "FILE"))
    return CompletedCommand(name, summary, flags, command.words, templates)


def _flag(flag: Flag) -> CompletedFlag:
    text = flag.help.split(". ")[0].rstrip(".")
    if flag.kind == "boolean":
        return CompletedFlag(flag.name, text, "none")
    if flag.choices:
        return CompletedFlag(flag.name, text, "words", flag.choices)
    if flag.name == "var-file":
        return CompletedFlag(flag.name, text, "variables")
    values: Mapping[str, Value] = {"FILE": "file", "FOLDER": "folder"}
    return CompletedFlag(flag.name, text, values.get(flag.value, "text"))
