"""Commands with another user's full rights: as a scheduled task, whose log is streamed.

The user's password goes over the standard input of our script and nowhere else: neither on a command line nor in a
file. Windows keeps it with the task, which is unregistered at the end; if the connection breaks meanwhile (a reboot),
that is done as soon as there is one again.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from imagesmith import redact
from imagesmith.errors import ConnectionLost, ProvisionError
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.waiting import CancelToken
from imagesmith_winrm import powershell
from imagesmith_winrm.shell import Process
from imagesmith_winrm.sinks import Sinks

if TYPE_CHECKING:
    from imagesmith_winrm.remote import WinrmRemote

_LOG = "%SystemRoot%/Temp/{name}.out"


def _script(which: str, name: str) -> str:
    """The command line of one of our scripts that is told about the task and its log."""
    return powershell.script(which, name=powershell.literal(name), log=powershell.path(_LOG.format(name=name)))


def run(
    remote: WinrmRemote,
    command: str,
    *,
    user: str,
    password: str = "",
    output: OutputSink | None = None,
    cancel: CancelToken | None = None,
) -> CommandResult:
    """Implements `imagesmith.interfaces.Elevating.run_elevated`.

    The output of one command is streamed: of several that are joined by ``&`` it is that of the last, unless they are
    in quotes behind ``cmd /c``.
    """
    redact.register(password)
    name = f"imagesmith-{secrets.token_hex(8)}"
    ending = _script("elevated_end", name)
    sinks = Sinks(output)
    try:
        process = remote.start(_script("elevated", name), cancel=cancel, feeding=True)
    except ConnectionLost:
        remote.owed.append(ending)
        return CommandResult(None)
    problem = b""
    remote.owed.append(ending)
    try:
        process.send(b"".join(_line(text) for text in (user, password, command)), end=True)
        problem = _follow(process, sinks)
        remote.owed.remove(ending)
    except ConnectionLost:
        process.cancel.check()
    finally:
        process.close()
        sinks.finish()
        if process.cancel.is_set:
            remote.settle()
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
