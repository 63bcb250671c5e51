"""Commands with another user's full rights, as scheduled tasks."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

import pytest

from imagesmith.errors import Cancelled, ProvisionError
from imagesmith.interfaces import Elevating
from imagesmith_winrm.remote import WinrmRemote
from tests.communicators.winrm.conftest import PASSWORD, USER, Guest, Opener
from tests.communicators.winrm.relay import Relay


def nothing_left(guest: Guest) -> bool:
    return not guest.tasks() and not [path for path in guest.paths() if "imagesmith-" in path.lower()]


def test_the_communicator_offers_it(remote: WinrmRemote) -> None:
    assert isinstance(remote, Elevating)


def test_output_and_exit_code(remote: WinrmRemote, guest: Guest) -> None:
    lines: list[str] = []
    result = remote.run_elevated(
        'cmd /c "echo out& echo err 1>&2& exit 5"',
        user=USER,
        password=PASSWORD,
        output=lambda _name, line: lines.append(line),
    )
    assert result.exit_status == 5
    assert [line.strip() for line in lines] == ["out", "err"]
    assert nothing_left(guest)


def test_it_runs_as_that_user(remote: WinrmRemote, guest: Guest) -> None:
    result = remote.run_elevated("echo %USERNAME%", user="SYSTEM")
    assert result.stdout.strip().endswith("$")
    assert nothing_left(guest)


def test_output_comes_while_it_runs(remote: WinrmRemote) -> None:
    came: list[float] = []
    remote.run_elevated(
        'cmd /c "echo first& ping -n 3 127.0.0.1& echo last"',
        user=USER, password=PASSWORD, output=lambda _name, _line: came.append(time.monotonic()),
    )  # fmt: skip
    assert came[-1] - came[0] > 1


def test_password_is_on_no_command_line_and_in_no_file(through: Relay, opener: Opener, guest: Guest) -> None:
    remote = opener("127.0.0.1", through.port, winrm_use_ntlm=False).remote
    before = set(guest.paths())
    through.forget()
    remote.run_elevated("echo done", user=USER, password=PASSWORD)
    commands = [
        base64.b64decode(text).decode("utf-16-le", "replace")
        for text in _encoded(bytes(through.seen).decode("latin-1"))
    ]
    assert commands
    assert not [text for text in commands if PASSWORD in text]
    assert set(guest.paths()) == before


def test_no_log_line_shows_a_password(guest: Guest, opener: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    every: list[dict[str, Any]] = [{"winrm_use_ntlm": False}, {}, {"winrm_use_ssl": True, "winrm_insecure": True}]
    for options in every:
        remote = opener(guest.host, **options).remote
        remote.run_elevated("echo done", user=USER, password=PASSWORD)
    assert caplog.text
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    for shape in (PASSWORD, basic, base64.b64encode(PASSWORD.encode()).decode(), repr(PASSWORD)):
        assert shape not in caplog.text


def _encoded(seen: str) -> list[str]:
    import re

    return re.findall(r"-EncodedCommand ([A-Za-z0-9+/=]+)", seen)


def test_wrong_password_is_explained(remote: WinrmRemote, guest: Guest) -> None:
    with pytest.raises(ProvisionError, match=f'can\'t be run as "{USER}"') as caught:
        remote.run_elevated("echo never", user=USER, password="wrong-password")
    assert "elevated_password" in caught.value.hint
    assert "wrong-password" not in str(caught.value)
    assert nothing_left(guest)


def test_cancelling_ends_the_task_too(guest: Guest, opener: Opener) -> None:
    connection = opener(guest.host)
    timer = threading.Timer(1.5, connection.cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        connection.remote.run_elevated("ping -n 60 127.0.0.1", user=USER, password=PASSWORD)
    timer.join()
    assert nothing_left(guest)
    guest.await_idle()


def test_reboot_meanwhile_leaves_nothing(own_guest: Guest, opener: Opener) -> None:
    remote = opener(own_guest.host).remote
    result = remote.run_elevated('cmd /c "shutdown /r /t 1& ping -n 60 127.0.0.1"', user=USER, password=PASSWORD)
    assert result.exit_status is None
    remote.reconnect(timeout_s=20)
    assert nothing_left(own_guest)
