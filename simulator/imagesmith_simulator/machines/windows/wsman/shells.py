"""Remote shells and the commands in them, as the shell plugin of the service keeps them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagesmith_simulator.machines.windows.processes import Process
from imagesmith_simulator.machines.windows.streams import Pipe
from imagesmith_simulator.machines.windows.wsman import faults

_INPUT_LIMIT = 1 << 20  # bytes that a command may leave unread before the service stops taking more
_OUTPUT_LIMIT = 1 << 20  # bytes that a command may print before a client has fetched any
_LINGER_S = 0.02  # output that comes in quick succession travels together


def new_id() -> str:
    """An id as Windows makes them for shells and commands."""
    return str(uuid.uuid4()).upper()


class Output:
    """Both output streams of a command, fetched together."""

    def __init__(self) -> None:
        self._data = {"stdout": bytearray(), "stderr": bytearray()}
        self._changed = threading.Condition()
        self._given_up = False
        self._ended = False

    def write(self, name: str, data: bytes) -> None:
        """Append; waits while nobody fetches."""
        with self._changed:
            while len(self._data[name]) >= _OUTPUT_LIMIT and not self._given_up:
                self._changed.wait()
            self._data[name] += data
            self._changed.notify_all()

    def give_up(self) -> None:
        """Nobody will fetch any more."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def end(self) -> None:
        """The command has ended."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def fetch(self, limit: int, timeout_s: float) -> dict[str, bytes] | None:
        """What there is, as soon as there is any, at most ``limit`` bytes; None when the time is over.

        An empty answer means that the command has ended and everything was fetched.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not any(self._data.values()):
                if self._ended or self._given_up:
                    return {}
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return None
            if not self._ended and not self._full(limit):
                self._changed.wait(_LINGER_S)
            return self._take(limit)

    def _full(self, limit: int) -> bool:
        return sum(map(len, self._data.values())) >= limit

    def _take(self, limit: int) -> dict[str, bytes]:
        found = {}
        for name, data in self._data.items():
            part = bytes(data[:limit])
            del data[: len(part)]
            limit -= len(part)
            if part:
                found[name] = part
        self._changed.notify_all()
        return found

    @property
    def finished(self) -> bool:
        """The command has ended and everything was fetched."""
        return self._ended and not any(self._data.values())


@dataclass
class OutputStream:
    """One of the two, as the process writes to it."""

    output: Output
    name: str

    def write(self, data: bytes) -> None:
        if data:
            self.output.write(self.name, data)


@dataclass
class Command:
    """A command that runs or has ended and waits for the client's Signal."""

    id: str
    stdin: Pipe
    output: Output
    process: Process


@dataclass
class Shell:
    """A remote shell: settings for its commands. ``idle_s``: it is removed when nobody has used it for so long."""

    id: str
    owner: str
    client: str
    env: dict[str, str]
    cwd: str
    idle_s: float
    codepage: int
    created: float
    used: float
    commands: dict[str, Command] = field(default_factory=dict)

    def command(self, identity: str) -> Command:
        """One of its commands. Raises the fault for one that it does not have."""
        found = self.commands.get(identity.upper())
        if found is None:
            raise faults.no_such_command()
        return found

    def remove(self, command: Command) -> None:
        """End a command and forget it."""
        self.commands.pop(command.id, None)
        command.stdin.break_off()
        command.output.give_up()
        command.process.end()


class Shells:
    """All shells of a service."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()

    def create(
        self, *, owner: str, client: str, env: Mapping[str, str], cwd: str, idle_s: float, codepage: int, limit: int
    ) -> Shell:
        """A new shell. Raises the fault when the owner has ``limit`` already."""
        now = self._now()
        self._expire(now)
        with self._lock:
            if sum(shell.owner == owner for shell in self._shells.values()) >= limit:
                raise faults.too_many_shells(limit)
            shell = Shell(new_id(), owner, client, dict(env), cwd, idle_s, codepage, time.time(), now)
            self._shells[shell.id] = shell
            return shell

    def get(self, identity: str, owner: str) -> Shell:
        """A shell of this owner. Raises the fault where there is none."""
        now = self._now()
        self._expire(now)
        with self._lock:
            shell = self._shells.get(identity)
            if shell is None or shell.owner != owner:
                raise faults.no_such_shell(identity)
            shell.used = now
            return shell

    def delete(self, shell: Shell) -> None:
        """End its commands and forget it."""
        with self._lock:
            self._shells.pop(shell.id, None)
        for command in list(shell.commands.values()):
            shell.remove(command)

    def all(self) -> list[Shell]:
        """What there is."""
        with self._lock:
            return list(self._shells.values())

    def close(self) -> None:
        """The service stops."""
        for shell in self.all():
            self.delete(shell)

    def _expire(self, now: float) -> None:
        for shell in self.all():
            if now - shell.used > shell.idle_s:
                self.delete(shell)


def open_input() -> Pipe:
    """The input of a new command."""
    return Pipe(_INPUT_LIMIT)
