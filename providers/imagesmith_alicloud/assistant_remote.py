"""A machine reached by Cloud Assistant, as provisioners see it: implements `imagesmith.interfaces.Remote`."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from imagesmith.errors import Cancelled, CloudError, ConnectionLost, ImagesmithError, WaitTimeout
from imagesmith.interfaces import CommandResult, OutputSink
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until
from imagesmith.ways_in.lines import LineSplitter
from imagesmith_alicloud import assistant_files as files
from imagesmith_alicloud.assistant_calls import LONGEST_COMMAND, LONGEST_S, Agent, Outcome, Take
from imagesmith_alicloud.assistant_scripts import Heard, reader, understand, wrapper

_UNTIL_OVER = Patience(timeout_s=LONGEST_S + 60.0, first_s=0.2, growth=1.25, longest_s=2.0)
_A_READ = Patience(timeout_s=20.0, first_s=0.1, growth=1.4, longest_s=1.0)
_FIRST_LOOK_S, _LOOKS_GROW, _LONGEST_LOOK_S = 2.0, 1.3, 10.0


class _NotRun(ConnectionLost):
    """The agent has not even started a command."""


class AssistantRemote:
    """Made by `imagesmith_alicloud.assistant.connect`. Not to be used by two threads at once."""

    def __init__(
        self,
        agent: Agent,
        await_agent: Callable[[float | None], None],
        cancel: CancelToken,
        *,
        say: Callable[[str], None],
    ) -> None:
        self.agent = agent
        self.cancel = cancel
        self.say = say
        self._await_agent = await_agent

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        sinks = _Sinks(output)
        try:
            status = self.execute(command, sinks.take, stdin=stdin, cancel=cancel, live=output is not None)
        finally:
            sinks.finish()
        return CommandResult(status, sinks.text(1), sinks.text(2))

    def execute(
        self,
        command: str,
        take: Take,
        *,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
        live: bool = False,
    ) -> int | None:
        """Run a command; its output goes to ``take`` in order, while it runs with ``live``.

        Returns the exit status, None where the machine went down under it. Raises `ConnectionLost` where it can't be
        started, and what the token says once everything that belongs to the command has been ended.
        """
        cancel = cancel or self.cancel
        cancel.check()
        name = f".imagesmith-{secrets.token_hex(8)}"
        source = files.send(self, f"{name}.in", [stdin], cancel) if stdin else []
        script = wrapper(f"/tmp/{name}", command, source)  # noqa: S108 - the guest's; the name can't be guessed
        if len(script.encode("utf-8", "surrogateescape")) > LONGEST_COMMAND:
            sent = files.send(self, f"{name}.sh", [script.encode("utf-8", "surrogateescape")], cancel)
            listed = " ".join(sent)
            script = f'script=$(cat {listed}; echo x); rm -f {listed}; eval "${{script%x}}"'
        try:
            return self._follow(script, name, take, cancel, live=live)
        except _NotRun:  # a guest that restarts: its agent was there when we asked last
            self._await_agent(None)
            return self._follow(script, name, take, cancel, live=live)

    def _follow(self, script: str, name: str, take: Take, cancel: CancelToken, *, live: bool) -> int | None:
        running = _Running(self, self._start(script), f"/tmp/{name}", take, live=live)  # noqa: S108 - as above
        try:
            return running.follow(cancel)
        except _NotRun:
            raise
        except ImagesmithError:
            running.end()
            cancel.check()
            raise

    def _start(self, script: str) -> str:
        try:
            return self.agent.start(script)
        except Cancelled:
            raise
        except CloudError as error:
            status = self.agent.instance_status()
            if status == "Running":
                raise
            raise ConnectionLost(f"the instance is {status or 'gone'}: {error}") from None

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        files.upload(self, content, destination, mode)

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        files.upload_tree(self, source, destination, contents_only=contents_only)

    def download(self, source: str, destination: Path) -> None:
        files.download(self, source, destination)

    def download_tree(self, source: str, destination: Path) -> None:
        files.download_tree(self, source, destination)

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self._await_agent(timeout_s)

    def close(self) -> None:
        """There is no connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Running:
    """A command that was started."""

    def __init__(self, remote: AssistantRemote, invoke_id: str, spool: str, take: Take, *, live: bool) -> None:
        self._agent = remote.agent
        self._invoke_id = invoke_id
        self._spool = spool
        self._take = take
        self._known = (0, 0)
        self._pause = _FIRST_LOOK_S if live else _LONGEST_LOOK_S
        self._next_look = time.monotonic() + self._pause
        self._lost = False

    def follow(self, cancel: CancelToken) -> int | None:
        """Wait for the end, passing on the output; the exit status, None where it was lost."""

        def probe() -> Outcome | Pending:
            found = self._agent.outcome(self._invoke_id)
            if found.over or self._lost:
                return found
            if time.monotonic() >= self._next_look:
                self._look(cancel)
            return Pending(found.status or "not listed yet")

        outcome = wait_until(probe, what="the command", patience=_UNTIL_OVER, cancel=cancel)
        if outcome.never_ran:
            raise _NotRun(
                f"Cloud Assistant did not run a command ({outcome.error_code or outcome.status}): {outcome.error_info}"
            )
        heard = understand(outcome.output)
        if heard is None:
            return None
        if heard.state == "over":
            self._pass_on(Heard("over", heard.status, heard.out[self._known[0] :], heard.err[self._known[1] :]))
            return heard.status
        return self._fetch(heard.status, cancel)

    def _fetch(self, status: int, cancel: CancelToken) -> int | None:
        """What is too long for one answer, in pieces."""
        while True:
            heard = self._read(cancel)
            if heard is None or heard.state == "lost":
                return None
            self._pass_on(heard)
            if heard.state == "over":
                self._tidy()
                return status

    def _look(self, cancel: CancelToken) -> None:
        """Fetch what it has written so far, and see whether it is there still: a guest that restarts forgets it."""
        try:
            heard = self._read(cancel)
        except WaitTimeout:
            heard = None
        if heard is None:
            self._lost = self._agent.instance_status() != "Running"
        else:
            self._pass_on(heard)
            self._lost = heard.state == "lost" and (self._known != (0, 0) or self._pause >= _LONGEST_LOOK_S)
        self._pause = min(self._pause * _LOOKS_GROW, _LONGEST_LOOK_S)
        self._next_look = time.monotonic() + self._pause

    def _read(self, cancel: CancelToken) -> Heard | None:
        try:
            invoke_id = self._agent.start(reader(self._spool, self._known))
        except CloudError:
            cancel.check()
            return None
        return understand(self._agent.wait(invoke_id, _A_READ, cancel).output)

    def _pass_on(self, heard: Heard) -> None:
        for stream, data in ((1, heard.out), (2, heard.err)):
            if data:
                self._take(stream, data)
        self._known = (self._known[0] + len(heard.out), self._known[1] + len(heard.err))

    def end(self) -> None:
        """Stop it with all that it has started, though the build is cancelled, and leave nothing; never raises."""
        agent = self._agent = self._agent.quickly()
        agent.stop(self._invoke_id)
        with contextlib.suppress(ImagesmithError):
            agent.wait(self._invoke_id, _A_READ, CancelToken())
        self._tidy()

    def _tidy(self) -> None:
        with contextlib.suppress(ImagesmithError):
            invoke_id = self._agent.start(f"rm -rf {shlex.quote(self._spool)} {shlex.quote(self._spool)}.*")
            self._agent.wait(invoke_id, _A_READ, CancelToken())


class _Sinks:
    """Line by line to ``output``, or kept without it."""

    def __init__(self, output: OutputSink | None) -> None:
        self._kept: dict[int, list[bytes]] = {1: [], 2: []}
        self._lines: dict[int, LineSplitter] = {}
        if output:
            self._lines[1] = LineSplitter(lambda line: output("stdout", line))
            self._lines[2] = LineSplitter(lambda line: output("stderr", line))

    def take(self, stream: int, data: bytes) -> None:
        if stream in self._lines:
            self._lines[stream].feed(data)
        else:
            self._kept[stream].append(data)

    def finish(self) -> None:
        for lines in self._lines.values():
            lines.finish()

    def text(self, stream: int) -> str:
        return b"".join(self._kept[stream]).decode("utf-8", "replace")
