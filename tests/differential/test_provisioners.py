"""The same shell and file provisioners through Debian's packer 1.6.6 and through us, on a real sshd: same effects."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login
from imagesmith.options import complete
from imagesmith.provisioners.file import File
from imagesmith.provisioners.shell import Shell
from imagesmith_ssh import connect
from tests.provisioners.local_remote import Scene

pytestmark = pytest.mark.packer

AWKWARD = {
    "QUOTES": """it's a "word" and `id`""",
    "DOLLAR": "$HOME ${PATH} $(id) \\n \\",
    "NEWLINES": "one\ntwo\n\nthree",
    "CJK": "密码 パスワード",
    "BLANKS": "  in  and  out  ",
    "EMPTY": "",
}


@dataclass(frozen=True)
class Server:
    port: int
    key: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (shutil.which("packer") and shutil.which("sshd", path="/usr/sbin")):
        pytest.skip("packer or sshd is not installed")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/user.pub", "StrictModes no", "UsePAM no"]
    settings += [f"Port {port}", "ListenAddress 127.0.0.1", f"PidFile {folder}/pid", "Subsystem sftp internal-sftp"]
    # So that bash does not take its first start for a login and read what a developer has in ~/.bashrc.
    settings.append("SetEnv SHLVL=3")
    (folder / "config").write_text("\n".join(settings) + "\n")
    with (folder / "log").open("w") as log:
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "config")]
        process = subprocess.Popen(command, stderr=log)
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                threading.Event().wait(0.05)
            yield Server(port, folder / "user")
        finally:
            process.terminate()
            process.wait()


def run_packer(server: Server, provisioners: Sequence[Mapping[str, object]]) -> None:
    builder = {
        "type": "null",
        "name": "web",
        "ssh_host": "127.0.0.1",
        "ssh_port": server.port,
        "ssh_username": getpass.getuser(),
        "ssh_private_key_file": str(server.key),
    }
    Path("t.json").write_text(json.dumps({"builders": [builder], "provisioners": provisioners}))
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    command = ["packer", "build", "-color=false", "t.json"]
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def run_ours(server: Server, provisioners: Sequence[Mapping[str, Any]]) -> None:
    scene = Scene(generated={"ID": "Null"})
    remote = connect(
        Address("127.0.0.1", server.port),
        Login(getpass.getuser(), private_key=server.key.read_text()),
        CommunicatorOptions(ssh_username=getpass.getuser()),
        cancel=scene.cancel,
        say=scene.said.append,
        console=lambda: "",
    )
    try:
        for given in provisioners:
            kind = {"shell": Shell, "file": File}[given["type"]]
            complete(kind(**{name: value for name, value in given.items() if name != "type"})).run(
                remote, scene.provision
            )
    finally:
        remote.close()


def test_machines_end_up_the_same(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    machine = tmp_path / "machine"
    variables = [f"{name}={value}" for name, value in AWKWARD.items()]
    Path("s.sh").write_bytes(b"#!/bin/sh\r\necho script $A $(stat -c %a $0)\r\n")
    Path("tree/deep").mkdir(parents=True)
    Path("tree/deep/a").write_text("a")
    Path("tree/deep/a").chmod(0o640)
    cases: list[dict[str, Any]] = [
        {"inline": ["env -0 | sort -z > env"], "environment_vars": variables},
        {"inline": ["env -0 | sort -z > envfile"], "environment_vars": variables, "use_env_var_file": True},
        {"inline": ["echo $-; head -n 1 $0; dirname $0; readlink /proc/self/fd/0 | cut -d: -f1; wc -c"]},
        {"script": "s.sh"},
        {"scripts": ["s.sh", "s.sh"], "environment_vars": ["A=it's"], "remote_path": f"{machine}/r.sh"},
        {"script": "s.sh", "execute_command": OWN, "environment_vars": ["A=x"]},
        {"inline": ["echo $X_A"], "environment_vars": ["A=$x"], "env_var_format": "X_%s='%s' "},
        {"inline": ["exit 3"], "valid_exit_codes": [3]},
        {"inline": ["echo $0; test -f $0"], "remote_folder": str(machine), "remote_file": "named.sh"},
    ]
    for number, case in enumerate(cases):
        lines = [f"cd {machine}", f"exec >> out 2>&1; echo case {number}"]
        case.update({"type": "shell"} | ({"inline": lines + case["inline"]} if "inline" in case else {}))
        if "script" in case or "scripts" in case:
            case["execute_command"] = f"cd {machine}; {{ {case.get('execute_command', USUAL)}; }} >> out 2>&1"
    files = [{"source": "tree", "destination": f"{machine}/"}, {"source": "tree/", "destination": f"{machine}/d"}]
    files += [{"source": "s.sh", "destination": f"{machine}/"}, {"source": "s.sh", "destination": f"{machine}/t.sh"}]
    steps = [{"type": "shell", "inline": [f"mkdir {machine}/d"]}, *cases, *({"type": "file", **one} for one in files)]
    seen = []
    for run in (run_packer, run_ours):
        machine.mkdir()
        run(server, steps)
        seen.append(inventory(machine))
        shutil.rmtree(machine)
    for name, (mode, lines) in seen[0].items():
        assert seen[1].pop(name) == (mode, lines), name
    assert not seen[1]
    assert len(seen[0]) == 11


OWN = "{{.Vars}} sh -c '. {{.Path}}; echo $0' '{{.ID}}'"
USUAL = "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"


def inventory(folder: Path) -> dict[str, tuple[int, list[str]]]:
    """Every file with its mode and its text, without what differs from one connection to the next."""
    found = {}
    for path in sorted(folder.rglob("*")):
        text = path.read_text("utf-8") if path.is_file() else ""
        entries = [entry for entry in text.split("\0" if path.name.startswith("env") else "\n") if kept(entry)]
        found[str(path.relative_to(folder))] = (path.stat().st_mode, entries)
    return found


def kept(entry: str) -> bool:
    """SHLVL is one more where bash could not make way for the script, as it has read its command from a file."""
    return not entry.startswith(("SSH_CLIENT=", "SSH_CONNECTION=", "_=", "XDG_SESSION_ID=", "SHLVL="))
