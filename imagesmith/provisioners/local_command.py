"""Run a command on this machine: output as it comes, and all that it started ended when the build is cancelled."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal, Self

from imagesmith.errors import ProvisionError, WaitTimeout
from imagesmith.interfaces import OutputSink
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until

Stream = Literal["stdout", "stderr"]

_GRACE_S = 3.0
_HAS_PROC = Path("/proc/self/stat").exists()
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
    process = _start(arguments, environ)
    with _Pump(process, output) as pump:
        forget = cancel.on_cancel(pump.wake)
        try:
            while pump.pump(None) and not cancel.is_set:
                pass
            status = wait_until(lambda: _status(process), what="the command", patience=_CLOSING, cancel=cancel)
        except BaseException:
            _end_all(process, pump)
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


def _end_all(process: subprocess.Popen[bytes], pump: _Pump) -> None:
    """SIGTERM, then SIGKILL, until nothing that it started is left; what they still print is passed on."""
    groups = _groups(process.pid)

    def is_over() -> bool | Pending:
        lives = process.poll() is None or any(map(_group_lives, groups))
        pump.pump(0)  # after that look: what was printed last is still there when all are gone
        return Pending("running") if lives else True

    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            # A process of another user (sudo) may refuse; it must not hold up the end of the build.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        with contextlib.suppress(WaitTimeout):
            wait_until(is_over, what="the command", patience=_ENDING, cancel=CancelToken())
            return


def _groups(pid: int) -> frozenset[int]:
    """The process groups of a group's leader and of all that descends from it: ansible's workers have their own."""
    groups, family = {pid}, {pid}
    known = [(parent, child, group) for child, (_, parent, group) in _processes()]
    while found := [one for one in known if one[0] in family and one[1] not in family]:
        family |= {child for _, child, _ in found}
        groups |= {group for _, _, group in found}
    return frozenset(groups)


def _group_lives(group: int) -> bool:
    """Whether a process of the group still runs; one that has ended but that init has not collected does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    running = any(its_group == group and state not in "ZX" for _, (state, _, its_group) in _processes())
    return running or not _HAS_PROC


def _processes() -> Iterator[tuple[int, tuple[str, int, int]]]:
    """Every process of this machine with its state, parent and group, where there is a /proc."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group, *_ = status.read_text("utf-8", "replace").rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        yield int(status.parent.name), (state, int(parent), int(group))


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
