"""What the provisioners ``powershell`` and ``windows-shell`` share: their options, and a script's way through Windows.

**Where secrets travel.** What goes over the connection is a command line, which others on the machine can read while
the process runs. So variables are in files, or where Packer's command line would show them, or a command holds a value
that is known to be secret, the very same command is uploaded as a batch file that is removed with the script.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from imagesmith import redact
from imagesmith.communicator import WINDOWS
from imagesmith.errors import BuildTimeout, Cancelled, ConnectionLost, Diagnostic, ImagesmithError, ProvisionError
from imagesmith.options import Duration, option
from imagesmith.provisioners.script_options import ScriptOptions, read_script
from imagesmith.provisioners.script_run import Rules, Script, ScriptRun
from imagesmith.waiting import CancelToken

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote

FOLDER = "c:/Windows/Temp"
_EXPANDED = re.compile(r"%[A-Za-z_(][^%=:\r\n]*(?::[^%\r\n]*)?%|%")


class WindowsScriptOptions(ScriptOptions):
    """The options of a script for Windows: those of every script, without a shebang."""

    communicators: ClassVar[frozenset[str]] = WINDOWS
    withheld: ClassVar[frozenset[str]] = frozenset({"inline_shebang"})

    inline: Sequence[str] = option(default=(), doc="Lines that are joined to one script.")
    binary: bool = option(
        default=False, doc="Kept for templates that set it.", no_effect="scripts for Windows are uploaded as they are"
    )
    start_retry_timeout: Duration = option(
        default=300.0,
        doc="How long to try again when a script can't be uploaded or started, or removed after a restart. "
        "A script that fails is not run again.",
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.start_retry_timeout < 0:
            yield Diagnostic("start_retry_timeout can't be negative")

    def scripts_of(self, context: ProvisionContext, what: str) -> Iterator[Script]:
        """The scripts in order; an inline one as the template has it, its lines rendered."""
        if self.inline:
            lines = [context.render(line, context.generated) for line in self.inline]
            yield Script(f"the inline {what} script", "\r\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))
        for path in self.script_files():
            yield Script(f"the {what} script {path}", read_script(path))


def require(remote: Remote | None, name: str) -> Remote:
    """The way into the machine; raises `ProvisionError` where there is none."""
    if remote is None:
        text = f'the {name} provisioner needs a machine, but there is no way into it (communicator = "none")'
        raise ProvisionError(text, hint="use shell-local, or a communicator")
    return remote


class WindowsScript(ScriptRun):
    """Runs one script on Windows; subclasses know its interpreter. Its remote names can't be guessed."""

    disconnect_hint = "if it is meant to (a restart), let windows-restart do it, or add 2300218 to valid_exit_codes"

    def __init__(self, rules: Rules, script: Script, remote: Remote, context: ProvisionContext) -> None:
        super().__init__(rules, script, remote, context)
        self._unique = os.urandom(8).hex()
        self._command_path = f"{FOLDER}/command-{self._unique}.cmd"

    def _start(self, command: str, *, hide: bool = False) -> CommandResult:
        """Run a command to its end; as a batch file where nobody else may read it."""
        if hide or redact.mask(command) != command:
            text = f"@{batch_line(command)}\r\n"
            self._upload(text.encode("utf-8", "surrogateescape"), self._command_path, None)
            command = f'"{backslashed(self._command_path)}"'
        return self._run(command)

    def _run(self, command: str) -> CommandResult:
        return self._remote.run(command, output=self._context.output, cancel=self._context.cancel)

    def _clean_up(self) -> None:
        """A script that stays is said, and no more: what it was to do is done."""
        try:
            super()._clean_up()
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError as error:
            self._context.cancel.check()
            self._context.say(f"Warning: {' '.join(self._uploaded)} may still be on the machine: {error.message}")

    def _remove(self, cancel: CancelToken) -> None:
        paths = " ".join(f'"{backslashed(path)}"' for path in self._uploaded)
        result = self._remote.run(f"del /f /q {paths}", cancel=cancel)
        if result.exit_status is None:
            raise ConnectionLost(f"the connection broke while {paths} was removed")
        # Its exit code is 0 whatever happens.
        if result.exit_status != 0 or result.stderr.strip():
            raise ProvisionError(f"{paths} could not be removed: {result.stderr.strip()}")


def backslashed(path: str) -> str:
    """A path as cmd.exe wants it, whose switches begin with a slash."""
    return path.replace("/", "\\")


def batch_line(command: str) -> str:
    """A command line for a batch file, where every percent sign is doubled that expands no variable."""
    return _EXPANDED.sub(lambda found: "%%" if found[0] == "%" else found[0], command)
