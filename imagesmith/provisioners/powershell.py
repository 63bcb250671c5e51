"""The ``powershell`` provisioner: PowerShell scripts run on the machine, as Packer's plugin of that name runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, option
from imagesmith.provisioners.powershell_script import FORMAT, PowershellScript
from imagesmith.provisioners.windows_script import FOLDER, WindowsScriptOptions, require

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

POLICIES = ("bypass", "allsigned", "default", "remotesigned", "restricted", "undefined", "unrestricted", "none")


class Powershell(WindowsScriptOptions):
    """Run PowerShell scripts on a Windows machine.

    Each script is uploaded, run, and removed with the file of its variables: also when it fails or the build is
    cancelled. An inline script ends with exit code 1 when one of its commands throws.
    """

    usual_env_var_format: ClassVar[str] = FORMAT

    env_var_format: str = option(
        default="",
        doc='How a variable is written: a Go format with the name and the value, by default `$env:%s="%s"; `. '
        "Characters that mean something between double quotes are escaped in the value.",
    )
    elevated_env_var_format: str = option(
        default="", doc='The same for scripts that run as `elevated_user`; by default `$env:%s="%s"; ` too.'
    )
    execute_command: str = option(
        default="",
        rendered="run",
        doc="The command that runs a script, with `{{.Path}}`, `{{.Vars}}` (the path of an uploaded script that sets "
        "the variables) and the build variables. By default `powershell -executionpolicy POLICY -file {{.Path}}` for "
        "inline scripts; one that first runs `{{.Vars}}` in the script's own session for files.",
    )
    elevated_execute_command: str = option(
        default="", rendered="run", doc="The same for scripts that run as `elevated_user`."
    )
    elevated_user: str = option(
        default="", doc="Run the scripts as this user with all his rights, as a scheduled task; `SYSTEM` is one too."
    )
    elevated_password: str = option(
        default="",
        secret=True,
        doc="The password of `elevated_user`; none for service accounts. `{{.WinRMPassword}}` stands for that of the "
        "way in. It goes over the connection only: no command line and no file on the machine has it.",
    )
    execution_policy: str = option(
        default="bypass",
        choices=POLICIES,
        doc="The execution policy of the default commands; `none` to leave the machine's own in force.",
    )
    use_pwsh: bool = option(default=False, doc="Run `pwsh`, PowerShell 7, instead of `powershell`.")
    debug_mode: int = option(default=0, doc="Trace the script: `Set-PsDebug -Trace` 1 or 2; 0 for no trace.")
    remote_path: str = option(
        default="", doc=f"The script's path on the machine, by default `{FOLDER}/script-` and a random part."
    )
    remote_env_var_path: str = option(
        default="", doc=f"The path of the variables' script, by default `{FOLDER}/env-vars-` and a random part."
    )
    skip_clean: bool = option(default=False, doc="Leave the scripts on the machine.")
    pause_after: Duration = option(default=0.0, doc="How long to wait after the last script.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.elevated_password and not self.elevated_user:
            yield Diagnostic("there is an elevated_password without an elevated_user", hint="Give both")
        if not 0 <= self.debug_mode <= 2:
            yield Diagnostic(f"debug_mode can't be {self.debug_mode}", hint="Allowed are 0, 1 and 2")
        if self.pause_after < 0:
            yield Diagnostic("pause_after can't be negative")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Run the scripts in order.

        Raises `ProvisionError` with the exit status of the first script that fails or when the machine can't run
        commands as another user, what the connection raises once ``start_retry_timeout`` is over, and what the cancel
        token says.
        """
        machine = require(remote, "powershell")
        for script in self.scripts_of(context, "PowerShell"):
            context.say(f"Provisioning with {script.name}")
            PowershellScript(self, script, machine, context).run()
        if self.pause_after:
            context.say(f"Pausing {self.pause_after:g} s after this provisioner")
            context.cancel.sleep(self.pause_after)
