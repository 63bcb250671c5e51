"""Cancelled, a remote command is gone within seconds, with everything that it has started."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from imagesmith.errors import Cancelled
from imagesmith.waiting import CancelToken
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd
from tests.communicators.ssh.ssh_peers import single_session_server

# A shell, a child and a grandchild that ignore TERM, one in a session of its own, one that its parent has left behind.
STUBBORN = """
trap '' TERM HUP INT
say() { echo $1 >> {pids}; }
sleep 600 & say $!
sh -c 'trap "" TERM HUP; echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; wait; sleep 600' &
setsid sh -c 'trap "" TERM HUP; echo $$ >> {pids}; sleep 600; sleep 600' &
(setsid sh -c 'trap "" TERM HUP; echo $$ >> {pids}; sleep 600; sleep 600' &)
say $$
echo ready
while :; do sleep 600; done
"""


def alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
    return found


def cancel_when_ready(opener: Opener, port: int, folder: Path, ssh_pty: bool = False) -> tuple[list[int], float]:
    """Run the stubborn script, cancel it as soon as it says so; its pids and how long the cancelling took."""
    record = folder / "pids"
    record.write_text("")
    token = CancelToken()
    cancelled: list[float] = []

    def output(_: str, line: str) -> None:
        if line == "ready":
            threading.Event().wait(0.3)
            cancelled.append(time.monotonic())
            token.cancel("by the test")

    connection = opener(port, ssh_pty=ssh_pty)
    with pytest.raises(Cancelled, match="by the test"):
        connection.remote.run(STUBBORN.replace("{pids}", str(record)), output=output, cancel=token)
    return [int(line) for line in record.read_text().split()], time.monotonic() - cancelled[0]


@pytest.mark.parametrize(
    "pty",
    [
        pytest.param(False, id="no terminal"),
        pytest.param(
            True,
            id="terminal",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="sshd gives terminals only as root"),
        ),
    ],
)
def test_nothing_is_left_of_a_script_that_ignores_term(sshd: Sshd, opener: Opener, tmp_path: Path, pty: bool) -> None:
    pids, seconds = cancel_when_ready(opener, sshd.port, tmp_path, ssh_pty=pty)
    assert len(pids) == 6
    assert alive(pids) == []
    assert seconds < 5


def test_server_that_refuses_signal_requests_makes_no_difference(
    make_sshd: MakeSshd, opener: Opener, tmp_path: Path
) -> None:
    """OpenSSH refuses them where a command is forced."""
    server = make_sshd('ForceCommand /bin/sh -c "$SSH_ORIGINAL_COMMAND"').start()
    pids, seconds = cancel_when_ready(opener, server.port, tmp_path)
    assert alive(pids) == []
    assert seconds < 5


def test_server_that_opens_no_second_session_is_asked_for_signals(opener: Opener, tmp_path: Path) -> None:
    record = tmp_path / "pid"
    token = CancelToken()
    with single_session_server() as (port, signals):
        connection = opener(port, key="", password="x")
        with pytest.raises(Cancelled):
            connection.remote.run(
                f"trap '' TERM; echo $$ > {record}; echo ready; while :; do sleep 600; done",
                output=lambda *_: token.cancel(),
                cancel=token,
            )
        threading.Event().wait(0.2)
        assert alive([int(record.read_text())]) == []
        assert signals == ["TERM", "KILL"]
        connection.remote.close()


def test_script_may_clean_up_when_it_is_told_to_end(sshd: Sshd, opener: Opener) -> None:
    token = CancelToken()
    lines: list[str] = []

    def output(_: str, line: str) -> None:
        lines.append(line)
        if line == "ready":
            token.cancel()

    with pytest.raises(Cancelled):
        opener(sshd.port).remote.run(
            "trap 'echo cleaned up; exit 1' TERM; echo ready; while :; do sleep 0.05; done", output=output, cancel=token
        )
    assert "cleaned up" in lines


def test_connection_and_earlier_daemons_survive_the_end_of_one_command(sshd: Sshd, opener: Opener) -> None:
    remote = opener(sshd.port).remote
    daemon = int(remote.run("setsid sleep 600 > /dev/null 2>&1 & echo $!").stdout)
    threading.Event().wait(0.1)  # processes are told apart by their start, to a hundredth of a second
    token = CancelToken()
    with pytest.raises(Cancelled):
        remote.run("echo ready; sleep 600", output=lambda *_: token.cancel(), cancel=token)
    try:
        assert remote.run("echo still here").stdout == "still here\n"
        assert alive([daemon]) == [daemon]
    finally:
        os.kill(daemon, signal.SIGKILL)
