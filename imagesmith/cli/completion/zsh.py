"""The completion script for zsh."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.cli.completion.words import (
    TEMPLATE_ENDINGS,
    VARIABLE_ENDINGS,
    CompletedCommand,
    CompletedFlag,
    Program,
)

_SCRIPT = """\
#compdef @NAME@
# zsh completion for @NAME@; use it with: source <(@NAME@ completion zsh)
# or put it into a folder of $fpath as @FUNCTION@

@FUNCTION@() {
    local context state state_descr line
    typeset -A opt_args
    local -a commands
    commands=(
@COMMANDS@
        'help:show how a command is called'
    )
    if (( CURRENT == 2 )); then
        _describe -t commands command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
@CASES@
        help) _describe -t commands command commands ;;
    esac
}

if [ "$funcstack[1]" = "@FUNCTION@" ]; then
    @FUNCTION@ "$@"
else
    compdef @FUNCTION@ @NAME@
fi
"""


def script(program: Program) -> str:
    """The script as text."""
    summaries = "\n".join(f"        {_quoted(f'{c.name}:{c.summary}')}" for c in program.commands)
    cases = "\n".join(line for command in program.commands for line in _case(command))
    text = _SCRIPT.replace("@COMMANDS@", summaries).replace("@CASES@", cases)
    return text.replace("@FUNCTION@", program.function).replace("@NAME@", program.name)


def _case(command: CompletedCommand) -> Iterator[str]:
    yield f"        {command.name})"
    yield "            _arguments \\"
    for flag in command.flags:
        yield f"                {_quoted(_flag(flag))} \\"
    if command.words:
        yield f"                {_quoted('1:word:(' + ' '.join(command.words) + ')')} \\"
    files = "*:template:" + _files(TEMPLATE_ENDINGS) if command.templates else "*: :"
    yield f"                {_quoted(files)}"
    yield "            ;;"


def _flag(flag: CompletedFlag) -> str:
    text = re.sub(r"([\[\]:\\])", r"\\\1", flag.help)
    actions = {
        "text": " ",
        "words": "(" + " ".join(flag.words) + ")",
        "variables": _files(VARIABLE_ENDINGS),
        "file": "_files",
        "folder": "_files -/",
    }
    if flag.value == "none":
        return f"-{flag.name}[{text}]"
    return f"*-{flag.name}=[{text}]:{flag.name}:{actions[flag.value]}"


def _files(endings: tuple[str, ...]) -> str:
    return f'_files -g "*({"|".join(endings)})"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
