"""``imagesmith completion``: a script that completes commands, flags and file names in a shell."""

from __future__ import annotations

from imagesmith.cli.command import Command, Invocation
from imagesmith.errors import UsageError

_SHELLS = ("bash", "zsh", "fish")


def _run(invocation: Invocation) -> int:
    from imagesmith.cli import program
    from imagesmith.cli.completion import SHELLS, words

    arguments = invocation.parsed.arguments
    if len(arguments) != 1 or arguments[0] not in SHELLS:
        given = f'"{" ".join(arguments)}" is none' if arguments else "none was named"
        raise UsageError(f"completion takes the name of a shell; {given}", hint=f"write completion {'|'.join(_SHELLS)}")
    commands = {name: program.load(name) for name in program.COMMANDS}
    table = words.program(invocation.program, commands, program.COMMANDS)
    print(SHELLS[arguments[0]](table), end="")  # noqa: T201
    return 0


COMMAND = Command(
    "completion",
    "completion bash|zsh|fish",
    "Print a script that lets a shell complete commands, flags, their values and the names of templates. For bash, put "
    "'source <(imagesmith completion bash)' into ~/.bashrc; for zsh, 'source <(imagesmith completion zsh)' behind "
    "compinit in ~/.zshrc; for fish, run 'imagesmith completion fish > ~/.config/fish/completions/imagesmith.fish'.",
    (),
    _run,
    ("completion bash", "completion fish > ~/.config/fish/completions/imagesmith.fish"),
    _SHELLS,
)
