"""A `Remote` that is this machine: commands really run under /bin/sh, files are really written.

``wire`` records what went over it in order; ``faults`` holds errors to raise at the next upload or run that matches.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from imagesmith.errors import ImagesmithError, TransferError
from imagesmith.interfaces import CommandResult, OutputSink, PostProcessContext, ProvisionContext
from imagesmith.template.rendering import Interpolation
from imagesmith.waiting import CancelToken

Stream = Literal["stdout", "stderr"]


class LocalRemote:
    """A script that makes the file ``$CONNECTION_CUT`` cuts the connection: its exit status never arrives."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cancel = CancelToken()
        self.wire: list[str] = []
        self.commands: list[str] = []
        self.faults: list[tuple[str, ImagesmithError]] = []
        self.uploaded: dict[str, tuple[int, bytes]] = {}
        self.hold_uploads: threading.Event | None = None
        self.reconnects = 0

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        token = cancel or self.cancel
        token.check()
        self._fail(f"run {command}")
        self.wire.append(f"run {command}")
        self.commands.append(command)
        cut = self.home / "cut"
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "CONNECTION_CUT": str(cut)},
            start_new_session=True,
        )
        collected: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        forget = token.on_cancel(lambda: _kill(process.pid))
        streams: list[tuple[Stream, IO[bytes]]] = []
        assert process.stdout is not None
        assert process.stderr is not None
        streams += [("stdout", process.stdout), ("stderr", process.stderr)]
        readers = [threading.Thread(target=_read, args=(*pair, output, collected)) for pair in streams]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        status = process.wait()
        forget()
        token.check()
        texts = {name: "\n".join(lines) for name, lines in collected.items()}
        if cut.exists():
            cut.unlink()
            return CommandResult(None, texts["stdout"], texts["stderr"])
        if status < 0:
            return CommandResult(128 - status, signal=signal.Signals(-status).name.removeprefix("SIG"))
        return CommandResult(status, texts["stdout"], texts["stderr"])

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        self._fail(f"upload {destination}")
        if isinstance(content, Path):
            mode = stat.S_IMODE(content.stat().st_mode) if mode is None else mode
            content = content.read_bytes()
        self._wait_if_held()
        mode = 0o644 if mode is None else mode
        self.wire.append(f"upload {destination} {mode:04o}")
        self.uploaded[destination] = (mode, content)
        try:
            target = self.home / destination
            target.write_bytes(content)
            target.chmod(mode)
        except OSError as error:
            raise TransferError(f"{destination}: {error.strerror}") from error

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        self._wait_if_held()
        target = self.home / destination if contents_only else self.home / destination / source.name
        self.wire.append(f"upload_tree {source} {destination} contents_only={contents_only}")
        shutil.copytree(source, target, dirs_exist_ok=True)

    def download(self, source: str, destination: Path) -> None:
        self.wire.append(f"download {source} {destination}")
        try:
            destination.write_bytes((self.home / source).read_bytes())
        except FileNotFoundError as error:
            raise TransferError(f"{source}: {error.strerror}") from error

    def download_tree(self, source: str, destination: Path) -> None:
        self.wire.append(f"download_tree {source} {destination}")
        subprocess.run(f"cp -r {source} {destination.absolute()}", shell=True, cwd=self.home, check=True)

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self.reconnects += 1
        if self.hold_uploads is not None:
            self.hold_uploads.set()

    def close(self) -> None:
        pass

    def _fail(self, what: str) -> None:
        for number, (beginning, error) in enumerate(self.faults):
            if what.startswith(beginning):
                del self.faults[number]
                self.wire.append(f"failed {what}")
                raise error

    def _wait_if_held(self) -> None:
        if self.hold_uploads is not None:
            self.hold_uploads.wait()
            raise TransferError("the connection was made anew")


def _read(name: Stream, stream: IO[bytes], output: OutputSink | None, collected: dict[Stream, list[str]]) -> None:
    with stream:
        for raw in stream:
            line = raw.decode("utf-8", "replace").removesuffix("\n")
            if output:
                output(name, line)
            else:
                collected[name].append(line)


def _kill(group: int) -> None:
    """Returns when nothing of the group runs any more, as a communicator does."""
    os.killpg(group, signal.SIGKILL)
    pause = threading.Event()
    while any(is_running(path.name, group) for path in Path("/proc").glob("[0-9]*")):
        pause.wait(0.01)


@dataclass
class Scene:
    """A build around a provisioner or post-processor: what it says and prints, and its cancel token."""

    generated: Mapping[str, object] = field(default_factory=lambda: {"ID": "i-1", "Host": "192.0.2.1"})
    said: list[str] = field(default_factory=list)
    printed: list[tuple[Stream, str]] = field(default_factory=list)
    cancel: CancelToken = field(default_factory=CancelToken)
    answer: str | None = None
    asked: list[str] = field(default_factory=list)
    on_output: Callable[[str], None] | None = None
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PACKER_BUILD_NAME": "web", "PACKER_BUILDER_TYPE": "null"}
    )

    @property
    def stdout(self) -> list[str]:
        return [line for stream, line in self.printed if stream == "stdout"]

    @property
    def provision(self) -> ProvisionContext:
        return ProvisionContext(
            build_name="web",
            builder_type="null",
            run_id="20260101-120000-abc123",
            environment=self.environment,
            generated=self.generated,
            render=self.render,
            say=self.said.append,
            output=self.output,
            cancel=self.cancel,
            ask=self.ask,
        )

    def post_process(self, *, force: bool = False, run_id: str = "20260101-120000-abc123") -> PostProcessContext:
        return PostProcessContext(
            build_name="web",
            builder_type="null",
            run_id=run_id,
            force=force,
            environment=self.environment,
            render=self.render,
            say=self.said.append,
            output=self.output,
            cancel=self.cancel,
        )

    def render(self, text: str, data: Mapping[str, object]) -> str:
        engine = Interpolation(language="json", build_name="web", build_type="null", template_path="/t/t.json")
        return engine.at_run(text, data, self.generated)

    def output(self, stream: Stream, line: str) -> None:
        self.printed.append((stream, line))
        if self.on_output:
            self.on_output(line)

    def ask(self, prompt: str) -> str | None:
        self.asked.append(prompt)
        return self.answer


def is_running(pid: str, group: int | None = None) -> bool:
    """Whether the process (of the group) does anything; one that has ended but was not yet collected does not."""
    try:
        state, _, its_group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX" and group in (None, int(its_group))
