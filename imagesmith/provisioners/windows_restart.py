"""The ``windows-restart`` provisioner: restart Windows and wait until it is ready, with the options of Packer's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import WINDOWS
from imagesmith.errors import ConnectionLost, Diagnostic, ProvisionError
from imagesmith.options import Duration, Options, option
from imagesmith.provisioners.restarting import encoded_powershell, this_start, wait_for_restart
from imagesmith.provisioners.windows_script import require
from imagesmith.waiting import CancelToken

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

DEFAULT_COMMAND = 'shutdown /r /f /t 0 /c "packer restart"'
_SERVICING = r"HKLM:SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
PENDING_KEYS = tuple(f"{_SERVICING}\\{name}" for name in ("RebootPending", "PackagesPending", "RebootInProgress"))
_ACCEPTED = {None, 0, 1115, 1190}
"""Done, or "a shutdown is in progress" and "has been scheduled already"; None: the connection broke first."""


class WindowsRestart(Options):
    """Restart a Windows machine and wait until it is back.

    That it is back is told by the time of its last start, so that the old system is never taken for the new one.
    """

    communicators: ClassVar[frozenset[str]] = WINDOWS

    restart_command: str = option(default="", doc=f"The command that restarts it, by default `{DEFAULT_COMMAND}`.")
    restart_check_command: str = option(
        default="", doc="A command that must succeed before the restart counts as finished."
    )
    restart_timeout: Duration = option(default=300.0, doc="How long the machine may take until it is back.")
    check_registry: bool = option(
        default=False, doc="Also wait until none of the `registry_keys` exists, which say that a restart is pending."
    )
    registry_keys: Sequence[str] = option(
        default=(), doc="The keys that `check_registry` looks at; by default three of Component Based Servicing."
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.restart_timeout <= 0:
            yield Diagnostic("restart_timeout must be more than 0", hint='write a duration, such as "5m"')
        if self.registry_keys and not self.check_registry:
            hint = "set check_registry = true"
            yield Diagnostic("registry_keys has no effect without check_registry", hint=hint, severity="warning")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Restart; raises `ProvisionError` when it can't be asked for, `WaitTimeout` when it does not come back."""
        machine = require(remote, "windows-restart")
        before = this_start(machine, context.cancel, windows=True)
        context.say("Restarting the machine")
        self._ask(machine, context)
        wait_for_restart(
            machine, context, before, self.restart_timeout, lambda limit: self._not_ready(machine, context, limit)
        )
        context.say("The machine has been restarted")

    def _ask(self, remote: Remote, context: ProvisionContext) -> None:
        try:
            command = self.restart_command or DEFAULT_COMMAND
            status = remote.run(command, output=context.output, cancel=context.cancel).exit_status
        except ConnectionLost:
            return
        if status not in _ACCEPTED:
            text = f"the machine could not be told to restart: exit code {status}"
            raise ProvisionError(text, exit_status=status, hint="check restart_command and the user's rights")

    def _not_ready(self, remote: Remote, context: ProvisionContext, limit: CancelToken) -> str:
        """Why the machine that is back is not ready yet; "" when it is."""
        if self.restart_check_command:
            status = remote.run(self.restart_check_command, output=context.output, cancel=limit).exit_status
            if status != 0:
                return f"restart_check_command ends with exit code {status}"
        if not self.check_registry:
            return ""
        keys = ", ".join(f"'{quoted(key)}'" for key in self.registry_keys or PENDING_KEYS)
        script = f"foreach ($key in @({keys})) {{ if (Test-Path -LiteralPath $key) {{ $key }} }}"
        result = remote.run(encoded_powershell(script), cancel=limit)
        if result.exit_status != 0:
            return f"the registry can't be read: {result.stderr.strip()[:200]}"
        pending = result.stdout.split("\n")[0].strip()
        return f"{pending} still exists" if pending else ""


def quoted(text: str) -> str:
    """Text as it stands between single quotes of PowerShell."""
    return text.replace("'", "''")
