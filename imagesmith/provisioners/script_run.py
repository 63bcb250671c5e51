"""One script's way through a machine of any system: started once, its exit status judged, removed in any case."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from imagesmith.errors import ConnectError, ConnectionLost, ImagesmithError, ProvisionError, TransferError
from imagesmith.provisioners.outcome import DISCONNECTED, check_exit_status, status_of_signal
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.waiting import CancelToken, RetryPolicy, retry

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote

T = TypeVar("T")

_UNLIMITED = 1_000_000
_LAST_TIDYING_S = 10.0
_SHUTDOWN_SIGNALS = {"TERM", "HUP"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script's name in messages, and its content as it is to be on the machine."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is done about a script's end: see the options of these names."""

    valid_exit_codes: Sequence[int]
    start_retry_timeout: float
    skip_clean: bool = False
    expect_disconnect: bool = False


class ScriptRun(ABC):
    """Runs one script on a machine; subclasses know the machine's system."""

    def __init__(self, rules: Rules, script: Script, remote: Remote, context: ProvisionContext) -> None:
        self._rules, self._script, self._remote, self._context = rules, script, remote, context
        self._uploaded: list[str] = []

    def run(self) -> None:
        """Upload, start, check the exit status and remove; a failing script is removed too, as far as possible."""
        finished = False
        try:
            self._check(self._with_retries(self._upload_and_run, "started"))
            finished = True
        finally:
            if not finished:
                self._tidy_after_failure()
        if not self._rules.skip_clean:
            self._clean_up()

    @abstractmethod
    def _upload_and_run(self) -> CommandResult:
        """Put the script on the machine and run it to its end."""

    @abstractmethod
    def _remove(self, cancel: CancelToken) -> None:
        """Remove everything that was uploaded; raises when something stays."""

    def _clean_up(self) -> None:
        self._with_retries(lambda: self._remove(self._context.cancel), "removed")

    def _upload(self, content: bytes, path: str, mode: int | None) -> None:
        if path not in self._uploaded:
            self._uploaded.append(path)
        self._remote.upload(content, path, mode=mode)

    def _check(self, result: CommandResult) -> None:
        self._context.cancel.check()
        rules, name = self._rules, self._script.name
        status = result.exit_status
        if result.signal:
            going_down = result.signal.removeprefix("SIG") in _SHUTDOWN_SIGNALS
            status = DISCONNECTED if rules.expect_disconnect and going_down else status_of_signal(result.signal)
        if status is None:
            status = DISCONNECTED
        if status == DISCONNECTED and (rules.expect_disconnect or DISCONNECTED in rules.valid_exit_codes):
            self._context.say(f"{name} has cut the connection, as expected")
        elif status == DISCONNECTED:
            raise ProvisionError(f"the connection broke while {name} was running", hint=self.disconnect_hint)
        else:
            check_exit_status(name, status, rules.valid_exit_codes)

    disconnect_hint = "if it is meant to (a reboot), set expect_disconnect = true"
    """What to do about a script that cuts the connection."""

    def _tidy_after_failure(self) -> None:
        """Remove what was uploaded; the error that is on its way counts more than a failure to do so.

        It has a token of its own, because the build's may be set already.
        """
        if self._rules.skip_clean or not self._uploaded:
            return
        try:
            with time_limit(_LAST_TIDYING_S, "tidying took too long") as cancel:
                self._remove(cancel)
        except ImagesmithError as error:
            self._context.say(f"{' '.join(self._uploaded)} may still be on the machine: {error.message}")

    def _with_retries(self, call: Callable[[], T], what: str) -> T:
        """Try again while the connection is at fault, until ``start_retry_timeout``; a script never runs twice."""
        timeout_s = self._rules.start_retry_timeout

        def say(error: Exception, seconds: float) -> None:
            self._context.say(f"{self._script.name} could not be {what}: {error}; trying again in {seconds:.0f} s")

        policy = RetryPolicy(attempts=_UNLIMITED, timeout_s=timeout_s, first_s=1.0, longest_s=4.0)
        return retry(call, retryable=is_transport, policy=policy, cancel=self._context.cancel, on_retry=say)


def is_transport(error: Exception) -> bool:
    """Whether the connection is at fault, and may be better next time."""
    if isinstance(error, ConnectError):
        return not error.permanent
    return isinstance(error, ConnectionLost | TransferError)
