"""A machine to log in to, and a program in ansible's place that notes its arguments, environment and files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login
from imagesmith.options import Options, complete
from imagesmith.waiting import CancelToken
from imagesmith_ssh import connect
from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import USER, Sshd, make_key
from tests.provisioners.local_remote import Scene

PROGRAMS = Path(sys.executable).parent

_RECORDER = """#!{python}
import json, os, stat, sys
if sys.argv[1:] == ["--version"]:
    print("ansible-playbook [core 9.9.9]")
    sys.exit(int(os.environ.get("VERSION_STATUS", "0")))
def walk(folder):
    for root, _, names in os.walk(folder):
        yield from (os.path.join(root, name) for name in names)
names = [name for name in os.environ.get("NOTE_FILES", "").split(":") if name]
words = " ".join([*sys.argv, *os.environ.values()]).replace("=", " ").replace("@", " ").split()
folders = {{os.path.dirname(word) for word in words if "/imagesmith-" in word}}
files = {{word for word in words if os.path.isfile(word)}} | {{name for folder in folders for name in walk(folder)}}
note = {{"argv": sys.argv[1:], "environ": dict(os.environ), "cwd": os.getcwd(), "files": {{}}, "modes": {{}}}}
for name in files:
    if os.path.isfile(name) and os.path.getsize(name) < 20000 and "/bin/" not in name:
        note["files"][name] = open(name, "rb").read().decode("utf-8", "replace")
        note["modes"][name] = stat.S_IMODE(os.stat(name).st_mode)
with open({log!r}, "a") as log:
    log.write(json.dumps(note) + chr(10))
sys.exit(int(os.environ.get("STATUS", "0")))
"""


@dataclass
class Note:
    """One call of the program."""

    argv: list[str]
    environ: dict[str, str]
    cwd: str
    files: dict[str, str]
    modes: dict[str, int]

    def file(self, end: str) -> str:
        """The text of the file whose name ends so."""
        (found,) = [text for name, text in self.files.items() if name.endswith(end)]
        return found

    @property
    def inventory(self) -> str:
        return self.files[self.argv[self.argv.index("-i") + 1]]


class Recorder:
    """The program; it fails with ``$STATUS``."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "calls"
        self.path = folder / "record"
        self.path.write_text(_RECORDER.format(python=sys.executable, log=str(self.log)))
        self.path.chmod(0o755)

    def notes(self) -> list[Note]:
        """The calls since the last time."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [Note(**json.loads(line)) for line in lines]


class Guest:
    """An SSH server and connections to it."""

    def __init__(self, folder: Path, make: Callable[[Path], Sshd] = Sshd) -> None:
        self.key = make_key(folder / "key")
        self.sshd = make(folder / "sshd")
        self.sshd.authorized.write_text((folder / "key.pub").read_text())
        self.sshd.start()

    def connect(self, cancel: CancelToken | None = None, **options: Any) -> SshRemote:
        login = Login(USER, private_key=self.key.read_text())
        chosen = CommunicatorOptions(ssh_username=USER, ssh_timeout=20.0, **options)
        remote = connect(
            Address("127.0.0.1", self.sshd.port),
            login,
            chosen,
            cancel=cancel or CancelToken(),
            say=lambda _text: None,
            console=str,
        )
        assert isinstance(remote, SshRemote)
        return remote


def run(provisioner: Options, remote: SshRemote, scene: Scene) -> None:
    """Run with the options checked."""
    complete(provisioner).run(remote, scene.provision)  # type: ignore[attr-defined]
