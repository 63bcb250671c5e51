"""An open connection as provisioners see it: implements `imagesmith.interfaces.Remote` and `Elevating`."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from imagesmith.errors import ConnectionLost, ImagesmithError
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.waiting import CancelToken
from imagesmith_winrm import elevated
from imagesmith_winrm.download import download, download_tree
from imagesmith_winrm.shell import Process, Shell
from imagesmith_winrm.sinks import Sinks, follow
from imagesmith_winrm.upload import upload, upload_tree
from imagesmith_winrm.wsman import NotSent, Refused

if TYPE_CHECKING:
    from imagesmith_winrm.connecting import Connector

_SETTLE_S = 15.0


class WinrmRemote:
    """Made by `imagesmith_winrm.connect`. Survives reboots: a shell that is gone is made anew when it is needed.

    Not to be used by two threads at once.
    """

    def __init__(self, connector: Connector, shell: Shell) -> None:
        self._connector = connector
        self._shell = shell
        self._making = threading.Lock()
        self.cancel = connector.cancel
        self.say = connector.say
        self.constrained = False
        self.told_constrained = False
        self.owed: list[str] = []

    @property
    def shell(self) -> Shell:
        """The shell that commands run in."""
        return self._shell

    def start(self, command: str, *, cancel: CancelToken | None = None, feeding: bool = False) -> Process:
        """Start a command; if the shell or the connection is gone make it anew, once.

        Raises `ConnectionLost` when nobody knows whether the command was started.
        """
        cancel = cancel or self.cancel
        cancel.check()
        self.settle()
        if self._shell.spent:
            self._renew(self._shell, None)
        shell = self._shell
        try:
            return _begun(shell, command, cancel, feeding=feeding)
        except Refused as error:
            if not error.shell_gone:
                raise
            self._renew(shell, None)
        except NotSent:
            self._renew(shell, None)
        return _begun(self._shell, command, cancel, feeding=feeding)

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        sinks = Sinks(output)
        cancel = cancel or self.cancel
        try:
            process = self.start(command, cancel=cancel, feeding=stdin is not None)
        except Refused:
            raise
        except ConnectionLost:
            return CommandResult(None)
        try:
            if stdin is not None:
                process.feed(stdin)
            follow(process, sinks)
        except ConnectionLost:
            cancel.check()
        finally:
            process.close()
            sinks.finish()
        return CommandResult(process.exit_code, sinks.text("stdout"), sinks.text("stderr"))

    def run_elevated(
        self,
        command: str,
        *,
        user: str,
        password: str = "",
        output: OutputSink | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        return elevated.run(self, command, user=user, password=password, output=output, cancel=cancel)

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        upload(self, content, destination)

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        upload_tree(self, source, destination, contents_only=contents_only)

    def download(self, source: str, destination: Path) -> None:
        download(self, source, destination)

    def download_tree(self, source: str, destination: Path) -> None:
        download_tree(self, source, destination)

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self._renew(self._shell, timeout_s)
        self.settle()

    def recover(self, broken: Shell) -> None:
        """Make the connection anew in the middle of a transfer, which then goes on.

        Raises `ConnectionLost` if another thread has done so: it wanted to break the transfer off.
        """
        if not self._renew(broken, None):
            raise ConnectionLost("the WinRM connection was made anew during a transfer")

    def _renew(self, broken: Shell, timeout_s: float | None) -> bool:
        """Replace a shell, unless another thread has already done so; whether it was us.

        What still runs in the old one is ended.
        """
        with self._making:
            if self._shell is not broken:
                return False
            broken.left = True
            broken.wsman.line.shut()
            broken.wsman.close()
            self._shell = self._connector.connect(timeout_s)
            if not broken.spent:
                with contextlib.suppress(ImagesmithError):
                    self._shell.wsman.delete(broken.id)
            return True

    def tidy(self, command: str) -> None:
        """Run a command that removes what we have left; now, or else when there is a connection again."""
        self.owed.append(command)
        with contextlib.suppress(ImagesmithError):
            with Process(self._shell, command, self.cancel) as process:
                process.finish()
            self.owed.remove(command)

    def settle(self) -> None:
        """Run the commands that are ``owed``: they remove what something broken off has left. Never raises.

        Works though the build is cancelled, over a connection of its own; what can't be done now stays to be done.
        """
        if not self.owed:
            return
        wsman = self._shell.wsman.clone(CancelToken())
        wsman.be_quick(_SETTLE_S)
        with contextlib.suppress(ImagesmithError):
            shell = Shell(wsman)
            try:
                while self.owed:
                    with Process(shell, self.owed[-1], CancelToken()) as process:
                        process.finish()
                    self.owed.pop()
            finally:
                shell.close()
        wsman.close()

    def close(self) -> None:
        self.settle()
        self._shell.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _begun(shell: Shell, command: str, cancel: CancelToken, *, feeding: bool) -> Process:
    """Start a command; a service that does not answer can't keep us from being cancelled meanwhile."""
    forget = cancel.on_cancel(shell.wsman.line.shut)
    try:
        return Process(shell, command, cancel, feeding=feeding)
    except ConnectionLost:
        cancel.check()
        raise
    finally:
        forget()
