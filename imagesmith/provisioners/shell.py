"""The ``shell`` provisioner: scripts run on the machine, as Packer's plugin of that name runs them.

**Where secrets travel.** Packer puts the variables on the remote command line, where every user of the machine can read
them in ``/proc/*/cmdline`` while the script runs. Here, when the template gives variables and leaves
``execute_command`` alone, and whenever a command holds a value that is known to be secret, the very same command text
is uploaded as a file with mode 0600 whose first line removes it, and that file is sourced: the remote shell evaluates
what it would have evaluated anyway, the script sees the same environment, and no argument list shows a value. The
file exists for a moment only, too short to be written to the disk that the image is made from. A file is used rather
than standard input because with ``ssh_pty`` the input would be echoed and the script would be left with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import POSIX_SHELL
from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import Duration, option
from imagesmith.provisioners.remote_script import RemoteScript
from imagesmith.provisioners.script_options import ScriptOptions, read_script
from imagesmith.provisioners.script_run import Script

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote


class Shell(ScriptOptions):
    """Run scripts on the machine.

    Each script is uploaded with its mode, run, and removed: also when it fails or the build is cancelled.
    """

    communicators: ClassVar[frozenset[str]] = POSIX_SHELL
    obeys_inline_shebang: ClassVar[bool] = True

    binary: bool = option(default=False, doc="Upload scripts as they are, without turning CRLF line ends into LF.")
    execute_command: str = option(
        default="",
        rendered="run",
        doc="The command that runs a script, with `{{.Path}}`, `{{.Vars}}`, `{{.EnvVarFile}}` and the build variables; "
        "by default `chmod +x {{.Path}}; {{.Vars}} {{.Path}}`, "
        "with `use_env_var_file` `chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}`.",
    )
    use_env_var_file: bool = option(
        default=False, doc="Upload the variables as a file with mode 0600 that `execute_command` sources."
    )
    remote_folder: str = option(default="", doc="The folder on the machine for scripts, by default `/tmp`.")
    remote_file: str = option(
        default="", doc="The script's name on the machine, by default `script_` and a random part."
    )
    remote_path: str = option(default="", doc="The script's whole path on the machine, instead of folder and name.")
    expect_disconnect: bool = option(
        default=False, doc="A script that cuts the connection (a reboot) has succeeded; the next command reconnects."
    )
    start_retry_timeout: Duration = option(
        default=300.0,
        doc="How long to try again when a script can't be uploaded or started, or removed after a reboot. "
        "A script that fails is not run again.",
    )
    skip_clean: bool = option(default=False, doc="Leave the scripts on the machine.")
    pause_after: Duration = option(default=0.0, doc="How long to wait after the last script.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        for name in ("start_retry_timeout", "pause_after"):
            if getattr(self, name) < 0:
                yield Diagnostic(f"{name} can't be negative")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Run the scripts in order.

        Raises `ProvisionError` with the exit status of the first script that fails, what the connection raises once
        ``start_retry_timeout`` is over, and what the cancel token says.
        """
        if remote is None:
            raise ProvisionError(
                'the shell provisioner needs a machine to run on, but there is no way into it (communicator = "none")',
                hint="use shell-local, or a communicator",
            )
        for script in self._scripts(context):
            context.say(f"Provisioning with {script.name}")
            RemoteScript(self, script, remote, context).run()
        if self.pause_after:
            context.say(f"Pausing {self.pause_after:g} s after this provisioner")
            context.cancel.sleep(self.pause_after)

    def _scripts(self, context: ProvisionContext) -> Iterator[Script]:
        if self.inline:
            text = self.inline_text(self.inline, lambda line: context.render(line, context.generated))
            yield Script("the inline shell script", self._line_ends(text.encode("utf-8", "surrogateescape")))
        for path in self.script_files():
            yield Script(f"the shell script {path}", self._line_ends(read_script(path)))

    def _line_ends(self, content: bytes) -> bytes:
        return content if self.binary else content.replace(b"\r\n", b"\n")
