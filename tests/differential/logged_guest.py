"""A guest whose sshd writes down every command, and one template run against it by packer and by imagesmith."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.communicators.ssh.openssh import USER, Sshd, make_key

PROGRAMS = {"packer": ["packer", "build", "-color=false"], "imagesmith": [sys.executable, "-m", "imagesmith", "build"]}
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
MODES = {
    "s.sh": 0o644,
    "own name": 0o640,
    "tree/deep/a": 0o600,
    "tree/deep": 0o750,
    "tree/open": 0o666,
    "tree/special": 0o4755,
}

# Runs what sshd would have run. A file of commands is written down too, because it removes itself.
_WRAPPER = r"""#!/bin/sh
umask 022
command=$SSH_ORIGINAL_COMMAND
unset SSH_ORIGINAL_COMMAND
{
  printf '%s\0' "$command"
  case $command in '. '*/command_*.sh) printf 'sourced: %s\0' "$(cat "${command#. }")" ;; esac
} >> "$1"
[ "$command" != internal-sftp ] || exec SFTP
exec "$SHELL" -c "$command"
"""
_ON_THE_GUEST = re.compile(r"/tmp/((?:script|varfile|command)_)\w+(\.sh)")
_RESULT = re.compile(r"^Build '(?:null\.)?([\w-]+)' (finished|errored) after", re.MULTILINE)
_VARIES = ("SSH_CLIENT=", "SSH_CONNECTION=", "_=", "XDG_SESSION_ID=", "SHLVL=")

File = tuple[int, tuple[str, ...]]


@dataclass(frozen=True)
class Case:
    """The provisioners of one build, and what makes its run differ from Packer's.

    In the provisioners MACHINE is a folder on the machine and GOT one for downloads; NAME is the build's name, EVERY
    the names of all builds. A script may write its process id into MACHINE/pid: does it still run after the build?
    ``differs`` names entries of the table of differences beside those that every run shows. ``fails`` puts the case
    into the template whose run fails.
    """

    steps: Sequence[Mapping[str, Any]]
    differs: tuple[str, ...] = ()
    fails: bool = False
    builder: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What one build has done; the random parts of names are left out of ``files`` and ``left``.

    ``files`` are those on the machine and those downloaded, ``left`` those that are left in /tmp, ``running`` is
    whether the case's script still ran when the program had ended.
    """

    succeeded: bool
    files: Mapping[str, File]
    commands: tuple[str, ...]
    left: tuple[str, ...]
    running: bool


@dataclass(frozen=True)
class Run:
    """One run of a program: its exit status, what it has said, and the outcome of each case."""

    status: int
    said: str
    outcomes: Mapping[str, Outcome]


def play(cases: Mapping[str, Case], place: Path) -> tuple[Run, Run]:
    """One template with a build for each case through packer, then the same file through imagesmith."""
    with _guest(place / "guest", cases) as server:
        work = place / "work"
        _fill(work)
        (work / "t.json").write_text(json.dumps(_template(cases, server, work)))
        return _run("packer", cases, work, server), _run("imagesmith", cases, work, server)


@contextmanager
def _guest(folder: Path, names: Iterable[str]) -> Iterator[Sshd]:
    """An sshd that takes a key for each name and logs what comes with it into a file of that name."""
    folder.mkdir(parents=True)
    wrapper = folder / "wrapper"
    sftp = next((path for path in SFTP_SERVERS if Path(path).exists()), "/bin/false")
    wrapper.write_text(_WRAPPER.replace("SFTP", sftp))
    wrapper.chmod(0o755)
    server = Sshd(folder)
    for name in names:
        public = make_key(folder / f"{name}.key").with_suffix(".key.pub").read_text()
        with server.authorized.open("a") as authorized:
            authorized.write(f'command="{wrapper} {folder}/{name}.log" {public}')
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _fill(work: Path) -> None:
    """The folder that both programs run in, with what provisioners upload."""
    (work / "tree" / "deep").mkdir(parents=True)
    (work / "s.sh").write_bytes(b"#!/bin/sh\r\necho script $A $(stat -c %a $0)\r\n")
    (work / "second.sh").write_text("#!/bin/sh\necho second $A\n")
    for name in ("own name", "tree/deep/a", "tree/open", "tree/special"):
        (work / name).write_text(name)
    (work / "tree" / "link").symlink_to("deep/a")
    (work / "tree" / "folder").symlink_to("deep")
    for name, mode in MODES.items():
        (work / name).chmod(mode)


def _template(cases: Mapping[str, Case], server: Sshd, work: Path) -> Mapping[str, object]:
    """Every step is ``only`` for its case, unless it says something else."""
    builders, steps = [], []
    for name, case in cases.items():
        reached = {"ssh_host": "127.0.0.1", "ssh_port": server.port, "ssh_username": USER}
        key = str(server.folder / f"{name}.key")
        builders.append({"type": "null", "name": name, **reached, "ssh_private_key_file": key, **case.builder})
        for step in case.steps:
            text = json.dumps(step if "except" in step else {"only": ["NAME"], **step})
            text = text.replace("MACHINE", f"{work}/machine/{name}").replace("GOT", f"got/{name}")
            steps.append(json.loads(text.replace("NAME", name).replace('"EVERY"', json.dumps(list(cases))[1:-1])))
    return {"builders": builders, "provisioners": steps}


def _run(program: str, cases: Collection[str], work: Path, server: Sshd) -> Run:
    for name in cases:
        for folder in ("machine", "got"):
            (work / folder / name).mkdir(parents=True)
        (server.folder / f"{name}.log").write_text("")
    command = [*PROGRAMS[program], "t.json"]
    environ = _environ(work)
    done = subprocess.run(command, cwd=work, env=environ, check=False, capture_output=True, text=True, umask=0o022)
    results = dict(_RESULT.findall(done.stdout))
    assert set(results) == set(cases), done.stdout + done.stderr
    outcomes = {name: _outcome(name, results[name], work, server.folder / f"{name}.log") for name in cases}
    for folder in ("machine", "got"):
        shutil.rmtree(work / folder)
    return Run(done.returncode, done.stdout + done.stderr, outcomes)


def _outcome(name: str, result: str, work: Path, log: Path) -> Outcome:
    text = log.read_text()
    running = _end(work / "machine" / name / "pid")
    return Outcome(
        succeeded=result == "finished",
        files=dict(_inventory(work, name)),
        commands=tuple(text.split("\0")[:-1]),
        left=_take_away(text),
        running=running,
    )


def _environ(work: Path) -> dict[str, str]:
    """Without an agent, which packer would forward, and without what a developer has set for either program."""
    ours = ("IMAGESMITH_", "PACKER_", "PKR_VAR_", "SSH_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**environ, "IMAGESMITH_STATE_DIR": str(work.parent / "state")}


def _end(pid_file: Path) -> bool:
    """Whether the script of that process id is running still; it is not, afterwards."""
    if not pid_file.exists():
        return False
    pid = int(pid_file.read_text())
    pid_file.unlink()
    try:
        # It may have ended without anybody having asked for its exit status.
        running = "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return running


def _inventory(work: Path, name: str) -> Iterator[tuple[str, File]]:
    """Every file with its mode and its text, without what differs from one connection to the next."""
    folders = [work / "machine" / name, work / "got" / name]
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        text = path.read_text("utf-8") if path.is_file() else ""
        entries = text.split("\0" if path.name.startswith("env") else "\n")
        kept = tuple(anonymous(entry) for entry in entries if not entry.startswith(_VARIES))
        yield str(path.relative_to(work)).replace(f"/{name}/", "/", 1), (path.stat().st_mode, kept)


def _take_away(log: str) -> tuple[str, ...]:
    """The files in /tmp that the commands name and that are there still; they are not, afterwards."""
    left = sorted({found[0] for found in _ON_THE_GUEST.finditer(log) if Path(found[0]).exists()})
    for name in left:
        Path(name).unlink()
    return tuple(anonymous(name) for name in left)


def anonymous(text: str) -> str:
    """Without the random parts of the names that either program gives to its files on the guest."""
    return _ON_THE_GUEST.sub(r"/tmp/\1N\2", text)
