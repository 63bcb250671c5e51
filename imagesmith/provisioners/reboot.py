"""The ``reboot`` provisioner: restart the machine, whatever its system, and go on when it is really back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import TO_A_MACHINE
from imagesmith.errors import ConnectionLost, Diagnostic, ProvisionError
from imagesmith.options import Duration, Options, option
from imagesmith.provisioners.restarting import this_start, wait_for_restart

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

_POSIX = "sh -c 'if [ \"$(id -u)\" = 0 ]; then reboot; else sudo -n reboot; fi'"
_WINDOWS = 'shutdown /r /f /t 0 /c "imagesmith: reboot"'
_GOING_DOWN = {1115, 1190}
"""Windows' "a shutdown is in progress" and "has been scheduled already"."""


class Reboot(Options):
    """Restart the machine and wait until it is back.

    Before and after, the machine is asked which start this is (the kernel's boot id, or when Windows was started): so
    the build neither goes on with the machine on its way down, nor waits for a fixed time.
    """

    communicators: ClassVar[frozenset[str]] = TO_A_MACHINE

    reboot_command: str = option(
        default="",
        doc="The command that restarts it; by default `reboot`, by `sudo -n` for a user who is not root, "
        f"and `{_WINDOWS}` on Windows.",
    )
    reboot_timeout: Duration = option(default=600.0, doc="How long the machine may take until it is back.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.reboot_timeout <= 0:
            yield Diagnostic("reboot_timeout must be more than 0", hint='write a duration, such as "10m"')

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Restart; raises `ProvisionError` when it can't be asked for, `WaitTimeout` when it does not come back."""
        if remote is None:
            text = 'the reboot provisioner needs a machine, but there is no way into it (communicator = "none")'
            raise ProvisionError(text, hint="use a communicator")
        before = this_start(remote, context.cancel)
        command = self.reboot_command or (_WINDOWS if before.on_windows else _POSIX)
        context.say("Restarting the machine")
        self._ask(remote, context, command)
        wait_for_restart(remote, context, before, self.reboot_timeout, lambda _limit: "")
        context.say("The machine has been restarted")

    def _ask(self, remote: Remote, context: ProvisionContext, command: str) -> None:
        """A connection that breaks is what is wanted."""
        try:
            result = remote.run(command, output=context.output, cancel=context.cancel)
        except ConnectionLost:
            return
        if result.signal or result.exit_status in {None, 0, *_GOING_DOWN}:
            return
        hint = "the user must be root or have sudo without a password; reboot_command names another command"
        status = result.exit_status
        text = f"the machine could not be told to restart: exit status {status}"
        raise ProvisionError(text, exit_status=status, hint=hint)
