"""The ``ansible`` provisioner: ansible-playbook runs here and logs in to the machine.

Packer's plugin of that name puts an SSH server of its own between ansible and the machine. Here there is none: ansible
gets the machine's real address, user and key, and the host key that the build has verified. Behind bastions and
proxies it takes the way of the build's own connection (see `imagesmith.provisioners.stream_relay`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imagesmith import redact
from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import option
from imagesmith.provisioners.ansible_arguments import hide_secrets, is_secret_name
from imagesmith.provisioners.ansible_connection import PrivateFolder, connection, merged, private_folder
from imagesmith.provisioners.ansible_galaxy import install_commands
from imagesmith.provisioners.ansible_options import AnsibleOptions, check_playbook_status, missing
from imagesmith.ssh_access import SshAccess, SshReachable

if TYPE_CHECKING:
    from imagesmith.interfaces import OutputSink, ProvisionContext, Remote

_INVENTORY_LINE = "{{ .HostAlias }} ansible_host={{ .Host }} ansible_user={{ .User }} ansible_port={{ .Port }}\n"
_NO_PROXY = "There is no SSH server between ansible and the machine"


class Ansible(AnsibleOptions):
    """Run a playbook from here on the machine, over SSH."""

    communicators: ClassVar[frozenset[str]] = frozenset({"ssh"})

    playbook_file: str = option(doc="The playbook.")
    command: str = option(default="ansible-playbook", doc="The program that runs playbooks, without arguments.")
    ansible_env_vars: Sequence[str] = option(
        default=(), rendered="run", doc="Variables for ansible's environment, each as `NAME=value`."
    )
    ansible_ssh_extra_args: Sequence[str] = option(
        default=(), rendered="run", doc="Arguments for ssh; by default `-o IdentitiesOnly=yes` where there is a key."
    )
    host_alias: str = option(default="default", doc="The machine's name in the inventory.")
    groups: Sequence[str] = option(default=(), doc="The groups that the machine is put into.")
    empty_groups: Sequence[str] = option(default=(), doc="Groups that are in the inventory without any machine.")
    user: str = option(default="", doc="The user to log in as; by default the one that the build logs in as.")
    inventory_file: str = option(default="", doc="An inventory of your own, in place of the one that is made.")
    inventory_file_template: str = option(
        default="",
        rendered="run",
        doc="The machine's line in the inventory, with `{{.HostAlias}}`, `{{.Host}}`, `{{.User}}`, `{{.Port}}` and the "
        f"build variables; by default `{_INVENTORY_LINE.strip()}`.",
    )
    inventory_directory: str = option(
        default="", doc="A folder to put the inventory into for a while, so that its group_vars and host_vars are used."
    )
    keep_inventory_file: bool = option(default=False, doc="Leave the inventory that is made where it is.")
    galaxy_force_install: bool = option(default=False, doc="Install roles and collections again that are there.")
    galaxy_force_with_deps: bool = option(default=False, doc="The same for everything that they need.")
    roles_path: str = option(default="", aliases=("galaxy_roles_path",), doc="Where roles are installed to.")
    collections_path: str = option(
        default="", aliases=("galaxy_collections_path",), doc="Where collections are installed to."
    )
    skip_version_check: bool = option(default=False, doc="Don't run the command with --version first.")
    use_proxy: bool = option(default=False, doc="Packer's SSH server.", no_effect=_NO_PROXY)
    local_port: int = option(default=0, doc="Its port.", no_effect=_NO_PROXY)
    ssh_host_key_file: str = option(default="", doc="Its host key.", no_effect=_NO_PROXY)
    ssh_authorized_key_file: str = option(default="", doc="The key that it lets in.", no_effect=_NO_PROXY)
    ansible_proxy_key_type: str = option(default="", doc="The kind of its host key.", no_effect=_NO_PROXY)
    sftp_command: str = option(default="", doc="The SFTP server that it starts.", no_effect=_NO_PROXY)
    use_sftp: bool = option(default=False, doc="Whether it offers SFTP.", no_effect=_NO_PROXY)
    ansible_winrm_use_http: bool = option(
        default=False, doc="HTTP in place of HTTPS.", no_effect="This runs ansible over SSH only"
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        yield from missing("playbook_file", self.playbook_file)
        yield from missing("inventory_file", self.inventory_file, folder_too=True)
        yield from missing("inventory_directory", self.inventory_directory, folder=True)
        for entry in self.ansible_env_vars:
            if not entry.partition("=")[0] or "=" not in entry:
                yield Diagnostic("ansible_env_vars: an entry is not of the form NAME=value")
        if self.inventory_file and (self.groups or self.empty_groups or self.inventory_file_template):
            yield Diagnostic(
                "groups, empty_groups and inventory_file_template are for the inventory that is made",
                hint="Leave them out, or leave inventory_file out",
            )

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Run the playbook.

        Raises `ProvisionError` when ansible can't be started or fails, and what the cancel token says.
        """
        if remote is None or not isinstance(remote, SshReachable):
            raise ProvisionError(
                "the ansible provisioner logs in by SSH, and the way into the machine is another",
                hint='use communicator = "ssh", or ansible-local',
            )
        access = remote.ssh_access()
        with ExitStack() as stack:
            folder = stack.enter_context(private_folder())
            ours = stack.enter_context(connection(remote, access, folder, context.say))
            environ = self._environ(ours, access, context)
            run = _Runner(environ, context)
            if not self.skip_version_check:
                run.version(self.command)
            self._install(run)
            inventory = self._inventory(folder, access, context, stack)
            run.playbook(self._arguments(folder, inventory, context), f"the playbook {self.playbook_file}")

    def _environ(self, ours: Mapping[str, str], access: SshAccess, context: ProvisionContext) -> dict[str, str]:
        def render(text: str) -> str:
            return context.render(text, context.generated)

        given = [render(entry) for entry in self.ansible_env_vars]
        redact.register(*(entry.partition("=")[2] for entry in given if is_secret_name(entry.partition("=")[0])))
        default = ["-o IdentitiesOnly=yes"] if access.private_key and not access.uses_agent else []
        ssh = " ".join(map(render, self.ansible_ssh_extra_args or default))
        more = {"ANSIBLE_SSH_EXTRA_ARGS": ssh} if ssh else {}
        usual = {"PYTHONUNBUFFERED": "1", **ours, **more}
        return {**os.environ, **context.environment, **merged(usual, given, context.say)}

    def _install(self, run: _Runner) -> None:
        if not self.galaxy_file:
            return
        force = ["--force"] * self.galaxy_force_install + ["--force-with-deps"] * self.galaxy_force_with_deps
        commands = install_commands(
            [self.galaxy_command],
            self.galaxy_file,
            self.galaxy_file,
            roles_path=self.roles_path,
            collections_path=self.collections_path,
            force=force,
        )
        for command in commands:
            run.command(command, f"the installation of what {self.galaxy_file} asks for")

    def _inventory(self, folder: PrivateFolder, access: SshAccess, context: ProvisionContext, stack: ExitStack) -> str:
        if self.inventory_file:
            return self.inventory_file
        user = self.user or access.username
        if user != access.username:
            context.say(f"ansible logs in as {user}, with the key and the password of {access.username}")
        facts = {"HostAlias": self.host_alias, "Host": access.host, "User": user, "Port": str(access.port)}
        line = context.render(self.inventory_file_template or _INVENTORY_LINE, {**context.generated, **facts})
        line = line if line.endswith("\n") else f"{line}\n"
        text = line + "".join(f"[{group}]\n{line}" for group in self.groups)
        text += "".join(f"[{group}]\n" for group in self.empty_groups)
        if not self.keep_inventory_file and not self.inventory_directory:
            return folder.write(text, "inventory")
        return self._visible_inventory(text, context.say, stack)

    def _visible_inventory(self, text: str, say: Callable[[str], None], stack: ExitStack) -> str:
        """An inventory outside of the private folder; there is no secret in it, unless the template puts one there."""
        import tempfile

        try:
            descriptor, path = tempfile.mkstemp(prefix="imagesmith-inventory-", dir=self.inventory_directory or None)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ProvisionError(f"the inventory could not be written: {error.strerror or error}") from error
        if self.keep_inventory_file:
            say(f"The inventory stays in {path}")
        else:
            stack.callback(Path(path).unlink, missing_ok=True)
        return path

    def _arguments(self, folder: PrivateFolder, inventory: str, context: ProvisionContext) -> list[str]:
        facts = self.facts(context)
        given = [context.render(argument, context.generated) for argument in self.extra_arguments]
        arguments = [self.command, "-e", f"@{folder.write(facts, 'facts.json')}"]
        if self.vault_password:
            arguments.append(f"--vault-password-file={folder.write(self.vault_password, 'vault')}")
        arguments += hide_secrets(given, folder.write)
        return [*arguments, "-i", inventory, os.path.abspath(self.playbook_file)]  # noqa: PTH100


class _Runner:
    """Runs ansible's programs here, one after the other."""

    def __init__(self, environ: Mapping[str, str], context: ProvisionContext) -> None:
        self._environ, self._context = environ, context

    def version(self, command: str) -> None:
        """Raise `ProvisionError` unless the program is there and tells its version."""
        lines: list[str] = []
        status = self._run([command, "--version"], lambda _stream, line: lines.append(line))
        if status:
            text = f'"{command} --version" ended with exit status {status}: {" ".join(lines)[:500]}'
            raise ProvisionError(text, exit_status=status, hint="is it ansible-playbook? skip_version_check = true")
        self._context.say(f"Using {lines[0] if lines else command}")

    def command(self, arguments: Sequence[str], name: str) -> None:
        """Run to the end; raises `ProvisionError` unless it succeeds."""
        from imagesmith.provisioners.outcome import check_exit_status

        self._context.say(f"Running {' '.join(arguments)}")
        check_exit_status(name, self._run(arguments, self._context.output), (0,))

    def playbook(self, arguments: Sequence[str], name: str) -> None:
        """The same for a playbook, whose exit statuses are ansible's."""
        self._context.say(f"Running {' '.join(arguments)}")
        check_playbook_status(name, self._run(arguments, self._context.output))

    def _run(self, arguments: Sequence[str], output: OutputSink) -> int:
        from imagesmith.provisioners.local_command import run_local

        try:
            return run_local(arguments, environ=self._environ, output=output, cancel=self._context.cancel)
        except ProvisionError as error:
            hint = "install ansible (pip install ansible-core), or give the program's path as command"
            raise ProvisionError(error.message, hint=error.hint or hint) from error
