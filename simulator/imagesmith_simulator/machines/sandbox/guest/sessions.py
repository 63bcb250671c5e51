"""Processes that logins and the cloud's agent start: forked off init, as the user, on descriptors that were sent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from imagesmith_simulator.machines.sandbox.guest import accounts, sftp, terminal
from imagesmith_simulator.machines.sandbox.wire import Channel, Message

_HANG_UP_GRACE_S = 1.0
_SFTP_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/sftp-server",
)
_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})


@dataclass
class _Session:
    id: int
    channel: Channel
    kill_at: float | None = None


class Sessions:
    """The running ones, by process id (which is the process group's id too)."""

    def __init__(self, agent: Channel) -> None:
        self._agent = agent
        self._by_pid: dict[int, _Session] = {}

    def start(self, message: Message, descriptors: list[int], channel: Channel | None = None) -> None:
        """Start a command or a shell; with ``pty`` on a terminal of its own, whose other end is sent back.

        ``channel`` is told of its start and its end, where that is not the SSH server. Session ids are its own.
        Raises `OSError` when the user is unknown or no process can be made.
        """
        account = accounts.find(message["user"])
        if account is None:
            raise OSError(2, "no such user", message["user"])
        pty = message.get("pty")
        master, slave = terminal.open_for(account.uid, pty) if pty else (-1, -1)
        child = 0
        own_sftp = message.get("subsystem") == "sftp" and _sftp_server() is None
        if account.uid == 0 and not pty and not own_sftp:
            child = _spawn_as_root(account, message, descriptors)
        elif (child := os.fork()) == 0:
            _run_child(account, message, [slave] * 3 if pty else descriptors, tty=bool(pty))
        channel = channel or self._agent
        self._by_pid[child] = _Session(message["id"], channel)
        if pty:
            os.close(slave)
            channel.send({"id": message["id"], "pid": child}, (master,))
            os.close(master)
        else:
            channel.send({"id": message["id"], "pid": child})

    def _pid_of(self, message: Message, channel: Channel | None = None) -> int | None:
        wanted = (message["session"], channel or self._agent)
        return next((pid for pid, session in self._by_pid.items() if (session.id, session.channel) == wanted), None)

    def signal(self, message: Message, _descriptors: list[int], channel: Channel | None = None) -> None:
        """Send a signal to a session's process group, by its SSH name (without SIG)."""
        pid = self._pid_of(message, channel)
        number = getattr(signal, f"SIG{message['signal']}", None)
        if pid and isinstance(number, signal.Signals):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def resize(self, message: Message, descriptors: list[int]) -> None:
        """Tell the terminal its new size."""
        size = struct.pack("HHHH", message["rows"], message["columns"], 0, 0)
        fcntl.ioctl(descriptors[0], termios.TIOCSWINSZ, size)

    def hang_up(self, message: Message, _descriptors: list[int]) -> None:
        """The connection is gone: SIGHUP for the process group, SIGKILL if its leader does not end."""
        pid = self._pid_of(message)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGHUP)
                os.killpg(pid, signal.SIGCONT)
            self._by_pid[pid].kill_at = time.monotonic() + _HANG_UP_GRACE_S

    def next_deadline(self) -> float | None:
        """Seconds until somebody has to be killed, or None."""
        times = [session.kill_at for session in self._by_pid.values() if session.kill_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def kill_overdue(self) -> None:
        """Kill the groups of sessions that did not end after their connection had gone."""
        now = time.monotonic()
        for pid, session in self._by_pid.items():
            if session.kill_at is not None and session.kill_at <= now:
                session.kill_at = None
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)

    def reap(self) -> bool:
        """Collect processes that ended and tell about sessions; returns whether any process is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            session = self._by_pid.pop(pid, None)
            if session:
                session.channel.try_send({"ended": session.id, "status": os.waitstatus_to_exitcode(status)})


def default_signals() -> None:
    """Undo what init does to signals, in a process forked from it."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _run_child(account: accounts.Account, message: Message, descriptors: list[int], *, tty: bool) -> None:
    """In the forked process: become the user on these descriptors and run; never returns."""
    status = 1
    try:
        default_signals()
        os.setsid()
        if tty:
            fcntl.ioctl(descriptors[0], termios.TIOCSCTTY, 0)
        for wanted, descriptor in enumerate(descriptors):
            os.dup2(descriptor, wanted)
        os.closerange(3, 4096)
        account.become()
        os.umask(0o022)
        _run_command(account, message)
    except FileNotFoundError as error:
        os.write(2, f"{error.filename}: {error.strerror}\n".encode())
        status = 127
    except Exception as error:  # noqa: BLE001 - the user must see why nothing runs
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _run_command(account: accounts.Account, message: Message) -> None:
    """Replace the calling process; raises `OSError`."""
    try:
        os.chdir(account.home)
    except OSError:
        os.write(2, f"Could not chdir to home directory {account.home}: No such file or directory\n".encode())
        os.chdir("/")
    if message.get("subsystem") == "sftp" and _sftp_server() is None:
        sftp.serve()
        os._exit(0)
    path, arguments = _program(account, message)
    os.execve(path, arguments, {**account.environment(), **message["environment"]})  # noqa: S606 - the user's command


def _spawn_as_root(account: accounts.Account, message: Message, descriptors: list[int]) -> int:
    """The common case without fork(): init's memory need not be copied, which saves milliseconds.

    Raises `OSError` when the program can't be run.
    """
    path, arguments = _program(account, message)
    try:
        os.chdir(account.home)
    except OSError:
        os.write(descriptors[2], f"Could not chdir to home directory {account.home}\n".encode())
    try:
        return os.posix_spawn(
            path,
            arguments,
            {**account.environment(), **message["environment"]},
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, wanted) for wanted, descriptor in enumerate(descriptors)],
            setsid=True,
            setsigmask=[],
            setsigdef=_SIGNALS,
        )
    finally:
        os.chdir("/")


def _sftp_server() -> str | None:
    """The host's own, which is in the machine too; None: `sftp.serve` does its work."""
    return next((path for path in _SFTP_SERVERS if Path(path).exists()), None)


def _program(account: accounts.Account, message: Message) -> tuple[str, list[str | bytes]]:
    """The path and the arguments of what a session runs."""
    name = Path(account.shell).name
    if message.get("subsystem") == "sftp":
        server = _sftp_server() or ""
        return server, [server]
    if message.get("command") is None:
        return account.shell, [f"-{name}"]
    return account.shell, [name, "-c", os.fsencode(message["command"])]
