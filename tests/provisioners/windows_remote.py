"""A `Remote` that stands for a Windows machine: it keeps files and notes what goes over the wire.

It has no interpreter: what a command does is said by a test (``on``), except that ``del`` really removes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

from imagesmith.errors import ImagesmithError
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.waiting import CancelToken

Answer = CommandResult | ImagesmithError | Callable[[str], CommandResult]


class WindowsRemote:
    """``wire`` is what went over it in order; ``files`` what is there now, by its path in small letters."""

    def __init__(self) -> None:
        self.cancel = CancelToken()
        self.wire: list[str] = []
        self.commands: list[str] = []
        self.contents: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.answers: list[tuple[str, list[Answer]]] = []
        self.faults: list[tuple[str, ImagesmithError]] = []

    def on(self, pattern: str, *answers: Answer) -> None:
        """Answer commands that match with these, one after the other, the last one for ever."""
        self.answers.append((pattern, list(answers)))

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        (cancel or self.cancel).check()
        self.wire.append(f"run {command}")
        self.commands.append(command)
        self._fail(f"run {command}")
        if command.startswith("del "):
            return self._delete(command)
        result = self._answer(shown(command))
        if output is not None:
            for line in result.stdout.splitlines():
                output("stdout", line)
        return result

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        self.wire.append(f"upload {destination}")
        self._fail(f"upload {destination}")
        assert isinstance(content, bytes)
        self.contents[destination] = self.files[_same(destination)] = content

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        raise NotImplementedError

    def download(self, source: str, destination: Path) -> None:
        raise NotImplementedError

    def download_tree(self, source: str, destination: Path) -> None:
        raise NotImplementedError

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self.wire.append("reconnect")

    def close(self) -> None:
        pass

    def text(self, end: str) -> str:
        """The content of the one file whose path ended so when it was uploaded."""
        (content,) = [content for path, content in self.contents.items() if path.endswith(end)]
        return content.decode("utf-8-sig")

    def _answer(self, command: str) -> CommandResult:
        for pattern, answers in self.answers:
            if re.search(pattern, command):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if isinstance(answer, ImagesmithError):
                    raise answer
                return answer(command) if callable(answer) else answer
        return CommandResult(0)

    def _delete(self, command: str) -> CommandResult:
        missing = [path for path in re.findall('"([^"]+)"', command) if not self.files.pop(_same(path), b"")]
        return CommandResult(0, "", "".join(f"Could Not Find {path}\n" for path in missing))

    def _fail(self, what: str) -> None:
        for number, (beginning, error) in enumerate(self.faults):
            if what.startswith(beginning):
                del self.faults[number]
                raise error


class ElevatingRemote(WindowsRemote):
    """One that can run commands as another user; ``elevated`` notes user, password and command."""

    def __init__(self) -> None:
        super().__init__()
        self.elevated: list[tuple[str, str, str]] = []

    def run_elevated(
        self,
        command: str,
        *,
        user: str,
        password: str = "",
        output: OutputSink | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        self.elevated.append((user, password, command))
        return self.run(command, output=output, cancel=cancel)


def shown(command: str) -> str:
    """A command as one can read it: what is encoded for PowerShell is decoded."""
    words = command.split()
    if "-EncodedCommand" not in words:
        return command
    return base64.b64decode(words[words.index("-EncodedCommand") + 1]).decode("utf-16-le")


def _same(path: str) -> str:
    return path.replace("/", "\\").lower()
