"""Processes of a guest: each is a thread that runs one of the programs we know, and ends when it is killed."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from imagesmith.errors import ImagesmithError
from imagesmith.waiting import CancelToken
from imagesmith_simulator.machines.windows.streams import Killed, Nothing, Reader, Writer

CONTROL_C_EXIT = -1073741510
"""The exit code of a process that Ctrl-C has ended (0xC000013A)."""
_log = logging.getLogger("imagesmith.simulator")


@dataclass(kw_only=True)
class Context:
    """What a program has of its process: streams, environment, current folder, user, and the order to end."""

    stdin: Reader
    stdout: Writer
    stderr: Writer
    env: dict[str, str]
    cwd: str
    user: str
    kill: CancelToken
    elevated: bool = True
    over_winrm: bool = False

    def check(self) -> None:
        """Raise `Killed` when the process is to end; called in every loop that may take long."""
        if self.kill.is_set:
            raise Killed("the process was killed")

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        if self.kill.wait(seconds):
            raise Killed("the process was killed")

    def child(self, **changes: object) -> Context:
        """The context of a program that this one starts; the environment is a copy."""
        values = {**self.__dict__, "env": dict(self.env), **changes}
        return Context(**values)


Program = Callable[[Context], int]


@dataclass(eq=False)
class Process:
    """A running or ended process. ``exit_code`` is None while it runs."""

    pid: int
    name: str
    context: Context
    exit_code: int | None = None
    done: threading.Event = field(default_factory=threading.Event)
    on_exit: list[Callable[[], None]] = field(default_factory=list)

    def end(self, exit_code: int = CONTROL_C_EXIT) -> None:
        """Kill it."""
        if self.exit_code is None:
            self.exit_code = exit_code
        self.context.kill.cancel("killed")
        for stream in (self.context.stdin, self.context.stdout, self.context.stderr):
            close = getattr(stream, "close", None)
            if close:
                close()


class Processes:
    """All processes of a machine that is on."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1000, 4)
        self._running: dict[int, Process] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def start(self, name: str, program: Program, context: Context) -> Process:
        """Run a program in a thread of its own. Raises `Killed` when the machine goes down."""
        with self._lock:
            if self._stopped:
                raise Killed("the machine is going down")
            process = Process(next(self._numbers), name, context)
            self._running[process.pid] = process
        run = threading.Thread(target=self._run, args=(process, program), name=f"guest {name}", daemon=True)
        run.start()
        return process

    def running(self) -> list[Process]:
        """What runs now."""
        with self._lock:
            return list(self._running.values())

    def stop(self) -> None:
        """The machine goes down: end all, let no new one begin."""
        with self._lock:
            self._stopped = True
        for process in self.running():
            process.end()

    def _run(self, process: Process, program: Program) -> None:
        try:
            code = program(process.context)
        except (Killed, ImagesmithError):
            code = CONTROL_C_EXIT
        except Exception:  # noqa: BLE001 - a defect of ours is logged and ends the process
            _log.exception("a program of a simulated Windows machine failed: %s", process.name)
            process.context.stderr.write(b"the simulated machine failed; see the simulator's log\r\n")
            code = -1
        if process.exit_code is None:
            process.exit_code = code
        with self._lock:
            self._running.pop(process.pid, None)
        for stream in (process.context.stdout, process.context.stderr):
            close = getattr(stream, "close", None)
            if close:
                close()
        process.done.set()
        for callback in process.on_exit:
            callback()


def no_input() -> Reader:
    """The input of a process that gets none."""
    return Nothing()
