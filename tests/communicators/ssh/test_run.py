"""Commands: output as it comes, input, how they end, and what happens when the connection breaks."""

from __future__ import annotations

import os
import threading
import time

import paramiko
import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ConnectError
from imagesmith_ssh.process import CommandRefused
from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd
from tests.communicators.ssh.ssh_peers import PasswordServer, paramiko_server
from tests.effects import shows

Line = tuple[str, str]


def lines_of(remote: SshRemote, command: str) -> list[Line]:
    lines: list[Line] = []
    remote.run(command, output=lambda stream, line: lines.append((stream, line)))
    return lines


def test_without_a_sink_output_and_status_are_collected(remote: SshRemote) -> None:
    result = remote.run("echo out; echo err >&2; exit 7")
    assert (result.exit_status, result.stdout, result.stderr) == (7, "out\n", "err\n")


def test_lines_arrive_while_the_command_runs(remote: SshRemote) -> None:
    arrivals: list[float] = []
    remote.run("echo one; sleep 0.6; echo two", output=lambda *_: arrivals.append(time.monotonic()))
    assert arrivals[1] - arrivals[0] > 0.4


def test_lines_are_trimmed_as_packer_shows_them(remote: SshRemote) -> None:
    command = r"printf 'first  \r\n\n10%%\r100%%\r\nlast'; printf 'f\303\274r \377\n' >&2"
    lines = lines_of(remote, command)
    assert [line for stream, line in lines if stream == "stdout"] == ["first", "", "100%", "last"]
    assert [line for stream, line in lines if stream == "stderr"] == ["für \N{REPLACEMENT CHARACTER}"]


def test_much_output_on_both_streams_is_complete(remote: SshRemote) -> None:
    lines = lines_of(remote, "seq 200000; seq 200000 >&2")
    assert [line for stream, line in lines if stream == "stdout"] == [str(n) for n in range(1, 200001)]
    assert len(lines) == 400000


def test_input_reaches_the_command_and_ends(remote: SshRemote) -> None:
    data = bytes(range(256)) * 20000
    assert remote.run("sha256sum; wc -c", stdin=data).exit_status == 0
    assert remote.run("wc -c", stdin=data).stdout.strip() == str(len(data))
    assert remote.run("cat").stdout == ""


def test_input_that_nobody_reads_does_not_hang(remote: SshRemote) -> None:
    assert remote.run("exit 4", stdin=bytes(50_000_000)).exit_status == 4


def test_command_is_sent_as_it_is(remote: SshRemote) -> None:
    assert remote.run("FOO='a b' sh -c 'echo \"$FOO\"'\n").stdout == "a b\n"


def test_command_killed_by_a_signal_names_it(remote: SshRemote) -> None:
    result = remote.run("kill -KILL $$")
    assert (result.exit_status, result.signal) == (137, "KILL")


@shows(CommunicatorOptions, "ssh_pty")
@pytest.mark.skipif(os.geteuid() != 0, reason="sshd gives terminals only as root")
def test_pty_is_a_terminal_that_does_not_echo(sshd: Sshd, opener: Opener) -> None:
    remote = opener(sshd.port, ssh_pty=True).remote
    result = remote.run("tty; stty size; stty -a | grep -o -- '-echo '; echo to stderr >&2")
    assert "/dev/pts/" in result.stdout
    assert "40 80" in result.stdout
    assert "-echo" in result.stdout
    assert "to stderr" in result.stdout


def test_background_process_that_holds_the_output_does_not_hang(sshd: Sshd, opener: Opener) -> None:
    connection = opener(sshd.port)
    began = time.monotonic()
    result = connection.remote.run("sleep 30 & echo started; exit 5")
    assert (result.exit_status, result.stdout) == (5, "started\n")
    assert time.monotonic() - began < 8
    assert any("holds its output open" in line for line in connection.said)
    connection.remote.run("pkill -f 'sleep 30'")


def test_lost_connection_has_no_exit_status_and_the_next_command_reconnects(remote: SshRemote) -> None:
    assert remote.run("kill -KILL $PPID").exit_status is None
    assert remote.run("echo back").stdout == "back\n"


def test_connection_that_breaks_before_the_command_is_answered_is_no_refusal(opener: Opener) -> None:
    """A guest that reboots just then."""

    class Breaks(PasswordServer):
        def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
            transport = channel.get_transport()
            transport.packetizer.close()
            transport.sock.close()
            return True

    with paramiko_server(lambda _: Breaks("x", "password")) as port:
        assert opener(port, key="", password="x").remote.run("reboot").exit_status is None


def test_server_that_runs_no_commands_says_so(opener: Opener) -> None:
    class Refuses(PasswordServer):
        def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
            return False

    with paramiko_server(lambda _: Refuses("x", "password")) as port, pytest.raises(CommandRefused):
        opener(port, key="", password="x").remote.run("id")


def test_reconnect_waits_for_a_server_that_restarts(make_sshd: MakeSshd, opener: Opener) -> None:
    server = make_sshd().start()
    remote = opener(server.port).remote
    server.stop()
    assert remote.run("kill -KILL $PPID").exit_status is None
    timer = threading.Timer(0.4, server.start)
    timer.start()
    assert remote.run("echo back").stdout == "back\n"
    timer.join()
    remote.reconnect(timeout_s=5)
    assert remote.run("echo again").stdout == "again\n"


def test_server_that_never_comes_back_is_a_classified_error(make_sshd: MakeSshd, opener: Opener) -> None:
    server = make_sshd().start()
    remote = opener(server.port, ssh_timeout=0.5).remote
    server.stop()
    remote.run("kill -KILL $PPID")
    with pytest.raises(ConnectError, match="nothing listens there"):
        remote.run("echo never")


@shows(CommunicatorOptions, "ssh_read_write_timeout")
def test_silent_connection_is_given_up_after_the_read_write_timeout(sshd: Sshd, opener: Opener) -> None:
    remote = opener(sshd.port, ssh_read_write_timeout=1.0, ssh_keep_alive_interval=-1.0).remote
    began = time.monotonic()
    assert remote.run("sleep 20").exit_status is None
    assert time.monotonic() - began < 4
    assert remote.run("echo back").stdout == "back\n"


def test_quiet_command_on_a_live_connection_is_not_given_up(sshd: Sshd, opener: Opener) -> None:
    remote = opener(sshd.port, ssh_read_write_timeout=0.6).remote
    assert remote.run("sleep 1.5; echo done").stdout == "done\n"


def test_close_ends_a_with_block_and_can_be_called_twice(remote: SshRemote) -> None:
    with remote:
        transport = remote.transport()
    assert not transport.is_alive()
    remote.close()
