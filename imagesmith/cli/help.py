"""The help texts, made from the tables of commands and flags."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from imagesmith.cli.command import COMMON, Command
from imagesmith.cli.flags import Flag

_WIDTH = 100
_COLUMN = 30
_ENVIRONMENT = {
    "PKR_VAR_name": "the value of a variable of the template",
    "PACKER_LOG=1": "write a debug log to stderr",
    "PACKER_LOG_PATH": "write the debug log to this file",
    "NO_COLOR": "no colours; PACKER_NO_COLOR means the same",
    "IMAGESMITH_SIMULATE=1": "build in a simulated cloud; an address: in the one that is served there",
    "IMAGESMITH_STATE_DIR": "where the records of runs are kept",
    "CHECKPOINT_DISABLE": "not needed: nothing is ever sent anywhere but to the cloud",
}


def overview(program: str, commands: Mapping[str, str]) -> str:
    """What the program can do."""
    width = max(map(len, commands))
    lines = [
        f"Usage: {program} COMMAND [FLAGS] [ARGUMENTS]",
        "",
        "Build machine images from Packer templates, and leave nothing behind.",
        "",
        "Commands:",
        *(f"  {name:<{width}}   {summary}" for name, summary in commands.items()),
        "",
        "Environment:",
        *(f"  {name:<22} {meaning}" for name, meaning in _ENVIRONMENT.items()),
        "",
        f"'{program} COMMAND -help' tells more. Flags may be written -flag=value, -flag value or --flag.",
    ]
    return "\n".join(lines)


def command_help(command: Command, program: str) -> str:
    """How one command is called and what its flags mean."""
    lines = [f"Usage: {program} {command.usage}", ""]
    lines += textwrap.wrap(command.about, _WIDTH - 2)
    for title, flags in (("Flags", command.flags), ("Flags of every command", COMMON)):
        shown = [flag for flag in flags if not flag.hidden]
        if shown:
            lines += ["", f"{title}:"]
            lines += [line for flag in shown for line in _describe(flag)]
    if command.examples:
        lines += ["", "Examples:", *(f"  {program} {example}" for example in command.examples)]
    return "\n".join(lines)


def _describe(flag: Flag) -> Iterator[str]:
    left = f"  {_spelling(flag)}"
    text = flag.help
    if flag.without_effect:
        text += f" (No effect here: {flag.without_effect}.)"
    wrapped = textwrap.wrap(text, _WIDTH - _COLUMN - 2)
    if len(left) > _COLUMN:
        yield left
        left = ""
    for line in wrapped:
        yield f"{left:<{_COLUMN}}  {line}".rstrip()
        left = ""


def _spelling(flag: Flag) -> str:
    if flag.kind == "boolean":
        return f"-{flag.name}" if not flag.default else f"-{flag.name}=false"
    if flag.choices:
        return f"-{flag.name}={'|'.join(flag.choices)}"
    if flag.kind == "pairs":
        return f"-{flag.name} '{flag.value or 'NAME=VALUE'}'"
    return f"-{flag.name}={flag.value or 'VALUE'}"
