"""Telling one start of a machine from the next, and waiting until it has been started anew."""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagesmith.errors import (
    BuildTimeout,
    Cancelled,
    ConnectError,
    ConnectionLost,
    HostKeyMismatch,
    ProvisionError,
    TransferError,
    WaitTimeout,
)
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote

# The kernel's id of this start, and when process 1 started: a container has the id of the kernel that it shares.
_POSIX = (
    "sh -c '{ cat /proc/sys/kernel/random/boot_id || sysctl -n kern.boottime; "
    'sed "s/.*) //" /proc/1/stat | cut -d" " -f20; } 2>/dev/null; exit 0\''
)
# The time since the start and not that of the start itself, which changes whenever the guest's clock is set right.
_WINDOWS = "[int64]((Get-Date) - (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime).TotalMilliseconds"
_SLACK_S = 0.2

_PAUSES = Patience(0, soon_s=1.0, first_s=1.0, growth=1.2, longest_s=5.0)


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a machine: ``text`` is its id, or on Windows ``uptime_s`` how long ago it was.

    ``asked_s`` and ``told_s`` are when the question went out and the answer came, on this host's steady clock.
    """

    text: str = ""
    uptime_s: float | None = None
    asked_s: float = 0.0
    told_s: float = 0.0

    @property
    def on_windows(self) -> bool:
        """Whether the machine runs Windows."""
        return self.uptime_s is not None

    def is_later_than(self, before: Start) -> bool:
        """Whether the machine has been started anew since then.

        Had it not, it would be up for at least as long as then and what has passed since.
        """
        if self.uptime_s is None or before.uptime_s is None:
            return self.text != before.text
        return self.uptime_s < before.uptime_s + (self.asked_s - before.told_s) - _SLACK_S


def encoded_powershell(script: str) -> str:
    """A command line that runs PowerShell text, whatever the shell that reads it makes of its characters."""
    quiet = f"$ProgressPreference = 'SilentlyContinue'; {script}"
    return f"powershell.exe -NoProfile -EncodedCommand {base64.b64encode(quiet.encode('utf-16-le')).decode()}"


def this_start(remote: Remote, cancel: CancelToken, *, windows: bool | None = None) -> Start:
    """The machine's present start; ``windows`` where its system is known. Raises `ProvisionError` when it can't tell.

    Also raises what the connection raises, `ConnectionLost` where it breaks meanwhile.
    """
    if windows is not True:
        text = "\n".join(_answer(remote, _POSIX, cancel).stdout.split())
        if text or windows is False:
            return Start(text)
    asked = time.monotonic()
    result = _answer(remote, encoded_powershell(_WINDOWS), cancel)
    if result.exit_status != 0 or not result.stdout.strip().isdigit():
        said = (result.stderr or result.stdout).strip()[:200]
        raise ProvisionError(f"the machine does not tell when it was started: {said or 'it says nothing'}")
    return Start(uptime_s=int(result.stdout) / 1000, asked_s=asked, told_s=time.monotonic())


def _answer(remote: Remote, command: str, cancel: CancelToken) -> CommandResult:
    result = remote.run(command, cancel=cancel)
    if result.exit_status is None and not result.signal:
        raise ConnectionLost("the connection broke")
    return result


def wait_for_restart(
    remote: Remote, context: ProvisionContext, before: Start, timeout_s: float, ready: Callable[[CancelToken], str]
) -> None:
    """Wait until the machine has been started anew, and ``ready`` gives no reason to wait on.

    ``remote`` is connected again then. Raises `WaitTimeout` with the state it was in, and with what the connection
    said last; a host key that has changed ends the wait at once.
    """
    told = ""

    def tell(pending: Pending, seconds: float) -> None:
        nonlocal told
        if pending.state != told:
            context.say(f"Waiting for the restart: {pending.state} ({seconds:.0f} s)")
            told = pending.state

    patience = dataclasses.replace(_PAUSES, timeout_s=timeout_s)
    with time_limit(timeout_s, "the restart took too long", context.cancel) as limit:
        look = _Look(remote, before, limit, ready)
        try:
            wait_until(look, what="the machine", patience=patience, cancel=limit, on_pending=tell)
        except (Cancelled, BuildTimeout, WaitTimeout) as error:
            context.cancel.check()
            said = f"; last: {look.trouble}" if look.trouble else ""
            text = f"the machine was not back {timeout_s:g} s after it was told to restart ({told or 'silent'}{said})"
            raise WaitTimeout(text, hint="give it more time, or look at its console") from error


class _Look:
    """One look at a machine that restarts; ``trouble`` is what the connection said last."""

    def __init__(self, remote: Remote, before: Start, limit: CancelToken, ready: Callable[[CancelToken], str]) -> None:
        self._remote, self._before, self._limit, self._ready = remote, before, limit, ready
        self.trouble = ""

    def __call__(self) -> bool | Pending:
        try:
            now = this_start(self._remote, self._limit, windows=self._before.on_windows)
            if not now.is_later_than(self._before):
                return Pending("not going down yet")
            reason = self._ready(self._limit)
        except HostKeyMismatch:
            raise
        except (ConnectError, ConnectionLost, TransferError, ProvisionError) as error:
            self.trouble = error.message
            return Pending("down, or not ready for commands")
        return Pending(reason) if reason else True
