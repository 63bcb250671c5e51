"""One shell script on a POSIX machine: how it is uploaded, run and removed there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imagesmith import redact
from imagesmith.errors import ConnectError, ConnectionLost, ProvisionError, TransferError
from imagesmith.provisioners import environment
from imagesmith.provisioners.script_run import Rules, Script, ScriptRun
from imagesmith.waiting import CancelToken

if TYPE_CHECKING:
    from imagesmith.interfaces import CommandResult, ProvisionContext, Remote
    from imagesmith.provisioners.shell import Shell

PLAIN_COMMAND = "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"
FILE_COMMAND = "chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}"


class RemoteScript(ScriptRun):
    """Runs one script on a machine; ``options`` says how. Its remote names can't be guessed."""

    def __init__(self, options: Shell, script: Script, remote: Remote, context: ProvisionContext) -> None:
        rules = Rules(
            valid_exit_codes=options.valid_exit_codes,
            start_retry_timeout=options.start_retry_timeout,
            skip_clean=options.skip_clean,
            expect_disconnect=options.expect_disconnect,
        )
        super().__init__(rules, script, remote, context)
        self._options = options
        unique = os.urandom(8).hex()
        self._folder = options.remote_folder or "/tmp"  # noqa: S108  # the guest's; Packer's default
        name = options.remote_file or f"script_{unique}.sh"
        self._path = options.remote_path or f"{self._folder}/{name}"
        self._variables_path = f"{self._folder}/varfile_{unique}.sh"
        self._command_path = f"{self._folder}/command_{unique}.sh"

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

    def _upload(self, content: bytes, path: str, mode: int | None) -> None:
        try:
            super()._upload(content, path, mode)
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

    def _remove(self, cancel: CancelToken) -> None:
        paths = " ".join(self._uploaded)
        result = self._remote.run(f"rm -f {paths}", cancel=cancel)
        if result.exit_status is None:
            raise ConnectionLost(f"the connection broke while {paths} was removed")
        if result.exit_status != 0:
            hint = "set skip_clean = true if it is to stay"
            raise ProvisionError(f"{paths} could not be removed from the machine: {result.stderr.strip()}", hint=hint)
