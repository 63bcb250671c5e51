"""An open connection as provisioners see it: implements `imagesmith.interfaces.Remote`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import paramiko

from imagesmith.errors import ConnectionLost, ImagesmithError
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.ssh_access import ByteStream, SshAccess
from imagesmith.waiting import CancelToken
from imagesmith.ways_in.lines import LineSplitter
from imagesmith_ssh import access, killing
from imagesmith_ssh.agent import FORWARDING_REQUEST
from imagesmith_ssh.download import download, download_tree
from imagesmith_ssh.process import CommandRefused, Process
from imagesmith_ssh.upload import upload, upload_tree

if TYPE_CHECKING:
    from imagesmith_ssh.connecting import Connector
    from imagesmith_ssh.transport import SshTransport

_LINGER_S = 2.0
_LOOK_S = 0.5
_RARE_LOOK_S = 3.0


class SshRemote:
    """Made by `imagesmith_ssh.connect`. Survives reboots: a connection that is gone is made anew when it is needed."""

    def __init__(self, connector: Connector, transport: SshTransport) -> None:
        self._connector = connector
        self._transport = transport
        self._options = connector.options
        self.cancel = connector.cancel
        self._making = threading.Lock()
        self._agent_refused = False
        self._forwarding: SshTransport | None = None
        self.missing: set[str] = set()
        self.say = connector.say

    @property
    def method(self) -> str:
        """The only file transfer method allowed: "scp", "sftp" or "" for the best that the guest offers."""
        return self._options.ssh_file_transfer_method

    def start(
        self,
        command: str,
        *,
        terminal: bool = False,
        agent_forwarding: bool = False,
        cancel: CancelToken | None = None,
    ) -> Process:
        """Start a command; if no session can be opened connect anew, once."""
        cancel = cancel or self.cancel
        cancel.check()
        broken = self._transport
        try:
            channel = broken.open(cancel)
        except ConnectionLost:
            self._renew(broken, None)
            channel = self._transport.open(cancel)
        if agent_forwarding and not self._forwards_agent(channel):
            channel = self._transport.open(cancel)
        return Process(self._transport, command, cancel, terminal=terminal, channel=channel)

    def transport(self) -> SshTransport:
        """The connection for a subsystem, made anew if it is gone."""
        self.cancel.check()
        if not self._transport.is_active():
            self._renew(self._transport, None)
        return self._transport

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        collected = _Collected()
        sinks = _Lines(output) if output else collected
        try:
            process = self.start(
                command,
                terminal=self._options.ssh_pty,
                agent_forwarding=self._options.ssh_agent_forwarding,
                cancel=cancel,
            )
        except CommandRefused:
            raise
        except ConnectionLost:
            return CommandResult(None)
        feeder = _Feeder(process, stdin)
        try:
            self._follow(process, sinks.take)
        finally:
            process.close()
            feeder.join()
            sinks.finish()
        status, name = process.outcome()
        return CommandResult(status, collected.text("stdout"), collected.text("stderr"), name)

    def _forwards_agent(self, channel: paramiko.Channel) -> bool:
        """Have the agent forwarded. Where that is refused paramiko has closed the channel.

        OpenSSH grants it once for all of a connection's sessions; others want to be asked for each, so further ones
        are asked for without waiting for an answer.
        """
        if self._agent_refused:
            return True
        first = self._transport is not self._forwarding
        self._forwarding = self._transport
        try:
            granted = self._transport.ask(channel, FORWARDING_REQUEST, reply=first)
        except BaseException:
            channel.close()
            raise
        if not granted:
            self._agent_refused = True
            self.say("the guest's SSH server does not forward the SSH agent (AllowAgentForwarding)")
        return granted

    def _follow(self, process: Process, take: Callable[[bytes, bytes], None]) -> None:
        """Pass the output on until the command has ended. Cancelled, end it and raise what the token says."""
        limit = self._options.ssh_read_write_timeout
        quiet_since = 0.0
        while True:
            data = process.take()
            if any(data):
                take(*data)
                quiet_since = 0.0
                continue
            if process.cancel.is_set:
                killing.end(process, take)
                process.cancel.check()
            if process.ended:
                return
            now = time.monotonic()
            if process.told_end:
                quiet_since = quiet_since or now
                if now - quiet_since >= _LINGER_S:
                    self.say("the command has ended, but something that it started holds its output open; going on")
                    return
            if limit > 0 and now - process.transport.wire.last_heard > limit:
                process.transport.wire.shut()
            process.wait(_LOOK_S if limit > 0 or process.told_end else _RARE_LOOK_S)

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        upload(self, content, destination, mode)

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        upload_tree(self, source, destination, contents_only=contents_only)

    def download(self, source: str, destination: Path) -> None:
        download(self, source, destination)

    def download_tree(self, source: str, destination: Path) -> None:
        download_tree(self, source, destination)

    def ssh_access(self) -> SshAccess:
        return access.describe(self._connector, self.transport())

    def open_stream(self) -> ByteStream:
        return access.open_stream(self._connector)

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self._renew(self._transport, timeout_s)

    def _renew(self, broken: SshTransport, timeout_s: float | None) -> None:
        """Replace a connection, unless another thread has already done so."""
        with self._making:
            if self._transport is not broken:
                return
            broken.shut()
            self.missing.clear()
            self._transport = self._connector.connect(timeout_s)

    def close(self) -> None:
        self._transport.shut()
        self._connector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Collected:
    """Output that is kept."""

    def __init__(self) -> None:
        self._parts: dict[str, list[bytes]] = {"stdout": [], "stderr": []}

    def take(self, output: bytes, error: bytes) -> None:
        self._parts["stdout"].append(output)
        self._parts["stderr"].append(error)

    def finish(self) -> None:
        """Nothing is left to do: the text is decoded when it is asked for."""

    def text(self, stream: Literal["stdout", "stderr"]) -> str:
        return b"".join(self._parts[stream]).decode("utf-8", "replace")


class _Lines:
    """Output that is passed on line by line."""

    def __init__(self, output: OutputSink) -> None:
        self._output = LineSplitter(lambda line: output("stdout", line))
        self._error = LineSplitter(lambda line: output("stderr", line))

    def take(self, output: bytes, error: bytes) -> None:
        self._output.feed(output)
        self._error.feed(error)

    def finish(self) -> None:
        self._output.finish()
        self._error.finish()


class _Feeder:
    """Gives a command its input from a thread of its own, since the command may want to write before it reads on."""

    def __init__(self, process: Process, data: bytes | None) -> None:
        self._thread: threading.Thread | None = None
        if data:
            self._thread = threading.Thread(target=self._feed, args=(process, data), daemon=True)
            self._thread.start()
        else:
            process.end_input()

    @staticmethod
    def _feed(process: Process, data: bytes) -> None:
        try:
            process.write(data)
        except (BrokenPipeError, ImagesmithError):
            return
        process.end_input()

    def join(self) -> None:
        if self._thread:
            self._thread.join()
