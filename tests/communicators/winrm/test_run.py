"""Commands over WinRM: output, exit codes, input, requests, cancelling, reboots."""

from __future__ import annotations

import threading
import time

import pytest

from imagesmith.errors import BuildTimeout, Cancelled
from imagesmith.waiting import CancelToken
from imagesmith_winrm.remote import WinrmRemote
from tests.communicators.winrm.conftest import Guest, Opener
from tests.communicators.winrm.relay import Relay


def test_output_errors_and_exit_code(remote: WinrmRemote) -> None:
    result = remote.run("echo out& echo err 1>&2& exit 3")
    assert result.exit_status == 3
    assert result.stdout == "out\r\n"
    assert result.stderr.strip() == "err"


def test_lines_without_their_ends_go_to_the_sink(remote: WinrmRemote) -> None:
    lines: list[tuple[str, str]] = []
    result = remote.run("echo one& echo two 1>&2& echo three", output=lambda name, line: lines.append((name, line)))
    assert sorted(lines) == [("stderr", "two"), ("stdout", "one"), ("stdout", "three")]
    assert (result.stdout, result.stderr) == ("", "")


def test_output_is_utf_8(remote: WinrmRemote) -> None:
    assert remote.run("echo größe 漢字").stdout == "größe 漢字\r\n"


def test_command_of_thousands_of_characters(remote: WinrmRemote) -> None:
    text = "x" * 7000
    assert remote.run(f"echo {text}").stdout.strip() == text


def test_a_command_takes_four_requests_at_most_and_the_shell_stays(through: Relay, opener: Opener) -> None:
    remote = opener("127.0.0.1", through.port).remote
    shell = remote.shell.id
    for _ in range(5):
        through.forget()
        assert remote.run("echo hello").stdout == "hello\r\n"
        assert through.requests <= 4
    assert remote.shell.id == shell
    assert through.connections == 2


def test_more_commands_than_a_shell_may_hold_at_once(remote: WinrmRemote, guest: Guest) -> None:
    for _ in range(guest.windows.winrm.max_processes_per_shell + 5):
        assert remote.run("ver").exit_status == 0


def test_large_output_arrives_whole(remote: WinrmRemote) -> None:
    result = remote.run("for /l %i in (1,1,3000) do @echo %i abcdefghijklmnopqrstuvwxyz0123456789")
    lines = result.stdout.splitlines()
    assert len(lines) == 3000
    assert lines[-1].startswith("3000 ")


def test_output_comes_while_the_command_runs(remote: WinrmRemote) -> None:
    came: list[float] = []
    remote.run(
        "echo first& ping -n 3 127.0.0.1 >nul& echo last", output=lambda _name, _line: came.append(time.monotonic())
    )
    assert came[-1] - came[0] > 1


def test_standard_input(remote: WinrmRemote) -> None:
    result = remote.run("findstr b", stdin=b"abc\r\nxyz\r\nbcd\r\n")
    assert result.stdout.split() == ["abc", "bcd"]


def test_much_standard_input_while_the_command_prints(remote: WinrmRemote) -> None:
    lines = "".join(f"{number} {'x' * 60}\r\n" for number in range(20_000))
    assert remote.run("findstr x", stdin=lines.encode()).stdout == lines


def test_little_standard_input_takes_one_request_more(through: Relay, opener: Opener) -> None:
    remote = opener("127.0.0.1", through.port).remote
    through.forget()
    assert remote.run("findstr b", stdin=b"abc\r\n").stdout == "abc\r\n"
    assert through.requests <= 5


def test_clixml_is_shown_as_text(remote: WinrmRemote, guest: Guest) -> None:
    guest.windows.disk.write(
        "C:\\errors.xml",
        b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        b'<Obj S="progress" RefId="0"><MS><PR N="Record"><AV>Preparing modules</AV></PR></MS></Obj>'
        b'<S S="Error">it failed_x000D__x000A_</S></Objs>',
    )
    result = remote.run("type C:\\errors.xml 1>&2")
    assert result.stderr == "it failed\r\n"


@pytest.mark.parametrize("how", ["cancel", "time_out"])
def test_cancelling_ends_the_remote_process(guest: Guest, opener: Opener, how: str) -> None:
    connection = opener(guest.host)
    token = CancelToken()
    timer = threading.Timer(0.7, getattr(token, how), ["enough"])
    timer.start()
    running: list[str] = []
    seen = threading.Timer(0.4, lambda: running.extend(guest.running()))
    seen.start()
    began = time.monotonic()
    with pytest.raises(Cancelled if how == "cancel" else BuildTimeout, match="enough"):
        connection.remote.run("ping -n 60 127.0.0.1", output=lambda _name, _line: None, cancel=token)
    assert time.monotonic() - began < 8
    timer.join()
    seen.join()
    assert running
    guest.await_idle()
    assert connection.remote.run("echo next").stdout == "next\r\n"


def test_token_that_is_set_already_starts_nothing(through: Relay, opener: Opener) -> None:
    connection = opener("127.0.0.1", through.port)
    connection.cancel.cancel()
    through.forget()
    with pytest.raises(Cancelled):
        connection.remote.run("ver")
    assert not through.requests


def test_connection_that_breaks_during_a_command_tells_no_exit_code(through: Relay, opener: Opener) -> None:
    remote = opener("127.0.0.1", through.port).remote
    timer = threading.Timer(0.7, through.cut)
    timer.start()
    assert remote.run("ping -n 20 127.0.0.1").exit_status is None
    timer.join()
    assert remote.run("echo again").stdout == "again\r\n"


def test_idle_connection_that_the_service_has_closed_is_made_anew(through: Relay, opener: Opener) -> None:
    remote = opener("127.0.0.1", through.port).remote
    through.cut()
    threading.Event().wait(0.2)
    assert remote.run("echo still").stdout == "still\r\n"


def test_shell_that_is_gone_is_made_anew(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    before = remote.shell.id
    remote.shell.wsman.delete(before)
    assert remote.run("echo new").stdout == "new\r\n"
    assert remote.shell.id != before


def test_reboot_between_two_commands_is_survived(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    before = own_guest.windows.boot_id
    assert remote.run("shutdown /r /t 0").exit_status in (0, None)
    threading.Event().wait(0.6)
    assert remote.run("echo back").stdout == "back\r\n"
    assert own_guest.windows.boot_id != before


def test_reboot_during_a_command_tells_no_exit_code(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    assert remote.run("shutdown /r /t 1 & ping -n 60 127.0.0.1").exit_status is None
    remote.reconnect(timeout_s=20)
    assert remote.run("ver").exit_status == 0


def test_command_whose_connection_broke_is_ended(guest: Guest, through: Relay, opener: Opener) -> None:
    remote = opener("127.0.0.1", through.port).remote
    timer = threading.Timer(0.7, through.cut)
    timer.start()
    assert remote.run("ping -n 60 127.0.0.1").exit_status is None
    timer.join()
    guest.await_idle()


def test_reconnecting_ends_what_still_runs(guest: Guest, opener: Opener) -> None:
    remote = opener(guest.host).remote
    remote.start("ping -n 60 127.0.0.1")
    assert guest.running()
    remote.reconnect()
    guest.await_idle()


def test_no_shell_is_left_behind(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    remote.run("ver")
    remote.close()
    assert not own_guest.shells()


def test_closing_when_the_guest_has_gone_is_quick(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    own_guest.machine.power_off(force=True)
    began = time.monotonic()
    remote.close()
    assert time.monotonic() - began < 7
