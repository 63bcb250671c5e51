"""Commands by Cloud Assistant: their output, their ends, and what becomes of those that are broken off."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import pytest

from imagesmith.errors import Cancelled, ConnectionLost
from imagesmith.waiting import CancelToken
from imagesmith_alicloud.assistant_remote import AssistantRemote
from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.communicators.cloud_assistant.conftest import opened


def left(remote: AssistantRemote) -> list[str]:
    """What lies about in the guest's /tmp, beside the spool of the command that looks."""
    return remote.run("ls -A /tmp | grep imagesmith | wc -l").stdout.split()


def test_both_streams_and_the_exit_status_are_told_apart(remote: AssistantRemote) -> None:
    result = remote.run("printf 'out\\377'; echo err >&2; exit 7")
    assert (result.exit_status, result.stdout, result.stderr) == (7, "out\ufffd", "err\n")
    assert left(remote) == ["1"]


def test_a_command_has_a_users_environment_and_empty_input(remote: AssistantRemote) -> None:
    result = remote.run('echo "$HOME $USER $LOGNAME"; pwd; umask; wc -c')
    assert result.stdout.split() == ["/root", "root", "root", "/root", "0022", "0"]


def test_a_command_gets_its_input(remote: AssistantRemote) -> None:
    given = bytes(range(256)) * 200
    assert remote.run("sha256sum", stdin=given).stdout == f"{hashlib.sha256(given).hexdigest()}  -\n"
    assert left(remote) == ["1"]


def test_a_long_command_is_sent_as_a_file(remote: AssistantRemote) -> None:
    text = "x" * 60_000
    assert remote.run(f"text={text}; echo ${{#text}}").stdout == "60000\n"
    assert left(remote) == ["1"]


def test_output_that_one_answer_does_not_hold_comes_whole(remote: AssistantRemote) -> None:
    result = remote.run("seq 1 9000; seq 1 2000 >&2; exit 3")
    assert result.stdout == "".join(f"{number}\n" for number in range(1, 9001))
    assert result.stderr == "".join(f"{number}\n" for number in range(1, 2001))
    assert result.exit_status == 3
    assert left(remote) == ["1"]


def test_output_comes_while_the_command_runs(remote: AssistantRemote) -> None:
    seen: list[tuple[float, str, str]] = []
    result = remote.run(
        "echo first; echo second >&2; sleep 5; echo last",
        output=lambda stream, line: seen.append((time.monotonic(), stream, line)),
    )
    assert result.exit_status == 0
    assert [(stream, line) for _, stream, line in seen] == [
        ("stdout", "first"),
        ("stderr", "second"),
        ("stdout", "last"),
    ]
    assert seen[2][0] - seen[0][0] > 1.5


def test_a_cancelled_command_ends_with_its_children(remote: AssistantRemote) -> None:
    token = CancelToken()
    threading.Timer(1.0, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        remote.run("sleep 4321 & sleep 4321; wait", cancel=token)
    assert time.monotonic() - began < 4
    assert remote.run("pgrep -cx -f 'sleep 4321'").stdout == "0\n"
    assert left(remote) == ["1"]


def test_a_guest_that_restarts_is_reached_again(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    with opened(cloud, tmp_path) as remote:
        remote.run("touch /root/kept")
        assert remote.run("reboot; sleep 60").exit_status is None
        remote.reconnect(timeout_s=20)
        assert remote.run("ls /root/kept").exit_status == 0


def test_a_machine_that_is_off_is_not_waited_for(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    with opened(cloud, tmp_path) as remote:
        assert remote.run("poweroff; sleep 60").exit_status is None
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="the instance is Stop"):
            remote.run("true")
        with pytest.raises(ConnectionLost, match=r"the instance .* is Stop"):
            remote.reconnect()
        assert time.monotonic() - began < 5
