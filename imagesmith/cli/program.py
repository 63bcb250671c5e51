"""From the arguments to an exit code: which command, with what, and what happened to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagesmith.cli.command import Command
    from imagesmith.cli.report import Printer

COMMANDS: Mapping[str, str] = {
    "build": "build the images of a template",
    "validate": "check a template without touching a cloud",
    "inspect": "show what a template consists of",
    "policy": "print the least that a template's builds must be allowed to do",
    "console": "try out expressions with a template's variables",
    "fmt": "put templates into the canonical layout",
    "fix": "print a JSON template with today's names for its options",
    "hcl2_upgrade": "write a JSON template in HCL2",
    "runs": "list the runs on record and what they have left",
    "cleanup": "delete what a dead or aborted run has left",
    "simulate": "serve a simulated cloud on this machine",
    "init": "check that the plugins that a template requires are there",
    "plugins": "list the built-in plugins, and what a template requires",
    "schema": "print the JSON Schema of templates, for editors",
    "completion": "print a completion script for a shell",
    "version": "show the version",
}

ALIASES: Mapping[str, str] = {"plugin": "plugins"}

_COMPLETION = frozenset({"autocomplete-install", "autocomplete-uninstall"})
_VERSION_FLAGS = frozenset({"-v", "--v", "-version", "--version"})
_HELP_FLAGS = frozenset({"-h", "--h", "-help", "--help"})
_MACHINE_READABLE = frozenset({"-machine-readable", "--machine-readable"})


def run(argv: list[str], *, called_as: str = "imagesmith") -> int:
    """Do what ``argv`` says and return the exit code. Never raises, never shows a traceback."""
    program = _program(called_as)
    words = [word for word in argv if word not in _MACHINE_READABLE]
    machine_readable = len(words) < len(argv)
    if not words:
        return _overview(program)
    if words[0] in _VERSION_FLAGS or words == ["version"]:
        from imagesmith.cli.version_text import show_version

        return show_version(program, machine_readable=machine_readable)
    if words[0] in _HELP_FLAGS or words[0] == "help":
        return _help(words[1:], program)
    return _guarded(words, program, machine_readable)


def _program(called_as: str) -> str:
    name = called_as.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    return "packer" if name == "packer" else "imagesmith"


def _overview(program: str) -> int:
    """No command at all: the help, and Packer's exit code where it is expected."""
    from imagesmith.cli.help import overview

    print(overview(program, COMMANDS))  # noqa: T201
    return 127 if program == "packer" else 2


def _help(words: Sequence[str], program: str) -> int:
    from imagesmith.cli.help import command_help, overview

    named = next((name for word in words if (name := ALIASES.get(word, word)) in COMMANDS), None)
    print(command_help(load(named), program) if named else overview(program, COMMANDS))  # noqa: T201
    return 0


def load(name: str) -> Command:
    """The command of this name; only its own module is imported."""
    import importlib

    command: Command = importlib.import_module(f"imagesmith.cli.commands.{name}").COMMAND
    return command


def _guarded(words: Sequence[str], program: str, machine_readable: bool) -> int:
    from imagesmith.cli import report
    from imagesmith.errors import ImagesmithError

    printer = report.Printer(program, machine_readable)
    try:
        return _perform(words, program, machine_readable, printer)
    except ImagesmithError as error:
        printer.error(error)
        return _exit_code(error, words)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except Exception as error:  # noqa: BLE001  # the last resort: people get a report, never a traceback
        from imagesmith.cli.crash import write_report

        printer.defect(error, write_report(error, words))
        return 1


def _exit_code(error: Exception, words: Sequence[str]) -> int:
    code: int = getattr(error, "exit_code", 1)
    packer = any(word.lstrip("-") == "packer-exit-codes" and word.startswith("-") for word in words)
    return 1 if packer and code else code


def _perform(words: Sequence[str], program: str, machine_readable: bool, printer: Printer) -> int:
    name = ALIASES.get(words[0], words[0])
    if name not in COMMANDS:
        raise _unknown(name)
    from imagesmith.cli.command import Invocation
    from imagesmith.cli.flags import parse

    command = load(name)
    extra = ["-machine-readable"] if machine_readable else []
    parsed = parse([*extra, *words[1:]], command.all_flags)
    printer.json_lines = parsed.values.get("log-format") == "json"
    if parsed["help"] or parsed["h"]:
        return _help([name], program)
    if parsed["version"] or parsed["v"]:
        command = load("version")
    if name != "version":
        from imagesmith.cli import logs

        logs.configure()
    return command.run(Invocation(parsed, program))


def _unknown(name: str) -> Exception:
    import difflib

    from imagesmith.errors import UsageError

    if name.lstrip("-") in _COMPLETION and name.startswith("-"):
        hint = "'imagesmith completion bash|zsh|fish' prints a script; its -help says where to put it"
        return UsageError(f"the flag {name} does not exist: no start-up file of a shell is changed", hint=hint)
    if name.startswith("-"):
        return UsageError(f"the flag {name} stands before the command", hint="write the command first, then its flags")
    close = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
    hint = f'did you mean "{close[0]}"?' if close else f"commands are {', '.join(COMMANDS)}"
    return UsageError(f'there is no command "{name}"', hint=hint)


def _forget_stdout() -> None:
    """Whoever read our output has gone: keep the interpreter from complaining when it flushes at exit."""
    import os

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
