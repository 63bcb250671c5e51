"""A way into a machine for one provisioner that has a timeout of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from imagesmith.errors import ImagesmithError
from imagesmith.interfaces import CommandResult, Elevating, OutputSink, Remote
from imagesmith.ssh_access import ByteStream, SshAccess, SshReachable
from imagesmith.waiting import CancelToken

_RECONNECT_S = 30.0
_LAST_WAIT_S = 5.0


def timed(remote: Remote, token: CancelToken) -> Remote:
    """The same way into the machine for as long as ``token`` is not set."""
    if isinstance(remote, Elevating):
        return TimedElevating(remote, remote, token)
    if isinstance(remote, SshReachable):
        return TimedSshReachable(remote, remote, token)
    return TimedRemote(remote, token)


class TimedRemote:
    """The same `Remote`, whose transfers end when ``token`` is set.

    A transfer knows only the connection's own token. So it runs in a thread, and when the provisioner's time is up the
    connection is made anew, which breaks the transfer and leaves later provisioners a working machine.
    """

    def __init__(self, remote: Remote, token: CancelToken) -> None:
        self._remote, self._token = remote, token

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        return self._remote.run(command, output=output, stdin=stdin, cancel=cancel or self._token)

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        self._transfer(lambda: self._remote.upload(content, destination, mode=mode))

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        self._transfer(lambda: self._remote.upload_tree(source, destination, contents_only=contents_only))

    def download(self, source: str, destination: Path) -> None:
        self._transfer(lambda: self._remote.download(source, destination))

    def download_tree(self, source: str, destination: Path) -> None:
        self._transfer(lambda: self._remote.download_tree(source, destination))

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self._remote.reconnect(timeout_s=timeout_s)

    def close(self) -> None:
        self._remote.close()

    def _transfer(self, work: Callable[[], None]) -> None:
        self._token.check()
        over = threading.Event()
        failures: list[BaseException] = []
        done: list[bool] = []

        def body() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
                failures.append(error)
            done.append(True)
            over.set()

        thread = threading.Thread(target=body, name="transfer", daemon=True)
        forget = self._token.on_cancel(over.set)
        thread.start()
        over.wait()
        forget()
        if not done:
            self._break_off(thread)
            self._token.check()
        if failures:
            raise failures[0]

    def _break_off(self, thread: threading.Thread) -> None:
        # What goes wrong here is not the provisioner's error, which is that its time is up.
        with contextlib.suppress(ImagesmithError):
            self._remote.reconnect(timeout_s=_RECONNECT_S)
        thread.join(_LAST_WAIT_S)


class TimedElevating(TimedRemote):
    """The same for a `Remote` that can run commands as another user."""

    def __init__(self, remote: Remote, elevating: Elevating, token: CancelToken) -> None:
        super().__init__(remote, token)
        self._elevating = elevating

    def run_elevated(
        self,
        command: str,
        *,
        user: str,
        password: str = "",
        output: OutputSink | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        token = cancel or self._token
        return self._elevating.run_elevated(command, user=user, password=password, output=output, cancel=token)


class TimedSshReachable(TimedRemote):
    """The same for a `Remote` whose machine other SSH clients can log in to."""

    def __init__(self, remote: Remote, reachable: SshReachable, token: CancelToken) -> None:
        super().__init__(remote, token)
        self._reachable = reachable

    def ssh_access(self) -> SshAccess:
        return self._reachable.ssh_access()

    def open_stream(self) -> ByteStream:
        return self._reachable.open_stream()
