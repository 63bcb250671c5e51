"""One command on one channel: its input, its output, how it ended."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from types import TracebackType
from typing import Self

import paramiko

from imagesmith.errors import ConnectionLost
from imagesmith.waiting import CancelToken
from imagesmith_ssh.transport import ReadInto, SshTransport

_CHUNK = 2**24
_CHECK_S = 0.5


class CommandRefused(ConnectionLost):
    """The connection works, but the server does not run commands on it."""


class _Wake:
    """What a reader waits on: set by both of a channel's buffers, which also "clear" it when they run empty."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.set = self._event.set

    def clear(self) -> None:
        """One empty buffer says nothing about the other, so this does nothing; `wait` clears."""

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout_s: float) -> None:
        self._event.wait(timeout_s)
        self._event.clear()


class _StatusEvent(threading.Event):
    def __init__(self, wake: _Wake) -> None:
        super().__init__()
        self._wake = wake

    def set(self) -> None:
        super().set()
        self._wake.set()


class Process:
    """A remote command, started when this is made; `close` ends the channel, whatever state it is in."""

    def __init__(
        self,
        transport: SshTransport,
        command: bytes | str,
        cancel: CancelToken,
        *,
        terminal: bool = False,
        channel: paramiko.Channel | None = None,
    ) -> None:
        """Raises `ConnectionLost` if there is no session to be had (unless given) or the connection breaks.

        Raises `CommandRefused` if the server does not run commands.
        """
        self.transport = transport
        self.cancel = cancel
        self.channel = channel or transport.open(cancel)
        self.started = time.monotonic()
        self._wake = _Wake()
        self._pending = b""
        self.channel.status_event = _StatusEvent(self._wake)
        self.channel.in_buffer.set_event(self._wake)  # type: ignore[arg-type]
        self.channel.in_stderr_buffer.set_event(self._wake)  # type: ignore[arg-type]
        self._forget = cancel.on_cancel(self._wake.set)
        try:
            self._start(command.encode("utf-8", "surrogateescape") if isinstance(command, str) else command, terminal)
        except BaseException:
            self.close()
            raise

    def _start(self, command: bytes, terminal: bool) -> None:
        try:
            if terminal and not self.transport.ask_terminal(self.channel):
                raise CommandRefused("the SSH server gives no terminal", hint="set ssh_pty = false")
            if not self.transport.ask(self.channel, "exec", command):
                raise CommandRefused(
                    "the SSH server refuses to run commands", hint="is the login restricted to file transfer?"
                )
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise ConnectionLost(f"the command could not be started: {str(error) or 'the connection broke'}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # input

    def pour(self, fill: ReadInto) -> int:
        """Send all of a source; see `SshTransport.pour`."""
        return self.transport.pour(self.channel, fill, self.cancel)

    def write(self, data: bytes) -> None:
        """Send so much input; raises as `pour` does."""
        rest = memoryview(data)

        def fill(buffer: memoryview) -> int:
            nonlocal rest
            size = min(len(buffer), len(rest))
            buffer[:size] = rest[:size]
            rest = rest[size:]
            return size

        self.pour(fill)

    def end_input(self) -> None:
        """Tell the command that no more input comes."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self.channel.shutdown_write()

    # output

    def wait(self, timeout_s: float = _CHECK_S) -> None:
        """Return when something has changed (output, end, cancel), or after so long."""
        self._wake.wait(timeout_s)

    def take(self) -> tuple[bytes, bytes]:
        """The standard output and standard error that have come since, without waiting."""
        channel = self.channel
        output = channel.recv(_CHUNK) if channel.recv_ready() else b""
        error = channel.recv_stderr(_CHUNK) if channel.recv_stderr_ready() else b""
        if channel.recv_ready() or channel.recv_stderr_ready():
            self._wake.set()
        return output, error

    def read(self, size: int = _CHUNK) -> bytes:
        """Up to so many bytes of standard output, b"" at its end. Raises `ConnectionLost` and what the token says."""
        while not self._pending:
            self.cancel.check()
            if self.channel.recv_ready():
                self._pending = self.channel.recv(_CHUNK)
            elif self.channel.closed or self.channel.eof_received:
                return b""
            else:
                self.wait()
        data, self._pending = self._pending[:size], self._pending[size:]
        return data

    def read_line(self) -> bytes:
        """The next line of standard output with its line end; shorter only at the end."""
        line = b""
        while not line.endswith(b"\n"):
            data = self.read()
            if not data:
                break
            head, newline, rest = data.partition(b"\n")
            line += head + newline
            self._pending = rest + self._pending
        return line

    # end

    @property
    def output_ended(self) -> bool:
        """Whether no more output can come."""
        return bool(self.channel.closed or self.channel.eof_received)

    @property
    def told_end(self) -> bool:
        """Whether the server has said how the command ended."""
        return self.channel.exit_status != -1 or self.channel.chanid in self.transport.exit_signals

    @property
    def ended(self) -> bool:
        """Whether nothing more can come: output and end are known, or the channel is closed."""
        return self.channel.closed or (self.output_ended and self.told_end)

    def outcome(self) -> tuple[int | None, str]:
        """Exit status (None if it was never told) and signal; 128 + its number is the status of a killed command."""
        name = self.transport.exit_signals.get(self.channel.chanid, "")
        if name:
            number = getattr(signal, f"SIG{name}", 0)
            return 128 + int(number), name
        status = self.channel.exit_status
        return (None, "") if status == -1 else (status, "")

    def finish(self) -> tuple[int | None, str]:
        """Wait for the end, passing over the rest of the output; returns the exit status and the standard error."""
        errors = []
        while True:
            _, error = self.take()
            errors.append(error)
            if self.ended and not (self.channel.recv_ready() or self.channel.recv_stderr_ready()):
                return self.outcome()[0], b"".join(errors).decode("utf-8", "replace").strip()
            self.cancel.check()
            self.wait()

    def send_signal(self, name: str) -> None:
        """Ask the server to signal the command's process group (RFC 4254 §6.9); not every server does."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError, ConnectionLost):
            self.transport.ask(self.channel, "signal", name.encode(), reply=False)

    def close(self) -> None:
        """Close the channel; never raises."""
        self._forget()
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self.channel.close()
