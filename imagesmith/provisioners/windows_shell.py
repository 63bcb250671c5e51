"""The ``windows-shell`` provisioner: batch scripts run by cmd.exe on the machine, as Packer's plugin of that name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from imagesmith.errors import Diagnostic
from imagesmith.options import option
from imagesmith.provisioners import environment
from imagesmith.provisioners.script_run import Rules, Script
from imagesmith.provisioners.windows_script import FOLDER, WindowsScript, WindowsScriptOptions, require

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote

DEFAULT_COMMAND = '{{.Vars}}"{{.Path}}"'
COMMAND_LINE_FORMAT = 'set "%s=%s" && '


class WindowsShell(WindowsScriptOptions):
    """Run batch scripts on a Windows machine.

    Each script is uploaded, run by cmd.exe, and removed: also when it fails or the build is cancelled.
    """

    usual_env_var_format: ClassVar[str] = COMMAND_LINE_FORMAT

    env_var_format: str = option(
        default="",
        doc="How a variable is written in `{{.Vars}}`: a Go format with the name and the value, "
        'by default `set "%s=%s" && `.',
    )
    execute_command: str = option(
        default="",
        rendered="run",
        doc="The command that runs a script, with `{{.Path}}`, `{{.Vars}}` and the build variables; "
        f"by default `{DEFAULT_COMMAND}`.",
    )
    remote_path: str = option(
        default="", doc=f"The script's path on the machine, by default `{FOLDER}/script-` and a random part."
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        for entry in (*self.environment_vars, *(f"{name}={value}" for name, value in self.env.items())):
            if "\n" in entry:
                hint = "cmd.exe can't have one; use powershell"
                yield Diagnostic(f'the variable "{entry.partition("=")[0]}" holds a line end', hint=hint)

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Run the scripts in order.

        Raises `ProvisionError` with the exit status of the first script that fails, what the connection raises once
        ``start_retry_timeout`` is over, and what the cancel token says.
        """
        machine = require(remote, "windows-shell")
        for script in self.scripts_of(context, "batch"):
            context.say(f"Provisioning with {script.name}")
            _BatchScript(self, script, machine, context).run()


class _BatchScript(WindowsScript):
    def __init__(self, options: WindowsShell, script: Script, remote: Remote, context: ProvisionContext) -> None:
        rules = Rules(valid_exit_codes=options.valid_exit_codes, start_retry_timeout=options.start_retry_timeout)
        super().__init__(rules, script, remote, context)
        self._options = options
        self._path = options.remote_path or f"{FOLDER}/script-{self._unique}.bat"

    def _upload_and_run(self) -> CommandResult:
        options, context = self._options, self._context
        self._upload(self._script.content, self._path, None)
        variables = environment.merged(context.environment, options.environment_vars, options.env)
        form = options.env_var_format or COMMAND_LINE_FORMAT
        data = {"Path": self._path, "Vars": environment.formatted(variables, form, str)}
        text = options.execute_command or DEFAULT_COMMAND
        command = environment.render_command(text, data, context.generated, context.render)
        usual = text.strip() == DEFAULT_COMMAND and bool(options.environment_vars or options.env)
        return self._start(command, hide=usual)
