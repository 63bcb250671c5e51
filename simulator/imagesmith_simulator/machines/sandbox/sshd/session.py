"""One SSH session: a command, a shell or the sftp subsystem in the machine, on pipes or on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import threading
from typing import Any

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from imagesmith_simulator.machines.sandbox.sshd.guest import Guest
from imagesmith_simulator.machines.sandbox.sshd.pipes import CHUNK, Bell, Inflow

_PIPE_BYTES = 1024 * 1024


class Session:
    """Lives as long as its channel."""

    def __init__(self, guest: Guest, channel: paramiko.Channel, user: str, environment: dict[str, str]) -> None:
        self._guest = guest
        self._channel = channel
        self._user = user
        self._environment = environment
        self._pty: dict[str, Any] | None = None
        self._inflow = Inflow(channel)
        self._number = 0
        self._master = -1
        self._status: int | None = None
        self._bell = Bell()
        self._lock = threading.Lock()
        self._gone = False
        self._started = False

    def set_environment(self, name: str, value: str) -> None:
        """For the process that is started later."""
        self._environment[name] = value

    def want_pty(self, term: str, columns: int, rows: int, modes: bytes) -> None:
        """The process gets a terminal."""
        self._environment["TERM"] = term
        self._pty = {"columns": columns, "rows": rows, "modes": modes.hex()}

    def start(self, what: dict[str, Any]) -> None:
        """Run ``{"command": …}``, ``{"command": None}`` for a shell, or ``{"subsystem": …}``."""
        if self._started:
            return
        self._started = True
        threading.Thread(target=self._serve, args=(what,), name="session", daemon=True).start()

    def feed(self, data: bytes) -> None:
        """Data from the peer."""
        self._inflow.feed(data)

    def end_of_file(self) -> None:
        """The peer sends no more."""
        self._inflow.end()

    def resize(self, columns: int, rows: int) -> None:
        """The peer's window changed."""
        with self._lock:
            if self._master >= 0:
                self._guest.tell({"do": "resize", "columns": columns, "rows": rows}, (self._master,))

    def signal(self, name: str) -> None:
        """Send a signal to the process group."""
        if self._number:
            self._guest.tell({"do": "signal", "session": self._number, "signal": name})

    def closed(self) -> None:
        """The channel or the connection is gone: the process must not stay."""
        with self._lock:
            if self._gone:
                return
            self._gone = True
        self._inflow.abandon()
        self._bell.ring()
        if self._number and self._status is None:
            with contextlib.suppress(OSError):
                self._guest.tell({"do": "hang up", "session": self._number})

    def _ended(self, status: int) -> None:
        self._status = status
        self._bell.ring()

    def _serve(self, what: dict[str, Any]) -> None:
        """In the session's own thread, from start to close."""
        outputs: list[int] = []
        try:
            outputs = self._start_process(what)
            if self._gone:
                self._guest.tell({"do": "hang up", "session": self._number})
            self._pump(outputs)
        except OSError as error:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.sendall_stderr(f"the simulated machine can't run this: {error}\n".encode())
                self._channel.send_exit_status(255)
        except (EOFError, paramiko.SSHException):
            self.closed()
        finally:
            with self._lock:
                self._gone = True
                self._master = -1
            self._inflow.abandon()
            for descriptor in outputs:
                os.close(descriptor)
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.close()
            self._bell.close()

    def _start_process(self, what: dict[str, Any]) -> list[int]:
        """Start it and return the descriptors of its output: standard output and error, or the terminal."""
        message = {"do": "run", "user": self._user, "environment": self._environment, "pty": self._pty, **what}
        if self._pty:
            reply, (master,) = self._guest.run(message, (), self._ended)
            self._number = reply["id"]
            with self._lock:
                self._master = master
            self._inflow.connect(master, keep_open=True)
            return [master]
        pairs = [os.pipe() for _ in range(3)]
        for reader, _ in pairs[:2]:
            with contextlib.suppress(OSError):
                fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = pairs
        try:
            reply, _ = self._guest.run(message, (stdin, stdout, stderr), self._ended)
        except OSError:
            for descriptor in (to_stdin, from_stdout, from_stderr):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
        self._number = reply["id"]
        self._inflow.connect(to_stdin)
        return [from_stdout, from_stderr]

    def _pump(self, outputs: list[int]) -> None:
        """Send output until it ends and the process has ended; on a terminal the latter is enough."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        for descriptor in outputs:
            os.set_blocking(descriptor, False)
            poll.register(descriptor, select.POLLIN)
        open_outputs = set(outputs)
        reported = False
        while not self._gone and (open_outputs or not reported):
            ready = {descriptor for descriptor, _ in poll.poll()}
            self._bell.hush()
            for descriptor in ready & open_outputs if self._status is None else set(open_outputs):
                if self._forward(descriptor, stderr=len(outputs) > 1 and descriptor == outputs[1]):
                    poll.unregister(descriptor)
                    open_outputs.discard(descriptor)
            if self._status is not None and not reported:
                self._report_end()
                reported = True
                if self._pty:
                    return

    def _forward(self, descriptor: int, *, stderr: bool) -> bool:
        """Send what there is to read; True at the end of the stream."""
        while True:
            try:
                data = os.read(descriptor, CHUNK)
            except BlockingIOError:
                return False
            except OSError:  # a terminal whose other end is closed
                return True
            if not data:
                return True
            if stderr:
                self._channel.sendall_stderr(data)
            else:
                self._channel.sendall(data)
            if self._status is None:
                return False

    def _report_end(self) -> None:
        status = self._status or 0
        if status >= 0:
            self._channel.send_exit_status(status)
            return
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(self._channel.remote_chanid)
        message.add_string("exit-signal")
        message.add_boolean(False)
        message.add_string(signal.Signals(-status).name.removeprefix("SIG"))
        message.add_boolean(False)
        message.add_string("")
        message.add_string("")
        transport: Any = self._channel.transport
        transport._send_user_message(message)
