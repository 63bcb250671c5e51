"""The completion script for bash; it needs no bash-completion package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagesmith.cli.completion.words import (
    TEMPLATE_ENDINGS,
    VARIABLE_ENDINGS,
    CompletedCommand,
    CompletedFlag,
    Program,
)

# COMP_WORDBREAKS has "=", so "-flag=val" comes as three words.
_SCRIPT = """\
# bash completion for @NAME@; use it with: source <(@NAME@ completion bash)

@FUNCTION@_files() {
    local IFS=$'\\n' ending
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -d -- "$cur"))
    for ending in "$@"; do
        COMPREPLY+=($(compgen -f -X "!*$ending" -- "$cur"))
    done
}

@FUNCTION@_words() {
    local IFS=$' \\t\\n'
    COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}

@FUNCTION@() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="" command="" flags="" at
    COMPREPLY=()
    if [ "$COMP_CWORD" -gt 0 ]; then prev="${COMP_WORDS[COMP_CWORD-1]}"; fi
    if [ "$cur" = "=" ]; then
        cur=""
    elif [ "$prev" = "=" ] && [ "$COMP_CWORD" -gt 1 ]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        case "${COMP_WORDS[at]}" in
            -*) ;;
            *) command="${COMP_WORDS[at]}"; break ;;
        esac
    done
    if [ -z "$command" ]; then
        @FUNCTION@_words "@COMMANDS@"
        return
    fi
    case "$command $prev" in
@VALUES@
    esac
    case "$command" in
@FLAGS@
    esac
    case "$cur" in
        --*) @FUNCTION@_words "${flags// -/ --}" ;;
        -*) @FUNCTION@_words "$flags" ;;
        *)
            case "$command" in
@ARGUMENTS@
            esac
            ;;
    esac
}

complete -F @FUNCTION@ @NAME@
"""


def script(program: Program) -> str:
    """The script as text."""
    parts = {
        "COMMANDS": " ".join([*(command.name for command in program.commands), "help"]),
        "VALUES": "\n".join(_values(program)),
        "FLAGS": "\n".join(_flags(command) for command in program.commands),
        "ARGUMENTS": "\n".join(_arguments(program)),
        "FUNCTION": program.function,
        "NAME": program.name,
    }
    text = _SCRIPT
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _flags(command: CompletedCommand) -> str:
    # The leading space lets "${flags// -/ --}" reach the first flag too.
    return f'        {command.name}) flags=" {" ".join("-" + flag.name for flag in command.flags)}" ;;'


def _values(program: Program) -> Iterator[str]:
    for command in program.commands:
        for flag in command.flags:
            if flag.value != "none":
                pattern = f'"{command.name} -{flag.name}" | "{command.name} --{flag.name}"'
                yield f"        {pattern}) {_value(flag)} return ;;"


def _value(flag: CompletedFlag) -> str:
    if flag.value == "words":
        return f'@FUNCTION@_words "{" ".join(flag.words)}";'
    if flag.value == "variables":
        return _files(VARIABLE_ENDINGS)
    if flag.value == "file":
        return _files(("",))
    return "@FUNCTION@_files;" if flag.value == "folder" else ""


def _files(endings: Sequence[str]) -> str:
    return f"@FUNCTION@_files {' '.join(repr(ending) for ending in endings)};"


def _arguments(program: Program) -> Iterator[str]:
    names = " ".join(command.name for command in program.commands)
    yield f'                help) @FUNCTION@_words "{names}" ;;'
    for command in program.commands:
        actions = [f'@FUNCTION@_words "{" ".join(command.words)}";'] if command.words else []
        actions += [_files(TEMPLATE_ENDINGS)] if command.templates else []
        if actions:
            yield f"                {command.name}) {' '.join(actions)} ;;"
