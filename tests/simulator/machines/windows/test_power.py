"""On, off, again; the disk, and images of it."""

from __future__ import annotations

import threading

import pytest

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows import WindowsKind
from tests.simulator.machines.windows.conftest import PASSWORD, USER, Box, MakeBox, eventually, new_box

BOOTED = "(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToString('o')"


@pytest.mark.parametrize(
    "command",
    [
        "shutdown /s /t 0",
        "shutdown -s -f -t 1",
        "powershell -Command Stop-Computer -Force",
        "C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize /oobe /shutdown /quiet",
    ],
)
def test_powering_off_inside_stops_the_machine_and_tells(make_box: MakeBox, command: str) -> None:
    box = make_box()
    off = threading.Event()
    box.machine.on_power_off(off.set)
    box.boot()
    assert box.run(command)[0] == 0
    assert off.wait(10), box.machine.console()
    assert not box.machine.running
    assert not box.listens()
    assert "Power off" in box.machine.console()


@pytest.mark.parametrize("command", ["shutdown /r /f /t 0", "powershell -Command Restart-Computer -Force"])
def test_a_reboot_ends_connections_and_keeps_the_disk(make_box: MakeBox, command: str) -> None:
    box = make_box(user_data=b"[bat]\necho once>>C:\\first-boots.txt\n")
    off = threading.Event()
    box.machine.on_power_off(off.set)
    box.boot()
    before, identity = box.powershell(BOOTED)[1], box.windows.boot_id
    assert box.run(f"echo kept>C:\\kept.txt& {command}")[0] == 0
    assert eventually(lambda: box.machine.windows is not None and box.machine.windows.boot_id != identity)
    assert eventually(box.listens)
    assert box.powershell(BOOTED)[1] > before
    assert box.file("C:\\kept.txt") == b"kept\r\n"
    assert box.file("C:\\first-boots.txt") == b"once\r\n"
    assert not off.is_set()


def test_a_planned_shutdown_can_be_called_off_and_a_second_one_is_refused(make_box: MakeBox) -> None:
    box = make_box().boot()
    assert box.run("shutdown /r /t 60")[0] == 0
    assert box.run("shutdown /r /t 60")[0] == 1190
    assert box.run("shutdown /a")[0] == 0
    assert box.run("shutdown /a")[0] == 1116
    assert box.machine.running


def test_power_off_by_the_cloud_and_boot_again(make_box: MakeBox) -> None:
    box = make_box()
    called: list[str] = []
    box.machine.on_power_off(lambda: called.append("off"))
    box.boot()
    box.run("echo x>C:\\x.txt")
    box.machine.power_off()
    assert not box.machine.running
    assert not box.listens()
    box.machine.boot()
    assert eventually(box.listens)
    assert box.file("C:\\x.txt") == b"x\r\n"
    assert called == []


def test_files_and_settings_are_in_an_image_and_machines_of_it_are_their_own(make_box: MakeBox) -> None:
    first = make_box().boot()
    first.run("md C:\\app& echo v1>C:\\app\\version.txt")
    first.run("C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize /oobe /quit /quiet")
    sid = first.machine.installation.sid
    image = first.machine.snapshot()
    assert image.size_bytes() > 4
    first.run("echo v2>C:\\app\\version.txt")
    kind = WindowsKind()
    try:
        second = new_box(kind, base=image, password="0ther-Password").boot()
        assert second.file("C:\\app\\version.txt") == b"v1\r\n"
        assert second.session(password="0ther-Password").run_cmd("whoami").status_code == 0
        assert second.machine.installation.sid != sid
        assert first.file("C:\\app\\version.txt") == b"v2\r\n"
    finally:
        kind.close()


def test_a_machine_that_was_destroyed_is_gone(make_box: MakeBox) -> None:
    box = make_box().boot()
    box.machine.destroy()
    box.machine.destroy()
    assert not box.machine.running
    assert not box.listens()
    with pytest.raises(UsageError, match="destroyed"):
        box.machine.boot()


def test_a_disk_of_another_kind_is_refused() -> None:
    class Other:
        def size_bytes(self) -> int:
            return 0

        def delete(self) -> None:
            return

    with pytest.raises(UsageError, match="Windows machine's disk"):
        WindowsKind().create(MachineSpec(id="i", hostname="h", os="windows", base=Other()))


def test_addresses_are_loopback_ones_and_are_not_shared(make_box: MakeBox) -> None:
    box = make_box().boot()
    other = make_box()
    with pytest.raises(UsageError, match="loopback"):
        box.machine.listen("192.0.2.1")
    with pytest.raises(UsageError, match="no Windows machine can listen"):
        other.machine.listen(box.host)
    box.machine.stop_listening(box.host)
    assert str(other.machine.listen(box.host)) == box.host


def test_the_firewall_decides_and_what_it_refuses_is_dropped(make_box: MakeBox) -> None:
    box = make_box()
    asked: list[int] = []
    open_ports = {5985}

    def allows(peer: str, port: int) -> bool:
        asked.append(port)
        return port in open_ports

    box.machine.set_firewall(allows)
    box.boot()
    assert eventually(box.listens)
    assert set(asked) == {5985, 5986}
    assert not box.listens(5986)
    open_ports.add(5986)
    assert eventually(lambda: box.listens(5986))


def test_without_a_password_nobody_gets_in(make_box: MakeBox) -> None:
    box: Box = make_box(password="").boot()
    assert box.post(b"<a/>", {"Authorization": ""})[0] == 401
    assert box.session(password=PASSWORD).url.endswith("/wsman")
    from winrm.exceptions import InvalidCredentialsError

    for password in ("", PASSWORD, USER):
        with pytest.raises(InvalidCredentialsError):
            box.session(password=password).run_cmd("whoami")
