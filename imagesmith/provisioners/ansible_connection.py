"""A private folder with everything that ansible needs to log in to the machine, and nothing of it anywhere else.

Its files are for their owner only: the private key, the password, the host key that was verified, the inventory,
variables that hold secrets. Ansible is told of them by environment variables, which hold only their names, so that
inventories and arguments of the template's own still count more. The folder goes when the run is over, and so do the
connections that OpenSSH keeps open for the next task.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagesmith.errors import ImagesmithError, ProvisionError
from imagesmith.provisioners.stream_relay import StreamRelay
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.ssh_access import SshAccess, SshReachable

_CONTROL = "c"
_PLAIN = re.compile(r"[\w./-]{1,64}", re.ASCII)
"""A Unix socket's name has 107 characters at most, to which OpenSSH adds 33; and it expands percent signs in names."""
_ENDING_S = 5.0


@dataclass
class PrivateFolder:
    """A folder for files that only their owner can read."""

    path: Path
    _count: int = field(default=0, repr=False)

    def write(self, text: str, name: str = "") -> str:
        """Write a file with mode 0600 and return its path; without a name it gets one of its own."""
        self._count += 1
        path = self.path / (name or f"file-{self._count}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(text.encode("utf-8", "surrogateescape"))
        return str(path)


@contextmanager
def private_folder() -> Iterator[PrivateFolder]:
    """A folder with mode 0700 that is removed in the end. Raises `ProvisionError` where there can be none."""
    with ExitStack() as stack:

        def make(place: str | None) -> str:
            made = tempfile.mkdtemp(prefix="imagesmith-ansible-", dir=place)
            stack.callback(shutil.rmtree, made, ignore_errors=True)
            return made

        try:
            path = make(None)
            path = path if _PLAIN.fullmatch(path) else make("/tmp")  # noqa: S108  # the name is a random one
        except OSError as error:
            raise ProvisionError(f"no temporary folder could be made: {error.strerror or error}") from error
        yield PrivateFolder(Path(path))


@contextmanager
def connection(
    remote: SshReachable, access: SshAccess, folder: PrivateFolder, say: Callable[[str], None]
) -> Iterator[dict[str, str]]:
    """The environment variables that lead ansible to the machine, for as long as this is open.

    A machine that can't be reached directly is reached through the build's own connection.
    """
    with ExitStack() as stack:
        arguments = {
            "UserKnownHostsFile": folder.write(access.known_hosts, "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
        }
        if access.certificate_file:
            arguments["CertificateFile"] = _one_word(str(Path(access.certificate_file).expanduser().absolute()))
        if not access.direct:
            relay = StreamRelay(folder.path / "way", remote.open_stream, say)
            arguments["ProxyCommand"] = stack.enter_context(relay).proxy_command
        variables = {
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_SSH_COMMON_ARGS": " ".join(f"-o {name}={shlex.quote(value)}" for name, value in arguments.items()),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder.path / _CONTROL),
        }
        if access.private_key:
            variables["ANSIBLE_PRIVATE_KEY_FILE"] = folder.write(access.private_key, "key")
        if access.password:
            variables["ANSIBLE_CONNECTION_PASSWORD_FILE"] = folder.write(access.password, "password")
        stack.callback(_end_kept_connections, folder.path / _CONTROL)
        yield variables


def merged(ours: Mapping[str, str], given: Sequence[str], say: Callable[[str], None]) -> dict[str, str]:
    """Our variables and those of the template, ``NAME=value`` each, which count more; host keys are checked anyway."""
    variables = dict(ours)
    for name, _, value in (entry.partition("=") for entry in given):
        if name == "ANSIBLE_HOST_KEY_CHECKING":
            say("ANSIBLE_HOST_KEY_CHECKING is not needed: the machine's host key is known")
        elif name == "ANSIBLE_SSH_COMMON_ARGS":
            variables[name] = f"{ours[name]} {value}"
        else:
            variables[name] = value
    return variables


def _one_word(path: str) -> str:
    """A path as OpenSSH's options take it: they are split at blanks, and percent signs have a meaning."""
    path = path.replace("%", "%%")
    return f'"{path}"' if " " in path else path


def _end_kept_connections(folder: Path) -> None:
    """End OpenSSH's background processes (ControlPersist), which hold the key, before the machine is turned off."""
    from imagesmith.provisioners.local_command import run_local

    for path in folder.glob("*") if folder.is_dir() else ():
        command = [
            "ssh",
            "-F",
            "/dev/null",
            "-o",
            f"ControlPath={path}",
            "-O",
            "exit",
            "machine",
        ]
        with contextlib.suppress(ImagesmithError), time_limit(_ENDING_S, "ssh does not end") as cancel:
            run_local(command, environ=os.environ, output=lambda _stream, _line: None, cancel=cancel)
