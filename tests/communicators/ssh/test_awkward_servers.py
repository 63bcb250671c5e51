"""Real sshds with little to offer, and guests that reboot in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from imagesmith.errors import HostKeyMismatch
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd, make_key


@pytest.mark.parametrize("method", ["", "sftp", "scp"])
def test_one_session_at_a_time_is_enough(make_sshd: MakeSshd, opener: Opener, tmp_path: Path, method: str) -> None:
    server = make_sshd("MaxSessions 1").start()
    remote = opener(server.port, ssh_file_transfer_method=method).remote
    (tmp_path / "tree" / "below").mkdir(parents=True)
    for number in range(5):
        (tmp_path / "tree" / "below" / str(number)).write_text("x")
    (tmp_path / "there").mkdir()
    for number in range(5):
        assert remote.run(f"echo {number}").stdout == f"{number}\n"
        remote.upload(b"bytes", str(tmp_path / "there" / "file"))
        remote.upload_tree(tmp_path / "tree", str(tmp_path / "there"))
        remote.download(str(tmp_path / "there" / "file"), tmp_path / "back")
        remote.download_tree(str(tmp_path / "there" / "tree"), tmp_path / f"trees{number}")
    assert server.logins("Accepted publickey") == 1
    server.stop()


def _descendants(pid: int) -> list[int]:
    """The processes that this one has started, and theirs: a connection is held by sshd's grandchild."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(child), int(parent)) for child, parent in map(str.split, listed.splitlines())]
    found = [pid]
    for one in found:
        found += [child for child, parent in pairs if parent == one]
    return found[1:]


def _reboot(server: Sshd, host_key: str = "") -> None:
    """As sshd sees it: every connection dies, nothing listens for a while, then it is there again."""
    assert server.process
    started = _descendants(server.process.pid)
    server.stop()
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if host_key:
        for old in server.folder.glob("host_key*"):
            old.unlink()
        make_key(server.folder / "host_key", host_key)
    threading.Timer(0.5, server.start).start()


def test_a_script_may_reboot_the_guest_and_the_next_one_goes_on(
    make_sshd: MakeSshd, opener: Opener, tmp_path: Path
) -> None:
    server = make_sshd().start()
    remote = opener(server.port).remote
    marks: list[str] = []

    def note(_stream: str, line: str) -> None:
        marks.append(line)
        if line == "rebooting":
            _reboot(server)

    result = remote.run("echo rebooting; sleep 30; echo never", output=note)
    assert (result.exit_status, marks) == (None, ["rebooting"])
    assert remote.run("echo up again").stdout == "up again\n"
    assert server.logins("Accepted publickey") == 2


def test_a_host_key_that_changes_in_the_middle_ends_the_build_at_once(make_sshd: MakeSshd, opener: Opener) -> None:
    server = make_sshd().start()
    remote = opener(server.port, ssh_timeout=60.0).remote
    _reboot(server, "ecdsa")
    began = time.monotonic()
    with pytest.raises(HostKeyMismatch, match="seen at the first connection"):
        remote.run("echo never")
    assert time.monotonic() - began < 5
