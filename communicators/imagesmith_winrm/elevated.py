"""Commands with another user's full rights: as a scheduled task, whose log is streamed.

The user's password goes over the standard input of our script and nowhere else: neither on a command line nor in a
file. Windows keeps it with the task, which is unregistered at the end; if the connection breaks meanwhile (a reboot),
that is done as soon as there is one again.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagesmith import redact
from imagesmith.errors import ConnectionLost, ImagesmithError, ProvisionError
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.waiting import CancelToken
from imagesmith_winrm import powershell
from imagesmith_winrm.shell import Process, Shell
from imagesmith_winrm.sinks import Sinks

if TYPE_CHECKING:
    from imagesmith_winrm.remote import WinrmRemote

_CLEAN_UP_S = 15.0
_LOG = "%SystemRoot%/Temp/{name}.out"


@dataclass(frozen=True, slots=True)
class Task:
    """A scheduled task of ours: its name and the file that its output goes to."""

    name: str

    def script(self, which: str) -> str:
        """The command line of one of our scripts that is told about the task."""
        log = powershell.path(_LOG.format(name=self.name))
        return powershell.script(which, name=powershell.literal(self.name), log=log)


def run(
    remote: WinrmRemote,
    command: str,
    *,
    user: str,
    password: str = "",
    output: OutputSink | None = None,
    cancel: CancelToken | None = None,
) -> CommandResult:
    """Implements `imagesmith.interfaces.Elevating.run_elevated`."""
    redact.register(password)
    task = Task(f"imagesmith-{secrets.token_hex(8)}")
    sinks = Sinks(output)
    try:
        process = remote.start(task.script("elevated"), cancel=cancel, feeding=True)
    except ConnectionLost:
        remote.abandoned.append(task)
        return CommandResult(None)
    problem = b""
    remote.abandoned.append(task)
    try:
        process.send(b"".join(_line(text) for text in (user, password, command)), end=True)
        problem = _follow(process, sinks)
        remote.abandoned.remove(task)
    except ConnectionLost:
        process.cancel.check()
    finally:
        process.close()
        sinks.finish()
        if process.cancel.is_set:
            end_abandoned(remote)
    if problem.strip():
        raise _failed(user, problem.decode("utf-8", "replace").strip())
    return CommandResult(process.exit_code, sinks.text("stdout"))


def _line(text: str) -> bytes:
    return base64.b64encode(text.encode()) + b"\n"


def _follow(process: Process, sinks: Sinks) -> bytes:
    """Pass the output on until the end; returns what our script itself says has gone wrong."""
    problem = b""
    while process.exit_code is None:
        received = process.receive()
        problem += received.stderr
        sinks.take(received.stdout, b"")
    process.cancel.check()
    return problem


def _failed(user: str, words: str) -> ProvisionError:
    return ProvisionError(
        f'the command can\'t be run as "{user}": {words}',
        hint="check elevated_user and elevated_password; the user needs the right to log on as a batch job",
    )


def end_abandoned(remote: WinrmRemote) -> None:
    """End the tasks whose script could not do it itself, and remove what is left of them; never raises.

    Works though the build is cancelled, over a connection of its own; what can't be done now stays to be done.
    """
    if not remote.abandoned:
        return
    wsman = remote.shell.wsman.clone(CancelToken())
    wsman.be_quick(_CLEAN_UP_S)
    with contextlib.suppress(ImagesmithError):
        shell = Shell(wsman)
        try:
            while remote.abandoned:
                with Process(shell, remote.abandoned[-1].script("elevated_end"), CancelToken()) as process:
                    process.finish()
                remote.abandoned.pop()
        finally:
            shell.close()
    wsman.close()
