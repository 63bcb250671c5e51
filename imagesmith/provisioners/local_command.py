"""Run a command on this machine: output as it comes, and all that it started ended when the build is cancelled."""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Literal, Self

from imagesmith.errors import ProvisionError, WaitTimeout
from imagesmith.interfaces import OutputSink
from imagesmith.provisioners.process_family import Family, Mark
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until

Stream = Literal["stdout", "stderr"]

_GRACE_S = 3.0
_CHUNK = 65536
_LONGEST_LINE = 1 << 20

spawning = threading.Lock()
"""Held while a script is written and while a process starts.

A process that another thread forks inherits the open file for an instant; a script that is open for writing anywhere
can't be executed (ETXTBSY).
"""


def run_local(arguments: Sequence[str], *, environ: Mapping[str, str], output: OutputSink, cancel: CancelToken) -> int:
    """Run the command and return its exit status, 128 plus the number if a signal ended it.

    ``output`` gets each line from one thread only. The command has no standard input and no terminal. It is over when
    its outputs are closed too. When ``cancel`` is set it and all that descends from it get SIGTERM and, 3 s later,
    SIGKILL; then what the token says is raised. Raises `ProvisionError` when the command can't be started.
    """
    cancel.check()
    mark = Mark()
    process = _start(arguments, {**environ, mark.name: mark.value})
    with _Pump(process, output) as pump:
        forget = cancel.on_cancel(pump.wake)
        try:
            while pump.pump(None) and not cancel.is_set:
                pass
            status = wait_until(lambda: _status(process), what="the command", patience=_CLOSING, cancel=cancel)
        except BaseException:
            _end_all(process, mark, pump)
            raise
        finally:
            forget()
    return status if status >= 0 else 128 - status


_CLOSING = Patience(timeout_s=float("inf"), first_s=0.002, growth=2.0, longest_s=0.1)
_ENDING = Patience(timeout_s=_GRACE_S, first_s=0.01, growth=1.5, longest_s=0.1)


def _start(arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        with spawning:
            return subprocess.Popen(
                arguments,
                executable=_executable(arguments[0]),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
    except OSError as error:
        raise ProvisionError(f'"{arguments[0]}" can\'t be started: {error.strerror or error}') from error
    except ValueError as error:
        raise ProvisionError(f'"{arguments[0]}" can\'t be started: its variables or arguments hold a NUL') from error


def _executable(name: str) -> str:
    """Found in our own PATH: the one among the script's variables is for the script."""
    import shutil

    return shutil.which(name) or name


def _status(process: subprocess.Popen[bytes]) -> int | Pending:
    status = process.poll()
    return Pending("running") if status is None else status


def _end_all(process: subprocess.Popen[bytes], mark: Mark, pump: _Pump) -> None:
    """SIGTERM, then SIGKILL, until nothing that it started is left; what they still print is passed on."""
    family = Family(process.pid, mark)

    def is_over(number: int) -> bool | Pending:
        lives = family.lives() or process.poll() is None
        pump.pump(0)  # after that look: what was printed last is still there when all are gone
        family.tell(number)
        return Pending("running") if lives else True

    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(WaitTimeout):
            wait_until(functools.partial(is_over, number), what="the command", patience=_ENDING, cancel=CancelToken())
            return


class _Pump:
    """Moves what a process prints to a sink, line by line, in the thread that calls `pump`."""

    def __init__(self, process: subprocess.Popen[bytes], output: OutputSink) -> None:
        self._output = output
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._lock = threading.RLock()
        self._closed = False
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._streams: dict[int, tuple[Stream, IO[bytes]]] = {}
        self._rest: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        self._add("stdout", process.stdout)
        self._add("stderr", process.stderr)

    def _add(self, name: Stream, stream: IO[bytes] | None) -> None:
        if stream is not None:
            self._streams[stream.fileno()] = (name, stream)
            self._selector.register(stream.fileno(), selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            os.close(self._wake_read)
            os.close(self._wake_write)
        for descriptor in list(self._streams):
            self._end(descriptor)
        self._selector.close()

    def wake(self) -> None:
        """End a waiting `pump` from any thread or signal handler."""
        with self._lock:
            if not self._closed:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._wake_write, b"!")

    def pump(self, timeout_s: float | None) -> bool:
        """Pass on what there is, waiting at most so long for it; False when both streams have ended."""
        if not self._streams:
            return False
        for key, _ in self._selector.select(timeout_s):
            if key.fd in self._streams:
                self._read(key.fd)
        return bool(self._streams)

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, _CHUNK)
        if not data:
            self._end(descriptor)
            return
        name = self._streams[descriptor][0]
        *lines, rest = (self._rest[name] + data).split(b"\n")
        for line in lines:
            self._say(name, line)
        if len(rest) > _LONGEST_LINE:
            self._say(name, rest)
            rest = b""
        self._rest[name] = rest

    def _end(self, descriptor: int) -> None:
        name, stream = self._streams.pop(descriptor)
        if self._rest[name]:
            self._say(name, self._rest[name])
            self._rest[name] = b""
        self._selector.unregister(descriptor)
        stream.close()

    def _say(self, name: Stream, line: bytes) -> None:
        self._output(name, line.removesuffix(b"\r").decode("utf-8", "replace"))
