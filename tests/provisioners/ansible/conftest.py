"""One SSH server for all tests, a connection for each, and ansible's programs in the PATH."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import SSHD
from tests.provisioners.ansible.guest import PROGRAMS, Guest, Recorder


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    if not SSHD:
        pytest.skip("sshd is not installed")
    found = Guest(tmp_path_factory.mktemp("guest"))
    yield found
    found.sshd.stop()


@pytest.fixture
def way_in(guest: Guest) -> Iterator[SshRemote]:
    """A connection to the machine."""
    remote = guest.connect()
    yield remote
    remote.close()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where relative paths begin; it holds a playbook that does nothing."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "site.yml").write_text("- hosts: all\n  gather_facts: false\n  tasks: []\n")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real ansible."""
    if not (PROGRAMS / "ansible-playbook").exists():
        pytest.skip("ansible-core is not installed")
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, with a short name; nothing may stay in it."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        monkeypatch.setattr("tempfile.tempdir", name)
        yield Path(name)
        assert list(Path(name).iterdir()) == []
