"""The completion script for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagesmith.cli.completion.words import (
    TEMPLATE_ENDINGS,
    VARIABLE_ENDINGS,
    CompletedCommand,
    CompletedFlag,
    Program,
)


def script(program: Program) -> str:
    """The script as text."""
    return "\n".join(_lines(program)) + "\n"


def _lines(program: Program) -> Iterator[str]:
    name = program.name
    start = f"complete -c {name} -n __fish_use_subcommand"
    yield f"# fish completion for {name}; use it with: {name} completion fish | source"
    yield f"# or write it to ~/.config/fish/completions/{name}.fish"
    yield ""
    yield f"complete -c {name} -f"
    for command in program.commands:
        yield f"{start} -a {command.name} -d {_quoted(command.summary)}"
    yield f"{start} -a help -d 'show how a command is called'"
    names = " ".join(command.name for command in program.commands)
    yield f"complete -c {name} -n '__fish_seen_subcommand_from help' -a {_quoted(names)}"
    for command in program.commands:
        yield from _command(name, command)


def _command(name: str, command: CompletedCommand) -> Iterator[str]:
    start = f"complete -c {name} -n '__fish_seen_subcommand_from {command.name}'"
    yield ""
    if command.words:
        yield f"{start} -a {_quoted(' '.join(command.words))}"
    if command.templates:
        yield f"{start} -k -a {_quoted(_files(TEMPLATE_ENDINGS))}"
    for flag in command.flags:
        for option in ("-o", "-l"):
            yield f"{start} {option} {flag.name}{_value(flag)} -d {_quoted(flag.help)}"


def _value(flag: CompletedFlag) -> str:
    if flag.value == "none":
        return ""
    if flag.value == "words":
        return f" -x -a {_quoted(' '.join(flag.words))}"
    if flag.value == "variables":
        return f" -x -k -a {_quoted(_files(VARIABLE_ENDINGS))}"
    if flag.value == "folder":
        return " -x -a '(__fish_complete_directories)'"
    return " -r -F" if flag.value == "file" else " -x"


def _files(endings: Sequence[str]) -> str:
    return " ".join(f"(__fish_complete_suffix {ending})" for ending in endings)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
