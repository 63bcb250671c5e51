"""What a machine can't see and can't do: the host is neither shown nor changed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulator.machines.boxes import Box, execute


def test_the_hosts_files_stay_as_they_are(make_box: Callable[..., Box]) -> None:
    box = make_box()
    box.boot()
    watched = [Path("/usr/bin/env"), Path("/etc/profile"), Path("/usr/local/bin"), Path("/dev/null")]
    before = [path.stat() for path in watched]
    listing = sorted(os.listdir("/usr/local/bin"))  # noqa: PTH208
    box.run(
        "echo '# more' >> /etc/profile; touch /usr/local/bin/of-the-guest; rm /usr/bin/env; cp /bin/true /usr/bin/env;"
        "mkdir /usr/of-the-guest; chmod 600 /dev/null 2>/dev/null; true"
    )
    assert "# more" in box.run("cat /etc/profile")
    assert box.run("ls -d /usr/of-the-guest /usr/local/bin/of-the-guest")
    after = [path.stat() for path in watched]
    assert [(s.st_ino, s.st_mode, s.st_mtime_ns, s.st_size) for s in before[:3]] == [
        (s.st_ino, s.st_mode, s.st_mtime_ns, s.st_size) for s in after[:3]
    ]
    assert before[3].st_mode == after[3].st_mode
    assert sorted(os.listdir("/usr/local/bin")) == listing  # noqa: PTH208
    assert not Path("/usr/of-the-guest").exists()


def test_homes_and_temporary_files_of_the_host_are_not_there(shared_box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    here = Path(__file__).resolve()
    for path in (secret, here, Path.home() / ".cache", Path("/var/tmp/imagesmith-sandbox-0")):
        assert shared_box.ssh("ls", str(path)).returncode != 0, path
    assert shared_box.run("ls -A /home /opt /srv /mnt /media /boot").split() == [
        "/boot:", "/home:", "/media:", "/mnt:", "/opt:", "/srv:"
    ]  # fmt: skip
    assert shared_box.run("find / -xdev -name .git -maxdepth 4") == ""


def test_the_machine_has_accounts_and_keys_of_its_own(shared_box: Box) -> None:
    shadow = shared_box.run("cat /etc/shadow")
    assert all(line.split(":")[1] in {"*", "!"} for line in shadow.splitlines())
    names = {line.split(":")[0] for line in shared_box.run("cat /etc/passwd").splitlines()}
    assert names == {"root", "daemon", "bin", "sys", "man", "mail", "www-data", "sshd", "nobody"}
    own = Path("/etc/ssh/ssh_host_ed25519_key.pub")
    theirs = shared_box.run("cat /etc/ssh/ssh_host_ed25519_key.pub")
    assert not own.exists() or own.read_text().split()[1] != theirs.split()[1]
    assert shared_box.run("cat /etc/hostname") == shared_box.run("hostname")
    assert shared_box.run("cat /etc/machine-id") != Path("/etc/machine-id").read_text()


def test_host_processes_are_invisible(shared_box: Box) -> None:
    numbers = shared_box.run("ls /proc | grep -c '^[0-9]'")
    assert int(numbers) < 10
    assert shared_box.ssh("kill", "-0", str(os.getpid())).returncode != 0
    assert shared_box.run("cat /proc/1/environ 2>/dev/null || echo no") == "no\n"
    assert shared_box.run("ls /proc/1/root/ 2>/dev/null || cat /proc/1/fd/* 2>/dev/null || echo no") == "no\n"


def test_the_hosts_network_is_out_of_reach(shared_box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert shared_box.ssh(f"exec 3<>/dev/tcp/127.0.0.1/{port}").returncode != 0
        with shared_box.transport() as transport, pytest.raises(Exception, match="Connect failed"):
            transport.open_channel("direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 1))
    assert shared_box.run("cut -s -d: -f1 /proc/net/dev").split() == ["lo"]


@pytest.mark.parametrize(
    "attempt",
    [
        "echo core > /proc/sys/kernel/core_pattern",
        "echo 1 > /proc/sys/vm/drop_caches",
        "mount -t tmpfs none /mnt",
        "mount -o remount,rw /proc/sys",
        "umount /proc/sys",
        "mknod /root/disk b 8 0 && cat /root/disk",
        "unshare -Urm sh -c 'umount /proc/sys || mount -o remount,bind,rw /proc/sys'",
        "cat /proc/kcore | grep -q .",
        "test -w /proc/sysrq-trigger && echo h > /proc/sysrq-trigger",
        "ls /sys/* /run/docker.sock /dev/sda /dev/vda /dev/mem",
    ],
)
def test_refused(shared_box: Box, attempt: str) -> None:
    with shared_box.transport() as transport:
        assert execute(transport, attempt)[0] != 0


def test_only_the_basic_devices_exist(shared_box: Box) -> None:
    assert set(shared_box.run("ls /dev").split()) == {
        "console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
        "urandom", "zero",
    }  # fmt: skip
    assert (
        shared_box.run("echo gone > /dev/null; head -c 3 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c") == "3\n4\n"
    )
