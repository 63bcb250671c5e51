"""Rebooting any machine: how it is asked for, and how the new start is told from the old one."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import ConnectionLost, ConnectionRefused, ProvisionError, TemplateError, WaitTimeout
from imagesmith.interfaces import CommandResult
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners import restarting
from imagesmith.provisioners.reboot import Reboot
from imagesmith.provisioners.restarting import Start, this_start
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
    machine.on(WINDOWS, CommandResult(0, "600000\n"), CommandResult(0, "5000\n"))
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
    assert not this_start(remote, scene.cancel).is_later_than(first)


@pytest.mark.parametrize(
    ("uptime_s", "asked_s", "later"),
    [
        (2.0, 61.0, True),
        (59.0, 61.0, True),
        (119.0, 130.0, True),
        (130.0, 130.0, False),
        (160.0, 130.0, False),
        # Clocks that run differently.
        (129.9, 130.0, False),
    ],
)
def test_windows_has_been_started_anew_when_it_is_up_for_too_short(
    uptime_s: float, asked_s: float, later: bool
) -> None:
    before = Start(uptime_s=60.0, asked_s=55.0, told_s=60.0)
    assert Start(uptime_s=uptime_s, asked_s=asked_s, told_s=asked_s + 50).is_later_than(before) is later


def test_no_way_in_and_no_time_are_refused(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match="no way into it"):
        complete(Reboot()).run(None, scene.provision)
    with pytest.raises(TemplateError, match="reboot_timeout"):
        decode(Reboot, [Given("reboot_timeout", "0s")], owner="reboot")
