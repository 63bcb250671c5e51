"""Where a command's output goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from imagesmith.interfaces import OutputSink
from imagesmith.ways_in.lines import LineSplitter
from imagesmith_winrm.clixml import Decoder

if TYPE_CHECKING:
    from imagesmith_winrm.shell import Process


class Sinks:
    """Line by line to ``output``, or into the result without it."""

    def __init__(self, output: OutputSink | None) -> None:
        self._decoders = {"stdout": Decoder(), "stderr": Decoder()}
        self._kept: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._lines: dict[str, LineSplitter] = {}
        if output:
            self._lines["stdout"] = LineSplitter(lambda line: output("stdout", line))
            self._lines["stderr"] = LineSplitter(lambda line: output("stderr", line))

    def take(self, stdout: bytes, stderr: bytes) -> None:
        """More of both streams."""
        for name, data in (("stdout", stdout), ("stderr", stderr)):
            if data:
                self._pass_on(name, self._decoders[name].feed(data))

    def finish(self) -> None:
        """Both streams have ended."""
        for name, decoder in self._decoders.items():
            self._pass_on(name, decoder.finish())
        for lines in self._lines.values():
            lines.finish()

    def _pass_on(self, name: str, data: bytes) -> None:
        if name in self._lines:
            self._lines[name].feed(data)
        else:
            self._kept[name].append(data)

    def text(self, stream: Literal["stdout", "stderr"]) -> str:
        """What was kept of a stream, with line ends as the guest wrote them."""
        return b"".join(self._kept[stream]).decode("utf-8", "replace")


def follow(process: Process, sinks: Sinks) -> None:
    """Pass the output on until the command has ended. Cancelled, it is ended first; then raise what the token says."""
    while process.exit_code is None:
        received = process.receive()
        sinks.take(received.stdout, received.stderr)
    process.cancel.check()
