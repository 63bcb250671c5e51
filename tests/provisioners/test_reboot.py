"""Rebooting any machine: how it is asked for, and how the new start is told from the old one."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import ConnectionLost, ConnectionRefused, ProvisionError, TemplateError, WaitTimeout
from imagesmith.interfaces import CommandResult
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners import restarting
from imagesmith.provisioners.reboot import Reboot
from imagesmith.provisioners.restarting import this_start
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.waiting import Patience
from tests.effects import shows
from tests.provisioners.local_remote import LocalRemote, Scene
from tests.provisioners.windows_remote import WindowsRemote, shown

POSIX, WINDOWS = "boot_id", "LastBootUpTime"
OLD, NEW = (CommandResult(0, f"{word}-4c0b\n17\n") for word in ("old", "new"))
_NEVER_DOWN = r"not back 0.2 s after .*not going down yet"
NO_SHELL = CommandResult(1, "", "'sh' is not recognized as an internal or external command")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "_PAUSES", Patience(0, first_s=0.01, longest_s=0.01))


@pytest.fixture
def machine() -> WindowsRemote:
    return WindowsRemote()


def run(remote: WindowsRemote, scene: Scene, **options: Any) -> None:
    complete(Reboot(**options)).run(remote, scene.provision)


def test_linux_is_rebooted_and_waited_for(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, OLD, OLD, ConnectionLost("cut"), ConnectionRefused("not up"), NEW)
    machine.on("reboot", CommandResult(None))
    run(machine, scene)
    assert "sudo -n reboot" in machine.commands[1]
    assert len(machine.commands) == 6
    assert scene.said[-1] == "The machine has been restarted"


def test_windows_is_found_out_and_rebooted(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, NO_SHELL)
    machine.on(WINDOWS, CommandResult(0, "6400000000000\n"), CommandResult(0, "6500000000000\n"))
    run(machine, scene)
    asked = [shown(command) for command in machine.commands]
    assert asked[2].startswith("shutdown /r")
    assert sum(POSIX in command for command in asked) == 1


@shows(Reboot, "reboot_command")
def test_the_command_can_be_chosen(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, OLD, NEW)
    run(machine, scene, reboot_command="kexec -e")
    assert machine.commands[1] == "kexec -e"


@shows(Reboot, "reboot_timeout")
def test_a_machine_that_never_goes_down_is_told(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, OLD)
    with time_limit(3, "the option is ignored") as scene.cancel, pytest.raises(WaitTimeout, match=_NEVER_DOWN):
        run(machine, scene, reboot_timeout=0.2)


def test_a_reboot_that_is_refused_fails_at_once(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, OLD)
    machine.on("sudo", CommandResult(1))
    with pytest.raises(ProvisionError, match="exit status 1") as caught:
        run(machine, scene)
    assert "sudo" in caught.value.hint
    assert len(machine.commands) == 2


def test_a_machine_that_tells_nothing_is_not_rebooted(machine: WindowsRemote, scene: Scene) -> None:
    machine.on(POSIX, NO_SHELL)
    machine.on(WINDOWS, NO_SHELL)
    with pytest.raises(ProvisionError, match="does not tell when it was started"):
        run(machine, scene)


def test_the_start_of_this_very_machine_is_told_and_stays_the_same(remote: LocalRemote, scene: Scene) -> None:
    first = this_start(remote, scene.cancel)
    assert first.text.count("\n") == 1
    assert not first.on_windows
    assert first.is_same(this_start(remote, scene.cancel))


def test_no_way_in_and_no_time_are_refused(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match="no way into it"):
        complete(Reboot()).run(None, scene.provision)
    with pytest.raises(TemplateError, match="reboot_timeout"):
        decode(Reboot, [Given("reboot_timeout", "0s")], owner="reboot")
