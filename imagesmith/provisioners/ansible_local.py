"""The ``ansible-local`` provisioner: a playbook is uploaded, and the machine's own ansible runs it there.

**Where secrets travel.** The vault password and variables that hold secrets go into files that nobody else can read, in
a folder that is kept in memory where the machine has one (``/dev/shm``), and that is removed in the end: they are on
no command line and not on the disk that the image is made from.
"""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import option
from imagesmith.provisioners.ansible_arguments import hide_secrets
from imagesmith.provisioners.ansible_galaxy import install_commands
from imagesmith.provisioners.ansible_options import AnsibleOptions, check_guest_status, missing
from imagesmith.provisioners.guest_folder import GuestFolder, guest_folder, run_in_guest

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

_STAGING = "/tmp/packer-provisioner-ansible-local"  # noqa: S108  # the guest's; Packer's default
_EXPANDED = set("$`*?~;&|<>(){}")


class AnsibleLocal(AnsibleOptions):
    """Upload a playbook and what belongs to it, and run it with the ansible that the machine has."""

    communicators: ClassVar[frozenset[str]] = frozenset({"ssh", "cloud-assistant"})

    playbook_file: str = option(default="", doc="The playbook.")
    playbook_files: Sequence[str] = option(default=(), doc="Several playbooks, run in this order.")
    playbook_dir: str = option(default="", doc="A folder that is uploaded first; playbooks in it are run from there.")
    playbook_paths: Sequence[str] = option(default=(), doc="Folders that are uploaded to `playbooks`.")
    role_paths: Sequence[str] = option(default=(), doc="Roles, uploaded to `roles`.")
    collection_paths: Sequence[str] = option(default=(), doc="Collections, uploaded to `collections`.")
    group_vars: str = option(default="", doc="A folder that is uploaded as `group_vars`.")
    host_vars: str = option(default="", doc="A folder that is uploaded as `host_vars`.")
    command: str = option(
        default="PYTHONUNBUFFERED=1 ansible-playbook", doc="What runs a playbook on the machine, for a shell."
    )
    staging_directory: str = option(
        default="", doc=f"The folder on the machine for all of it, by default `{_STAGING}/` and a random name."
    )
    clean_staging_directory: bool = option(default=False, doc="Remove that folder in the end.")
    inventory_file: str = option(default="", doc="An inventory; by default one with `127.0.0.1` is made.")
    inventory_groups: Sequence[str] = option(default=(), doc="The groups of `127.0.0.1` in the inventory that is made.")
    galaxy_roles_path: str = option(default="", doc="Where roles are installed to, by default `roles`.")
    galaxy_collections_path: str = option(
        default="", doc="Where collections are installed to, by default `collections`."
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if bool(self.playbook_file) == bool(self.playbook_files):
            what = "are given" if self.playbook_file else "are missing"
            yield Diagnostic(f"playbook_file and playbook_files {what}", hint="Give exactly one of them")
        for file in (self.playbook_file, *self.playbook_files):
            in_folder = self.playbook_dir and file != self.playbook_file and (Path(self.playbook_dir) / file).is_file()
            yield from missing("playbook_file", "" if in_folder else file)
        yield from missing("inventory_file", self.inventory_file)
        for name in ("playbook_dir", "group_vars", "host_vars"):
            yield from missing(name, getattr(self, name), folder=True)
        for name in ("playbook_paths", "role_paths", "collection_paths"):
            for path in getattr(self, name):
                yield from missing(name, path, folder=True)

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Upload and run.

        Raises `ProvisionError` when the machine has no ansible or a playbook fails, what the connection raises, and
        what the cancel token says.
        """
        if remote is None:
            raise ProvisionError(
                'the ansible-local provisioner needs a machine, but there is no way into it (communicator = "none")',
                hint="use a communicator",
            )
        stage = self.staging_directory or f"{_STAGING}/{os.urandom(8).hex()}"
        with guest_folder(remote, context, stage, remove=self.clean_staging_directory):
            upload = _Upload(remote, context, stage)
            self._upload_folders(upload)
            playbooks = [self._upload_playbook(upload, file) for file in self.playbook_files or [self.playbook_file]]
            inventory = self._upload_inventory(upload)
            self._install(upload, stage)
            with GuestFolder(remote, context) as private:
                arguments = self._arguments(private, context)
                for playbook in playbooks:
                    words = (shlex.quote(playbook), arguments, "-c local -i", shlex.quote(inventory))
                    self._play(upload, private, " ".join(word for word in (self.command, *words) if word), playbook)

    def _upload_folders(self, upload: _Upload) -> None:
        upload.tree(self.playbook_dir, "")
        upload.tree(self.group_vars, "group_vars")
        upload.tree(self.host_vars, "host_vars")
        for below, paths in (
            ("roles", self.role_paths),
            ("collections", self.collection_paths),
            ("playbooks", self.playbook_paths),
        ):
            for path in paths:
                upload.tree(path, posixpath.join(below, Path(path).absolute().name))

    def _upload_playbook(self, upload: _Upload, file: str) -> str:
        """The playbook's path on the machine: as Packer has it, several may have the same name."""
        if file == self.playbook_file:
            return upload.file(file, Path(file).name)
        if self.playbook_dir and (Path(self.playbook_dir) / file).is_file():
            return upload.path(file)
        folder = Path(self.playbook_dir).absolute()
        if self.playbook_dir and Path(file).absolute().is_relative_to(folder):
            return upload.path(str(Path(file).absolute().relative_to(folder)))
        return upload.file(file, str(Path(file).absolute())[1:])

    def _upload_inventory(self, upload: _Upload) -> str:
        if self.inventory_file:
            return upload.file(self.inventory_file, Path(self.inventory_file).name)
        text = "".join(f"[{group}]\n127.0.0.1\n" for group in self.inventory_groups) or "127.0.0.1\n"
        return upload.text(text, f"imagesmith-inventory-{os.urandom(4).hex()}")

    def _install(self, upload: _Upload, stage: str) -> None:
        if not self.galaxy_file:
            return
        commands = install_commands(
            [],
            self.galaxy_file,
            upload.file(self.galaxy_file, Path(self.galaxy_file).name),
            roles_path=self.galaxy_roles_path or posixpath.join(stage, "roles"),
            collections_path=self.galaxy_collections_path or posixpath.join(stage, "collections"),
            force=(),
        )
        for command in commands:
            line = f"{self.galaxy_command} {shlex.join(command)}"
            check_guest_status(f"the installation of what {self.galaxy_file} asks for", upload.run(line))

    def _arguments(self, private: GuestFolder, context: ProvisionContext) -> str:
        """The arguments as shell text: extra ones are for the machine's shell to read, as with Packer."""
        given = " ".join(context.render(argument, context.generated) for argument in self.extra_arguments)
        arguments = [f"-e {shlex.quote(self.facts(context))}"]
        if self.vault_password:
            arguments.append(f"--vault-password-file={private.write(self.vault_password)}")
        return " ".join([*arguments, _discreet(given, private.write)])

    def _play(self, upload: _Upload, private: GuestFolder, command: str, playbook: str) -> None:
        name = f"the playbook {playbook}"
        check_guest_status(name, upload.run(private.discreet(command), shown=command))


def _discreet(text: str, write: Callable[[str], str]) -> str:
    """Shell text whose words show no secret; it stays as it is where it has none."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ProvisionError("a quote in extra_arguments is never closed", hint="check extra_arguments") from error
    hidden = hide_secrets(words, write)
    if hidden == words:
        return text
    if _EXPANDED & set(text):
        hint = "write them as -e NAME=value in single words, without characters that a shell reads, or use -e @FILE"
        raise ProvisionError("extra_arguments hold secrets together with what a shell expands", hint=hint)
    return shlex.join(hidden)


class _Upload:
    """Puts things into the staging folder, and runs commands in it."""

    def __init__(self, remote: Remote, context: ProvisionContext, stage: str) -> None:
        self._remote, self._context, self._stage = remote, context, stage

    def path(self, name: str) -> str:
        """The path of something in the folder."""
        return posixpath.join(self._stage, name)

    def tree(self, source: str, name: str) -> None:
        """Upload what is in a folder; nothing for ""."""
        if not source:
            return
        self._context.say(f"Uploading {source} => {self.path(name)}")
        self._make(self.path(name))
        self._remote.upload_tree(Path(source), self.path(name), contents_only=True)

    def file(self, source: str, name: str) -> str:
        """Upload a file; returns its path on the machine."""
        self._context.say(f"Uploading {source} => {self.path(name)}")
        self._make(posixpath.dirname(self.path(name)))
        try:
            self._remote.upload(Path(source), self.path(name))
        except OSError as error:
            raise ProvisionError(f'"{source}" could not be uploaded: {error.strerror or error}') from error
        return self.path(name)

    def text(self, text: str, name: str) -> str:
        """Upload a text; returns its path on the machine."""
        self._remote.upload(text.encode(), self.path(name))
        return self.path(name)

    def run(self, command: str, *, shown: str = "") -> int:
        """Run in the folder; returns the exit status."""
        self._context.say(f"Running {shown or command}")
        line = f"cd {shlex.quote(self._stage)} && {command}"
        result = self._remote.run(line, output=self._context.output, cancel=self._context.cancel)
        self._context.cancel.check()
        if result.exit_status is None:
            raise ProvisionError("the connection broke while ansible was running", hint="reboot in a step of its own")
        return result.exit_status

    def _make(self, folder: str) -> None:
        run_in_guest(self._remote, self._context, f"mkdir -p {shlex.quote(folder)}")
