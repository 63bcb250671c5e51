"""Restarting Windows: what is asked, and when the machine counts as back."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ConnectionRefused,
    HostKeyMismatch,
    ProvisionError,
    TemplateError,
    WaitTimeout,
)
from imagesmith.interfaces import CommandResult
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners import restarting
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.provisioners.windows_restart import WindowsRestart
from imagesmith.waiting import Patience
from tests.effects import shows
from tests.provisioners.local_remote import Scene
from tests.provisioners.windows_remote import WindowsRemote, shown

OLD, OLDER, NEW = (CommandResult(0, f"{milliseconds}\n") for milliseconds in (600_000, 601_000, 5_000))
BOOTED = "LastBootUpTime"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "_PAUSES", Patience(0, first_s=0.01, longest_s=0.01))


@pytest.fixture
def windows() -> WindowsRemote:
    return WindowsRemote()


def run(remote: WindowsRemote, scene: Scene, **options: Any) -> None:
    complete(WindowsRestart(**options)).run(remote, scene.provision)


def test_it_waits_until_windows_has_been_started_anew(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(
        BOOTED,
        OLD,
        OLD,
        OLDER,
        ConnectionLost("cut"),
        ConnectionRefused("not up"),
        AuthenticationFailed("early"),
        NEW,
    )
    run(windows, scene)
    assert windows.commands[1] == 'shutdown /r /f /t 0 /c "packer restart"'
    assert sum(BOOTED in shown(command) for command in windows.commands) == 7
    assert scene.said[-1] == "The machine has been restarted"
    assert sum("not going down yet" in line for line in scene.said) == 1
    assert sum("down, or not ready" in line for line in scene.said) == 1


@shows(WindowsRestart, "restart_command")
def test_the_command_can_be_chosen(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, NEW)
    run(windows, scene, restart_command="Restart-Me")
    assert windows.commands[1] == "Restart-Me"


@pytest.mark.parametrize("answer", [CommandResult(None), CommandResult(1115), CommandResult(1190), ConnectionLost("x")])
def test_a_connection_that_breaks_or_a_restart_under_way_is_fine(
    answer: Any, windows: WindowsRemote, scene: Scene
) -> None:
    windows.on(BOOTED, OLD, NEW)
    windows.on("shutdown", answer)
    run(windows, scene)


def test_a_restart_that_is_refused_fails_at_once(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD)
    windows.on("shutdown", CommandResult(5))
    with pytest.raises(ProvisionError, match="exit code 5"):
        run(windows, scene)


@shows(WindowsRestart, "restart_timeout")
def test_a_machine_that_does_not_come_back_is_told(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, ConnectionRefused("nothing listens on 5985"))
    told = r"not back 0.2 s after .*last: nothing listens on 5985"
    with time_limit(3, "the option is ignored") as scene.cancel, pytest.raises(WaitTimeout, match=told):
        run(windows, scene, restart_timeout=0.2)


def test_another_host_key_ends_the_wait(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, HostKeyMismatch("changed"))
    with pytest.raises(HostKeyMismatch):
        run(windows, scene)


def test_a_machine_that_does_not_tell_when_it_was_started_is_not_restarted(
    windows: WindowsRemote, scene: Scene
) -> None:
    windows.on(BOOTED, CommandResult(1, "", "access denied"))
    with pytest.raises(ProvisionError, match="access denied"):
        run(windows, scene)
    assert len(windows.commands) == 1


@shows(WindowsRestart, "restart_check_command")
def test_a_command_decides_when_it_is_ready(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, NEW)
    windows.on("am-i-ready", CommandResult(1), CommandResult(0))
    run(windows, scene, restart_check_command="am-i-ready")
    assert windows.commands.count("am-i-ready") == 2
    assert any("restart_check_command ends with exit code 1" in line for line in scene.said)


@shows(WindowsRestart, "check_registry")
def test_pending_restarts_are_waited_for(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, NEW)
    windows.on("Test-Path", CommandResult(0, "HKLM:X\\RebootPending\nHKLM:Y\n"), CommandResult(0, ""))
    run(windows, scene, check_registry=True)
    asked = [shown(command) for command in windows.commands if "Test-Path" in shown(command)]
    assert len(asked) == 2
    assert all(name in asked[0] for name in ("RebootPending'", "PackagesPending'", "RebootInProgress'"))
    assert any("HKLM:X\\RebootPending still exists" in line for line in scene.said)


@shows(WindowsRestart, "registry_keys")
def test_the_keys_can_be_chosen(windows: WindowsRemote, scene: Scene) -> None:
    windows.on(BOOTED, OLD, NEW)
    run(windows, scene, check_registry=True, registry_keys=["HKLM:it's"])
    assert "@('HKLM:it''s')" in shown(windows.commands[-1])


@pytest.mark.parametrize(
    ("options", "word"), [({"restart_timeout": "0s"}, "restart_timeout"), ({"restart_tmeout": "1s"}, "restart_timeout")]
)
def test_what_is_wrong_is_said_before_anything_runs(options: dict[str, Any], word: str) -> None:
    with pytest.raises(TemplateError, match=word):
        decode(WindowsRestart, [Given(name, value) for name, value in options.items()], owner="windows-restart")


def test_keys_without_the_check_are_warned_of() -> None:
    _, warnings = decode(WindowsRestart, [Given("registry_keys", ["HKLM:x"])], owner="windows-restart")
    assert ["check_registry" in str(warning) for warning in warnings] == [True]
