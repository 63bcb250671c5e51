"""The clients that everybody uses: ssh, scp and sftp of OpenSSH."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from tests.simulator.machines.boxes import Box, ended, eventually


def test_exit_status_output_and_errors_come_back(shared_box: Box) -> None:
    done = shared_box.ssh("echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_standard_input_and_its_end_arrive(shared_box: Box) -> None:
    data = os.urandom(3_000_000)
    assert shared_box.ssh("cat", stdin=data).stdout == data


def test_a_shell_without_a_command_reads_standard_input(shared_box: Box) -> None:
    assert shared_box.ssh(stdin=b"echo $0; exit 3\n").stdout.strip().endswith(b"sh")


def test_a_terminal_is_real_and_echoes(shared_box: Box) -> None:
    done = shared_box.ssh("-tt", "tty; read line; echo got $line", stdin=b"typed\n")
    assert b"/dev/pts/" in done.stdout
    assert b"typed\r\n" in done.stdout
    assert done.stdout.endswith(b"got typed\r\n")


def test_a_killed_command_is_reported_as_killed(shared_box: Box) -> None:
    done = shared_box.ssh("kill -KILL $$")
    assert done.returncode == 255  # what ssh says to an exit signal


def test_the_login_environment_is_sshds(shared_box: Box) -> None:
    lines = shared_box.ssh("env").stdout.decode().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert found["HOME"] == "/root"
    assert found["USER"] == found["LOGNAME"] == "root"
    assert found["PATH"].startswith("/usr/local/sbin:")
    assert found["SSH_CONNECTION"].split()[2] == shared_box.endpoint.host
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "SUDO_USER", "SSH_AUTH_SOCK"} & found.keys()


def test_language_variables_pass_and_others_do_not(shared_box: Box) -> None:
    done = shared_box.ssh("-oSetEnv=LC_TEST=yes SECRET=no", "echo $LC_TEST $SECRET")
    assert done.stdout == b"yes\n"


def test_scp_copies_files_and_folders_both_ways(shared_box: Box, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below" / "a b").write_bytes(os.urandom(100_000))
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o750)
    there = f"{shared_box.user}@{shared_box.endpoint.host}"
    for number, protocol in enumerate(("-O", "-s")):
        target = f"/tmp/scp{number}"
        for words in ([str(tree), f"{there}:{target}"], [f"{there}:{target}", str(tmp_path / f"back{number}")]):
            subprocess.run([*shared_box.arguments("scp"), protocol, "-r", "-p", *words], check=True, timeout=30)
        back = tmp_path / f"back{number}"
        assert (back / "below" / "a b").read_bytes() == (tree / "below" / "a b").read_bytes()
        assert (back / "run.sh").stat().st_mode & 0o777 == 0o750


def test_sftp_puts_gets_and_lists(shared_box: Box, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    batch = (
        f"put {tmp_path}/file /tmp/sftp-file\nrename /tmp/sftp-file /tmp/sftp-moved\nget /tmp/sftp-moved {tmp_path}/b\n"
    )
    command = [*shared_box.arguments("sftp"), "-b", "-", f"root@{shared_box.endpoint.host}"]
    subprocess.run(command, input=batch.encode(), check=True, capture_output=True, timeout=30)
    assert (tmp_path / "b").read_text() == "content"


def test_local_and_remote_forwarding_reach_the_guests_loopback_only(shared_box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as here, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
        free.close()
        words = ["-N", "-L", f"{local}:127.0.0.1:7", "-R", f"9009:127.0.0.1:{here.getsockname()[1]}"]
        command = [*shared_box.arguments("ssh"), *words, f"root@{shared_box.endpoint.host}"]
        with ended(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)):
            assert eventually(lambda: "2331" in shared_box.run("cat /proc/net/tcp"))  # 9009 in hexadecimal
            assert shared_box.run("exec 3<>/dev/tcp/127.0.0.1/9009; echo from the guest >&3") == ""
            here.settimeout(5)
            peer, _ = here.accept()
            with peer:
                assert peer.recv(100) == b"from the guest\n"
            with socket.create_connection(("127.0.0.1", local), 5) as refused:
                assert refused.recv(1) == b""  # nothing listens on port 7 in the guest


def test_the_host_keys_are_those_that_the_console_shows(shared_box: Box) -> None:
    port = str(shared_box.endpoint.port)
    scanned = subprocess.run(
        ["ssh-keyscan", "-p", port, shared_box.endpoint.host], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    keys = {" ".join(line.split()[1:3]) for line in scanned.splitlines() if not line.startswith("#")}
    console = shared_box.machine.console()
    block = console.split("-----BEGIN SSH HOST KEY KEYS-----\n")[1].split("-----END SSH HOST KEY KEYS-----")[0]
    assert keys == {" ".join(line.split()[:2]) for line in block.splitlines()}
    assert {key.split()[0] for key in keys} == {"ssh-ed25519", "ssh-rsa"}
    assert "256 SHA256:" in console


def test_an_rsa_key_logs_in_and_so_does_one_that_signs_with_sha1(shared_box: Box, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", str(tmp_path / "rsa")], check=True)
    shared_box.ssh("cat >> .ssh/authorized_keys", stdin=(tmp_path / "rsa.pub").read_bytes())
    for algorithm in ("rsa-sha2-512", "ssh-rsa"):
        words = shared_box.arguments("ssh")
        words[words.index("-i") + 1] = str(tmp_path / "rsa")
        words.append(f"-oPubkeyAcceptedAlgorithms={algorithm}")
        subprocess.run([*words, f"root@{shared_box.endpoint.host}", "true"], check=True, timeout=30)


def test_many_sessions_over_many_connections_at_once(shared_box: Box) -> None:
    command = [*shared_box.arguments("ssh"), f"root@{shared_box.endpoint.host}"]
    started = time.monotonic()
    running = [
        subprocess.Popen([*command, f"sleep 0.5; echo {n}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for n in range(8)
    ]
    outputs = [process.communicate(timeout=30)[0] for process in running]
    assert outputs == [f"{n}\n".encode() for n in range(8)]
    assert time.monotonic() - started < 8 * 0.5 + 5
