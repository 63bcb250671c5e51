"""The same machines for a user without any power over the host."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = """
import json, sys
from pathlib import Path
from tests.simulator.machines.boxes import Box, KeyPair
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.sandbox import SandboxKind

folder = Path(sys.argv[1])
kind = SandboxKind(folder / "machines")
found = {"unavailable": kind.unavailable()}
if not found["unavailable"]:
    key = KeyPair.make(folder / "key")
    machine = kind.create(MachineSpec(id="i-1", hostname="one", username="ubuntu", authorized_keys=(key.public,)))
    box = Box(machine, machine.listen("127.81.0.1"), key, "ubuntu")
    box.boot()
    found["user"] = box.run("sudo -n id -u; id -u; echo $HOME")
    script = (
        "echo x >> /etc/profile; echo new > /usr/local/bin/new; rm /usr/bin/env; mkdir -m 700 /usr/share/doc/x;"
        "install -m 600 /etc/hostname /usr/share/doc/x/y; cp -p /bin/true /usr/bin/env; ls /usr/bin/env"
    )
    found["write"] = box.run(f"sudo sh -c '{script}'")
    found["owner"] = box.run("f=/usr/share/doc/x/y; sudo chown www-data $f && sudo stat -c %U $f || echo alone")
    script = "mount -t tmpfs x /mnt || echo x > /proc/sys/kernel/hostname || echo no"
    found["refused"] = box.run(f"sudo sh -c '{script}' 2>/dev/null")
    second = kind.create(MachineSpec(id="i-2", hostname="two", base=machine.snapshot(), authorized_keys=(key.public,)))
    other = Box(second, second.listen("127.81.0.2"), key)
    other.boot()
    found["snapshot"] = other.run("cat /usr/local/bin/new /usr/share/doc/x/y")
    other.ssh("poweroff")
kind.close()
found["left"] = (folder / "machines").exists()
print(json.dumps(found))
"""


@dataclass(frozen=True)
class _Person:
    uid: int
    gid: int
    many: bool


def _with_subordinate_ids() -> _Person | None:
    """A user of this host who has a line in /etc/subuid."""
    if not shutil.which("newuidmap") or not Path("/etc/subuid").exists():
        return None
    for line in Path("/etc/subuid").read_text().splitlines():
        try:
            found = pwd.getpwnam(line.split(":")[0])
        except KeyError:
            continue
        if found.pw_uid >= 1000:
            return _Person(found.pw_uid, found.pw_gid, many=True)
    return None


@pytest.fixture
def added_user() -> Iterator[_Person]:
    """Somebody with subordinate ids: one who is there, else one made for the test."""
    found = _with_subordinate_ids()
    if found:
        yield found
        return
    name = "imagesmith-test"
    made = shutil.which("newuidmap") and shutil.which("useradd")
    if not made or subprocess.run(["useradd", "-M", name], check=False, capture_output=True).returncode:
        pytest.skip("newuidmap or useradd is missing")
    try:
        found = _with_subordinate_ids()
        if found is None:
            pytest.skip("useradd gives no subordinate ids here")
        yield found
    finally:
        subprocess.run(["userdel", name], check=True, capture_output=True)


def _run_as(person: _Person, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Run Python as somebody else; None when there is no Python and no source tree that they may read."""
    paths = os.pathsep.join([str(Path(__file__).parent), *(str(Path(path).absolute()) for path in sys.path if path)])
    for python in (sys.executable, "/usr/bin/python3"):
        settings: dict[str, Any] = {
            "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            "user": person.uid,
            "group": person.gid,
            "extra_groups": [],
            "cwd": "/",
            "capture_output": True,
            "text": True,
            "timeout": 60,
        }
        try:
            probe = subprocess.run([python, "-c", "import imagesmith_simulator, paramiko"], check=False, **settings)
        except PermissionError:
            continue
        if probe.returncode == 0:
            return subprocess.run([python, *arguments], check=False, **settings)
    return None


def _try_out(person: _Person) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        os.chown(folder, person.uid, person.gid)
        done = _run_as(person, "-W", "ignore", "-c", _SCRIPT, str(folder))
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=False)
    if done is None:
        pytest.skip("no Python with this package that an ordinary user may run")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    if found["unavailable"]:
        pytest.skip(found["unavailable"])
    return found


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user: all tests here show it")


@needs_root
def test_a_user_with_subordinate_ids(added_user: _Person) -> None:
    found = _try_out(added_user)
    assert found["user"] == "0\n1000\n/home/ubuntu\n"
    assert found["write"] == "/usr/bin/env\n"
    assert found["owner"] == "www-data\n"
    assert found["refused"] == "no\n"
    assert found["snapshot"] == "new\none\n"
    assert found["left"] is False


@needs_root
def test_a_user_without_subordinate_ids_has_root_alone() -> None:
    found = _try_out(_Person(54321, 54321, many=False))
    assert found["user"] == "0\n0\n/home/ubuntu\n"
    assert found["write"] == "/usr/bin/env\n"
    assert found["owner"] == "alone\n"
    assert found["refused"] == "no\n"
    assert found["snapshot"] == "new\none\n"
    assert found["left"] is False
