"""The write-ahead journal of a run, and reading it back.

One file of JSON lines per run. Before anything is created in a cloud an *intent* is on disk; the id follows as soon as
it is known; what is deleted or kept on purpose is crossed off. So another process can tell what a killed run has left.

    {"event": "run", …}      the run began: template, process, host
    {"event": "build", …}    one of its builds: builder type and options, without the secret ones
    {"event": "intent", …}   about to make (kind, name, token, scope)
    {"event": "void", …}     the intent with this token has made nothing
    {"event": "owned", …}    the intent with this token has made (kind, id)
    {"event": "gone", …}     (kind, id) is deleted
    {"event": "kept", …}     (kind, id) is the result and stays
    {"event": "step", …}     a step's result, as plain data
    {"event": "end", …}      the run ended: outcome

A run that lives holds an advisory lock on its file; the kernel lets go of it however the process ends.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imagesmith import redact
from imagesmith.errors import LedgerError, UsageError
from imagesmith.interfaces import Intent, Resource
from imagesmith.version import __version__

SUFFIX = ".jsonl"


def state_folder(override: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Where runs are written: ``override``, IMAGESMITH_STATE_DIR, or the XDG state folder."""
    environ = os.environ if environ is None else environ
    chosen = override or environ.get("IMAGESMITH_STATE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    base = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "imagesmith"


class Ledger:
    """The open journal of a run that lives."""

    def __init__(self, path: Path, descriptor: int, *, torn: bool = False) -> None:
        self.path = path
        self._descriptor = descriptor
        self._torn = torn
        self._lock = threading.Lock()

    @classmethod
    def create(cls, state_dir: Path, run: str, **facts: object) -> Ledger:
        """Begin the journal of a new run. Raises `UsageError` where the state folder can't be written."""
        path = state_dir / "runs" / f"{run}{SUFFIX}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
            _sync_folder(path.parent)
        except OSError as error:
            raise UsageError(
                f"can't write the run's ledger to {path}: {error.strerror}",
                hint="choose another folder with IMAGESMITH_STATE_DIR",
            ) from error
        ledger = cls(path, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        ledger.write(
            "run",
            run=run,
            version=__version__,
            pid=os.getpid(),
            host=socket.gethostname(),
            started=time.time(),
            **facts,
        )
        return ledger

    @classmethod
    def reopen(cls, path: Path) -> Ledger | None:
        """Take over the journal of a dead run; None while its run lives (or is being cleaned by somebody else)."""
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(path, descriptor, torn=not path.read_bytes().endswith(b"\n"))

    def write(self, event: str, **fields: object) -> None:
        """Append one line and see it on disk. Raises `LedgerError` when it does not get there whole."""
        line = json.dumps({"event": event, **fields}, default=str, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._torn:
                line = b"\n" + line
            self._torn = True
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
                os.fsync(self._descriptor)
            except OSError as error:
                text = f"can't write the ledger {self.path}: {error.strerror}"
                raise LedgerError(text, hint="is the disk full?") from error
            self._torn = False

    def build(self, build: str, builder_type: str, options: Mapping[str, Any], *, simulated: bool) -> None:
        """One of the run's builds, with what `cleanup` needs to reach its cloud again."""
        clean = redact.mask_data(dict(options))
        self.write("build", build=build, type=builder_type, options=clean, simulated=simulated)

    def intent(self, build: str, intent: Intent) -> None:
        """About to make something; must be on disk before the cloud is asked."""
        self.write("intent", build=build, at=time.time(), **_as_dict(intent))

    def void(self, build: str, intent: Intent) -> None:
        """The intent is known to have made nothing."""
        self.write("void", build=build, token=intent.token, attempt=intent.attempt)

    def owned(self, build: str, intent: Intent, identity: str) -> None:
        """The intent has made this."""
        self.write("owned", build=build, id=identity, **_as_dict(intent))

    def gone(self, build: str, resource: Resource) -> None:
        """The resource is deleted."""
        self.write("gone", build=build, kind=resource.kind, id=resource.id)

    def kept(self, build: str, resource: Resource) -> None:
        """The resource stays on purpose."""
        self.write("kept", build=build, kind=resource.kind, id=resource.id)

    def step(self, build: str, step: str, result: object) -> None:
        """A step's result; fields marked secret are left out, other text is masked."""
        self.write("step", build=build, step=step, result=redact.mask_data(plain(result)))

    def end(self, outcome: str) -> None:
        """The run is over."""
        self.write("end", outcome=outcome, at=time.time())

    def close(self) -> None:
        """Let go of the file and its lock."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class BuildRecord:
    """What the ledger knows about one build: enough to reach its cloud and to find what it left."""

    name: str
    type: str
    options: Mapping[str, Any]
    simulated: bool = False
    open: dict[tuple[str, str], Resource] = field(default_factory=dict)
    intents: dict[tuple[str, int], Intent] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    """The ids of everything that it has ever owned."""
    kept: dict[tuple[str, str], Resource] = field(default_factory=dict)


@dataclass(slots=True)
class RunRecord:
    """A run as its ledger tells it. ``live``: its process still holds the ledger's lock."""

    run: str
    path: Path
    started: float = 0.0
    template: str = ""
    variable_files: tuple[str, ...] = ()
    pid: int = 0
    host: str = ""
    outcome: str = ""
    live: bool = False
    builds: dict[str, BuildRecord] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Resource, ...]:
        """Everything that exists, or may exist (an intent without an answer has an empty id), newest first."""
        found: list[Resource] = []
        for build in self.builds.values():
            found += build.open.values()
            found += (Resource(i.kind, "", i.name, i.scope) for i in build.intents.values())
        return tuple(reversed(found))


def read(path: Path) -> RunRecord:
    """Read a ledger; a line that was torn by a crash is passed over."""
    record = RunRecord(run=path.name.removesuffix(SUFFIX), path=path, live=_is_locked(path))
    for entry in _entries(path):
        _apply(record, entry)
    return record


def read_all(state_dir: Path) -> list[RunRecord]:
    """Every run in the state folder, oldest first."""
    return [read(path) for path in sorted((state_dir / "runs").glob(f"*{SUFFIX}"))]


def plain(value: object) -> Any:
    """Plain data of a step's result, without the dataclass fields that are marked secret."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if not f.metadata.get("secret")
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _as_dict(intent: Intent) -> dict[str, Any]:
    facts = {"kind": intent.kind, "token": intent.token, "name": intent.name, "scope": dict(intent.scope)}
    return facts | {"attempt": intent.attempt}


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "event" in entry:
            yield entry


def _apply(record: RunRecord, entry: dict[str, Any]) -> None:
    event = entry["event"]
    if event == "run":
        record.started, record.pid = float(entry["started"]), int(entry["pid"])
        record.host, record.template = entry["host"], entry.get("template", "")
        record.variable_files = tuple(entry.get("variable_files", ()))
    elif event == "build":
        name = entry["build"]
        record.builds[name] = BuildRecord(name, entry["type"], entry["options"], entry["simulated"])
    elif event == "end":
        record.outcome = entry["outcome"]
    elif (build := record.builds.get(entry.get("build", ""))) is not None:
        _apply_to_build(build, entry)


def _apply_to_build(build: BuildRecord, entry: dict[str, Any]) -> None:
    key = (entry.get("kind", ""), entry.get("id", ""))
    intended = (entry.get("token", ""), entry.get("attempt", 1))
    match entry["event"]:
        case "intent":
            token, attempt = intended
            build.intents[intended] = Intent(entry["kind"], token, entry["name"], entry["scope"], attempt)
        case "void":
            build.intents.pop(intended, None)
        case "owned":
            build.intents.pop(intended, None)
            build.known.add(entry["id"])
            build.open[key] = Resource(entry["kind"], entry["id"], entry["name"], entry["scope"])
        case "gone":
            build.open.pop(key, None)
        case "kept":
            build.kept[key] = build.open.pop(key, Resource(*key))


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
