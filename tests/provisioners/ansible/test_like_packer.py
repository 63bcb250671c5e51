"""The same options through Debian's packer 1.6.6 (``use_proxy = false``) and through imagesmith.

What differs on purpose: secrets, keys and Packer's variables are passed in files and not as arguments; galaxy is told
whether roles or collections are meant, and ``--force`` in place of ``-f``; a guest gets no ``packer_http_addr``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith.provisioners.ansible import Ansible
from imagesmith.provisioners.ansible_local import AnsibleLocal
from tests.communicators.ssh.openssh import USER
from tests.provisioners.ansible.guest import Guest, Note, Recorder, run
from tests.provisioners.local_remote import Scene

pytestmark = [
    pytest.mark.packer,
    pytest.mark.skipif(not shutil.which("packer"), reason="packer is not installed"),
]


@pytest.fixture
def old_key(guest: Guest, tmp_path: Path) -> Path:
    """A key that packer 1.6.6 can use with today's sshd."""
    key = tmp_path / "old"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", key], check=True)
    with guest.sshd.authorized.open("a") as file:
        file.write(key.with_suffix(".pub").read_text())
    return key


def packer(guest: Guest, key: Path, recorder: Recorder, provisioner: dict[str, Any]) -> list[Note]:
    builder = {
        "type": "null",
        "name": "web",
        "ssh_host": "127.0.0.1",
        "ssh_port": guest.sshd.port,
        "ssh_username": USER,
        "ssh_private_key_file": str(key),
    }
    Path("t.json").write_text(json.dumps({"builders": [builder], "provisioners": [provisioner]}))
    command = ["packer", "build", "-color=false", "t.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    Path("t.json").unlink()
    return recorder.notes()


def own_arguments(note: Note) -> list[str]:
    """The arguments without those that name a file or say who runs it, which differ."""
    dropped = ("packer_build", "packer_builder", "ansible_ssh_private_key_file", "@/", "'-o Ident", "{")
    words, rest = [], iter(note.argv)
    for word in rest:
        if word in ("-e", "--extra-vars", "--ssh-extra-args"):
            value = next(rest)
            if not value.startswith(dropped):
                words += [word, value]
        elif word == "-i":
            next(rest)
        else:
            words.append(word)
    return words


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": ["a", "b"], "empty_groups": ["c", "d"], "host_alias": "box"},
        {"user": "somebody", "extra_arguments": ["-vv", "-e", "a=b c", "--diff"]},
        {"inventory_file_template": "{{ .HostAlias }} h={{ .Host }} u={{ .User }} p={{ .Port }}\n", "groups": ["g"]},
    ],
    ids=str,
)
def test_ansible(guest: Guest, old_key: Path, recorder: Recorder, scene: Scene, options: dict[str, Any]) -> None:
    common = {"playbook_file": "site.yml", "command": str(recorder.path), **options}
    more = {"type": "ansible", "use_proxy": False, **common}
    (theirs,) = packer(guest, old_key, recorder, more)
    remote = guest.connect()
    run(Ansible(**common), remote, scene)
    remote.close()
    (ours,) = recorder.notes()
    assert ours.inventory.splitlines() == [line for line in theirs.inventory.splitlines() if line]
    assert own_arguments(ours) == own_arguments(theirs)


@pytest.mark.parametrize("kind", ["one", "folder", "several"])
def test_ansible_local(guest: Guest, old_key: Path, recorder: Recorder, scene: Scene, folder: Path, kind: str) -> None:
    for name in ("role", "gv", "hv", "books", "dir/deep"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x.yml").write_text(name)
    (folder / "dir" / "main.yml").write_text("main")
    (folder / "hosts").write_text("127.0.0.1\n")
    kinds: dict[str, dict[str, Any]] = {
        "one": {
            "playbook_file": "site.yml",
            "inventory_groups": ["a", "b"],
            "role_paths": ["role"],
            "playbook_paths": ["books"],
            "group_vars": "gv",
            "host_vars": "hv",
            "extra_arguments": ["-e", "'a=b c'", '"$((1+1))"'],
        },
        "folder": {"playbook_file": "dir/main.yml", "playbook_dir": "dir", "inventory_file": "hosts"},
        "several": {"playbook_files": ["dir/deep/x.yml", "site.yml"], "playbook_dir": "dir"},
    }
    stage = folder / "stage"
    common = {**kinds[kind], "command": str(recorder.path), "staging_directory": str(stage)}
    theirs = packer(guest, old_key, recorder, {"type": "ansible-local", **common})
    their_files = files(stage)
    shutil.rmtree(stage)
    remote = guest.connect()
    run(AnsibleLocal(**common), remote, scene)
    remote.close()
    ours = recorder.notes()
    assert [note.cwd for note in ours] == [note.cwd for note in theirs]
    assert [own_arguments(note) for note in ours] == [own_arguments(note) for note in theirs]
    assert [note.inventory.split() for note in ours] == [note.inventory.split() for note in theirs]
    assert files(stage) == their_files


def files(stage: Path) -> dict[str, str]:
    """What is in the folder, but for the inventory that is made, whose name is a random one."""
    found = {str(path.relative_to(stage)): path.read_text() for path in stage.rglob("*") if path.is_file()}
    return {name: text for name, text in found.items() if "inventory-" not in name and "ansible-local" not in name}
