"""The options that both ansible provisioners share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import Options, option
from imagesmith.provisioners.script_options import is_known

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext

_NOT_FOUND = 127
_HINTS = {
    2: "a task failed; its output says which and why",
    4: "ansible could not log in to the machine; its output says why",
    5: "an argument is wrong",
    250: "an error that ansible did not expect",
}


class AnsibleOptions(Options):
    """What goes to ansible-playbook and ansible-galaxy wherever they run."""

    extra_arguments: Sequence[str] = option(
        default=(),
        rendered="run",
        doc="Arguments for ansible-playbook. Variables (`-e`) that hold a secret, or have `password` or `secret` in "
        "their name, are passed in a file that nobody else can read.",
    )
    vault_password: str = option(
        default="",
        secret=True,
        doc="The password of vault files, which is passed on in a way that nobody else can read. For several use "
        "`--vault-id` in `extra_arguments`.",
    )
    galaxy_file: str = option(default="", doc="A file with roles and collections to install before.")
    galaxy_command: str = option(default="ansible-galaxy", doc="The program that installs them.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        yield from missing("galaxy_file", self.galaxy_file)

    @staticmethod
    def facts(context: ProvisionContext) -> str:
        """The variables that playbooks get from Packer, as JSON."""
        data = {"packer_build_name": context.build_name, "packer_builder_type": context.builder_type}
        return json.dumps(data, ensure_ascii=False)


def missing(name: str, path: str, *, folder: bool = False, folder_too: bool = False) -> Iterator[Diagnostic]:
    """Says that there is no such file (or folder), as far as that can be known before the run."""
    if not path or not is_known(path):
        return
    kind = "folder" if folder else "file or folder" if folder_too else "file"
    found = Path(path)
    there = found.is_dir() if folder else found.exists() if folder_too else found.is_file()
    if not there:
        yield Diagnostic(f'{name}: there is no {kind} "{path}"', hint=f"Paths are relative to {Path.cwd()}")


def check_playbook_status(name: str, status: int) -> None:
    """Raise `ProvisionError` unless ansible-playbook has succeeded."""
    if status:
        text = f"{name} ended with exit status {status}"
        raise ProvisionError(text, exit_status=status, hint=_HINTS.get(status, "ansible's output says why"))


def check_guest_status(name: str, status: int) -> None:
    """The same where the machine's shell has started it, which has statuses of its own."""
    if status == _NOT_FOUND:
        hint = "install ansible on the machine before, in a shell provisioner; this provisioner does not"
        raise ProvisionError(f"{name}: the machine has no such program", exit_status=status, hint=hint)
    check_playbook_status(name, status)
