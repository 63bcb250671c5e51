"""What both shell-local plugins are: the provisioner and the post-processor differ only in what they return.

**Where secrets travel.** Packer writes the variables into the argument of ``/bin/sh -c``, where every user of this
machine can read them. Here the variables are in the child's environment; and the text after ``sh -c``, which the
template may have built from ``{{.Vars}}`` or from secrets of its own, is handed over in an environment variable that
the shell evaluates after unsetting it. The shell evaluates the same text as with Packer, and the argument list shows
only that it does. An ``execute_command`` that is not of the form ``[a shell, -c, text, …]`` is run as the template has
it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import option
from imagesmith.provisioners import environment
from imagesmith.provisioners.outcome import check_exit_status
from imagesmith.provisioners.script_options import ScriptOptions
from imagesmith.waiting import CancelToken

if TYPE_CHECKING:
    from imagesmith.interfaces import OutputSink

_SYSTEMS = {"darwin": "darwin", "freebsd": "freebsd", "linux": "linux", "openbsd": "openbsd", "sunos": "solaris"}
_SYSTEMS |= {"win32": "windows"}
_SHELLS = {"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"}
_FLAGS = re.compile("-[el]*c")
_COMMAND_VARIABLE = "IMAGESMITH_COMMAND"


@dataclass(frozen=True, kw_only=True)
class LocalContext:
    """What a local script needs to know about its build: the common part of both plugins' contexts."""

    environment: Mapping[str, str]
    generated: Mapping[str, object]
    run_uuid: str
    render: Callable[[str, Mapping[str, object]], str]
    say: Callable[[str], None]
    output: OutputSink
    cancel: CancelToken


class LocalScriptOptions(ScriptOptions):
    """Run scripts on the machine where imagesmith itself runs, in its folder and with its environment."""

    command: str = option(default="", doc="One line to run; the older way to write `inline`.")
    execute_command: Sequence[str] = option(
        default=(),
        rendered="run",
        doc="The program and its arguments that run a script, with `{{.Vars}}`, `{{.Script}}` and the build variables; "
        "by default `/bin/sh`, `-c`, `{{.Vars}} {{.Script}}`.",
    )
    only_on: Sequence[str] = option(
        default=(),
        doc="Run only on these systems and pass by elsewhere: darwin, freebsd, linux, openbsd, solaris, windows.",
    )
    tempfile_extension: str = option(default="", doc="How the name of an inline script's file ends.")
    use_linux_pathing: bool = option(
        default=False, doc="Write paths for WSL.", no_effect="It concerns Windows with WSL, and this runs on Linux"
    )

    def sources(self) -> Mapping[str, object]:
        return {**super().sources(), "command": self.command}

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if isinstance(self.execute_command, str):
            yield Diagnostic("execute_command must be a list of strings, not one string")
        if self.use_linux_pathing and (self.inline or self.command):
            yield Diagnostic("use_linux_pathing is for script and scripts", hint="Leave it out; it concerns WSL only")
        known = ", ".join(_SYSTEMS.values())
        for system in self.only_on:
            if system not in _SYSTEMS.values():
                yield Diagnostic(f'only_on: there is no system "{system}"', hint=f"Known are {known}")

    def execute(self, context: LocalContext) -> None:
        """Run the scripts in order.

        Raises `ProvisionError` with the exit status of the first one that fails, and what the cancel token says.
        """
        if self.only_on and _this_system() not in self.only_on:
            context.say(f"Skipping shell-local: it runs only on {', '.join(self.only_on)}")
            return
        if lines := (self.inline or [line for line in (self.command,) if line]):
            text = self.inline_text(lines, lambda line: context.render(line, context.generated))
            with temporary_script(text, self.tempfile_extension) as path:
                self._run(path, "the inline local script", context)
        for file in self.script_files():
            self._run(os.path.normpath(Path(file).absolute()), f"the local script {file}", context)

    def _run(self, path: str, name: str, context: LocalContext) -> None:
        from imagesmith.provisioners.local_command import run_local

        context.say(f"Running {name}")
        variables = environment.merged(context.environment, self.environment_vars, self.env)
        environ = {**os.environ, "PACKER_RUN_UUID": context.run_uuid}
        if not self.env_var_format:
            environ.update(variables)
        arguments, more = discreet(self._arguments(path, variables, context))
        status = run_local(arguments, environ={**environ, **more}, output=context.output, cancel=context.cancel)
        check_exit_status(name, status, self.valid_exit_codes)

    def _arguments(self, path: str, variables: Mapping[str, str], context: LocalContext) -> list[str]:
        text = environment.formatted(variables, self.env_var_format or environment.COMMAND_LINE_FORMAT)
        if not self.execute_command:
            return ["/bin/sh", "-c", f"{text} {shlex.quote(path)}"]
        data = {"Vars": text, "Script": path, "Command": path}
        return [
            environment.render_command(part, data, context.generated, context.render) for part in self.execute_command
        ]


def discreet(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The same command with the shell's text in the environment: the arguments, and the variable to add."""
    program, flags, text, *rest = [*arguments, "", ""]
    if len(arguments) < 3 or Path(program).name not in _SHELLS or not _FLAGS.fullmatch(flags):
        return list(arguments), {}
    arguments = [program, flags, f'eval "${_COMMAND_VARIABLE}"', *rest[:-2]]
    return arguments, {_COMMAND_VARIABLE: f"unset {_COMMAND_VARIABLE}\n{text}"}


@contextlib.contextmanager
def temporary_script(text: str, extension: str = "") -> Iterator[str]:
    """A script file that only we can read, gone afterwards; raises `ProvisionError` if it can't be written."""
    import tempfile

    from imagesmith.provisioners.local_command import spawning

    extension = f".{extension.removeprefix('.')}" if extension else ""
    try:
        with spawning:
            descriptor, path = tempfile.mkstemp(prefix="imagesmith-shell", suffix=extension)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                os.fchmod(descriptor, 0o700)
    except OSError as error:
        raise ProvisionError(f"no temporary script could be written: {error.strerror or error}") from error
    try:
        yield path
    finally:
        Path(path).unlink(missing_ok=True)


def _this_system() -> str:
    return next((name for prefix, name in _SYSTEMS.items() if sys.platform.startswith(prefix)), sys.platform)
