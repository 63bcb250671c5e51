"""One PowerShell script's way through a machine: what is put around it, and the command that runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imagesmith.errors import ProvisionError
from imagesmith.interfaces import Elevating
from imagesmith.provisioners import environment
from imagesmith.provisioners.script_run import Rules, Script
from imagesmith.provisioners.windows_script import FOLDER, WindowsScript

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote
    from imagesmith.provisioners.powershell import Powershell

FORMAT = '$env:%s="%s"; '
_SPECIAL = re.compile("[`$\"'\u2018-\u201e]")
_USES_VARIABLES = re.compile(r"\.Vars\b")
_QUIET = "$ProgressPreference = 'SilentlyContinue'"
"""Progress bars would come as records on standard error, and slow some commands down a lot."""


def escaped(value: str) -> str:
    """A value as it stands between double quotes of PowerShell, which takes typographic ones for quotes too."""
    return _SPECIAL.sub(lambda found: f"`{found[0]}", value)


class PowershellScript(WindowsScript):
    """Runs one script; ``options`` says how."""

    def __init__(self, options: Powershell, script: Script, remote: Remote, context: ProvisionContext) -> None:
        rules = Rules(
            valid_exit_codes=options.valid_exit_codes,
            start_retry_timeout=options.start_retry_timeout,
            skip_clean=options.skip_clean,
        )
        super().__init__(rules, script, remote, context)
        self._options = options
        self._path = options.remote_path or f"{FOLDER}/script-{self._unique}.ps1"
        self._variables_path = options.remote_env_var_path or f"{FOLDER}/env-vars-{self._unique}.ps1"

    def _upload_and_run(self) -> CommandResult:
        options, context = self._options, self._context
        self._upload(self._content(), self._path, None)
        text = options.elevated_execute_command if options.elevated_user else options.execute_command
        text = text or self._default_command()
        if _USES_VARIABLES.search(text):
            self._upload(as_script(f"{_QUIET}\r\n{self._variables()}\r\n"), self._variables_path, None)
        data = {"Path": self._path, "Vars": self._variables_path}
        return self._start(environment.render_command(text, data, context.generated, context.render))

    def _run(self, command: str) -> CommandResult:
        user, context = self._options.elevated_user, self._context
        if not user:
            return super()._run(command)
        if not isinstance(self._remote, Elevating):
            text = f'commands can\'t be run as elevated_user "{user}" over this way into the machine'
            raise ProvisionError(text, hint='use communicator = "winrm", or log in as that user')
        password = self._options.elevated_password
        if "WinRMPassword" in password:
            password = context.render(password, context.generated)
        return self._remote.run_elevated(
            command, user=user, password=password, output=context.output, cancel=context.cancel
        )

    def _variables(self) -> str:
        options = self._options
        form = options.elevated_env_var_format if options.elevated_user else options.env_var_format
        variables = environment.merged(self._context.environment, options.environment_vars, options.env)
        return environment.formatted(variables, form or FORMAT, escaped)

    def _content(self) -> bytes:
        """A file as it is; an inline script with its variables, in a frame that turns errors into exit codes."""
        content = self._script.content
        if not self._options.inline:
            return content
        trace = [f"Set-PSDebug -Trace {self._options.debug_mode}"] if self._options.debug_mode else []
        text = content.decode("utf-8", "surrogateescape")
        lines = [_QUIET, self._variables(), *trace, "try {", f"{text}}}", "catch {"]
        lines += ["Write-Error -ErrorRecord $_ -ErrorAction Continue", "exit 1", "}"]
        lines += ["if ($LASTEXITCODE) { exit $LASTEXITCODE }", ""]
        return as_script("\r\n".join(lines))

    def _default_command(self) -> str:
        options = self._options
        program = "pwsh" if options.use_pwsh else "powershell"
        policy = "" if options.execution_policy == "none" else f" -executionpolicy {options.execution_policy}"
        if options.inline:
            return f"{program}{policy} -file {{{{.Path}}}}"
        trace = f"Set-PSDebug -Trace {options.debug_mode}; " if options.debug_mode else ""
        body = f"& {{ {_QUIET}; {trace}. {{{{.Vars}}}}; & '{{{{.Path}}}}'; exit $LASTEXITCODE }}"
        return f'{program}{policy} -command "{body}"'


def as_script(text: str) -> bytes:
    """PowerShell text as a file: Windows PowerShell takes one for its own code page unless a mark says UTF-8."""
    return text.encode("utf-8" if text.isascii() else "utf-8-sig", "surrogateescape")
