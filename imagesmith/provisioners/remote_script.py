"""One script's way through a machine: upload, start, exit status, removal."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from imagesmith import redact
from imagesmith.errors import ConnectError, ConnectionLost, ImagesmithError, ProvisionError, TransferError
from imagesmith.provisioners import environment
from imagesmith.provisioners.outcome import DISCONNECTED, check_exit_status, status_of_signal
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.waiting import CancelToken, RetryPolicy, retry

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote
    from imagesmith.provisioners.shell import Shell

PLAIN_COMMAND = "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"
FILE_COMMAND = "chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}"

T = TypeVar("T")

_UNLIMITED = 1_000_000
_LAST_TIDYING_S = 10.0
_SHUTDOWN_SIGNALS = {"TERM", "HUP"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script's name in messages, and its content as it is to be on the machine."""

    name: str
    content: bytes


class RemoteScript:
    """Runs one script on a machine; ``options`` says how. Its remote names can't be guessed."""

    def __init__(self, options: Shell, script: Script, remote: Remote, context: ProvisionContext) -> None:
        self._options, self._script, self._remote, self._context = options, script, remote, context
        unique = os.urandom(8).hex()
        self._folder = options.remote_folder or "/tmp"  # noqa: S108  # the guest's; Packer's default
        name = options.remote_file or f"script_{unique}.sh"
        self._path = options.remote_path or f"{self._folder}/{name}"
        self._variables_path = f"{self._folder}/varfile_{unique}.sh"
        self._command_path = f"{self._folder}/command_{unique}.sh"
        self._uploaded: list[str] = []

    def run(self) -> None:
        """Upload, start, check the exit status and remove; a failing script is removed too, as far as possible."""
        finished = False
        try:
            self._check(self._start())
            finished = True
        finally:
            if not finished:
                self._tidy_after_failure()
        if not self._options.skip_clean:
            self._with_retries(lambda: self._remove(self._context.cancel), "removed")

    def _start(self) -> CommandResult:
        return self._with_retries(self._upload_and_run, "started")

    def _upload_and_run(self) -> CommandResult:
        self._upload(self._script.content, self._path, 0o755)
        variables = self._variables()
        if self._options.use_env_var_file:
            self._upload(variables.encode("utf-8", "surrogateescape"), self._variables_path, 0o600)
        command = self._render_command(variables)
        if self._must_hide(command):
            text = f"rm -f {self._command_path}\n{command}\n"
            self._upload(text.encode("utf-8", "surrogateescape"), self._command_path, 0o600)
            command = f". {self._command_path}"
        return self._remote.run(command, output=self._context.output, cancel=self._context.cancel)

    def _variables(self) -> str:
        options = self._options
        usual = environment.FILE_FORMAT if options.use_env_var_file else environment.COMMAND_LINE_FORMAT
        variables = environment.merged(self._context.environment, options.environment_vars, options.env)
        return environment.formatted(variables, options.env_var_format or usual)

    def _render_command(self, variables: str) -> str:
        in_file = self._options.use_env_var_file
        data = {"Path": self._path, "Vars": variables, "EnvVarFile": self._variables_path if in_file else ""}
        text = self._options.execute_command or (FILE_COMMAND if in_file else PLAIN_COMMAND)
        return environment.render_command(text, data, self._context.generated, self._context.render)

    def _must_hide(self, command: str) -> bool:
        """Whether the command goes as a file: only where the remote shell is a POSIX one, told by its paths."""
        options = self._options
        if not self._command_path.startswith("/") or not self._path.startswith(("/", "~")):
            return False
        usual = options.execute_command.strip() in ("", PLAIN_COMMAND) and not options.use_env_var_file
        return bool(usual and (options.environment_vars or options.env)) or redact.mask(command) != command

    def _upload(self, content: bytes, path: str, mode: int) -> None:
        if path not in self._uploaded:
            self._uploaded.append(path)
        try:
            self._remote.upload(content, path, mode=mode)
        except TransferError as error:
            if self._folder_is_missing(path):
                folder = path.rpartition("/")[0]
                hint = "remote_folder or remote_path must be in a folder that exists on the machine"
                raise ProvisionError(f'there is no folder "{folder}" on the machine', hint=hint) from error
            raise

    def _folder_is_missing(self, path: str) -> bool:
        """Told apart from a transfer that may go better next time, which is worth waiting for."""
        folder = path.rpartition("/")[0]
        if not folder.startswith("/"):
            return False
        try:
            return self._remote.run(f"test -d {folder}", cancel=self._context.cancel).exit_status == 1
        except (ConnectionLost, ConnectError):
            return False

    def _check(self, result: CommandResult) -> None:
        self._context.cancel.check()
        options, name = self._options, self._script.name
        status = result.exit_status
        if result.signal:
            going_down = result.signal.removeprefix("SIG") in _SHUTDOWN_SIGNALS
            status = DISCONNECTED if options.expect_disconnect and going_down else status_of_signal(result.signal)
        if status is None:
            status = DISCONNECTED
        if status == DISCONNECTED and (options.expect_disconnect or DISCONNECTED in options.valid_exit_codes):
            self._context.say(f"{name} has cut the connection, as expected")
        elif status == DISCONNECTED:
            hint = "if it is meant to (a reboot), set expect_disconnect = true"
            raise ProvisionError(f"the connection broke while {name} was running", hint=hint)
        else:
            check_exit_status(name, status, options.valid_exit_codes)

    def _remove(self, cancel: CancelToken) -> None:
        paths = " ".join(self._uploaded)
        result = self._remote.run(f"rm -f {paths}", cancel=cancel)
        if result.exit_status is None:
            raise ConnectionLost(f"the connection broke while {paths} was removed")
        if result.exit_status != 0:
            hint = "set skip_clean = true if it is to stay"
            raise ProvisionError(f"{paths} could not be removed from the machine: {result.stderr.strip()}", hint=hint)

    def _tidy_after_failure(self) -> None:
        """Remove what was uploaded; the error that is on its way counts more than a failure to do so.

        It has a token of its own, because the build's may be set already.
        """
        if self._options.skip_clean or not self._uploaded:
            return
        try:
            with time_limit(_LAST_TIDYING_S, "tidying took too long") as cancel:
                self._remove(cancel)
        except ImagesmithError as error:
            self._context.say(f"{' '.join(self._uploaded)} may still be on the machine: {error.message}")

    def _with_retries(self, call: Callable[[], T], what: str) -> T:
        """Try again while the connection is at fault, until ``start_retry_timeout``; a script never runs twice."""
        timeout_s = self._options.start_retry_timeout

        def say(error: Exception, seconds: float) -> None:
            self._context.say(f"{self._script.name} could not be {what}: {error}; trying again in {seconds:.0f} s")

        policy = RetryPolicy(attempts=_UNLIMITED, timeout_s=timeout_s, first_s=1.0, longest_s=4.0)
        return retry(call, retryable=_is_transport, policy=policy, cancel=self._context.cancel, on_retry=say)


def _is_transport(error: Exception) -> bool:
    if isinstance(error, ConnectError):
        return not error.permanent
    return isinstance(error, ConnectionLost | TransferError)
