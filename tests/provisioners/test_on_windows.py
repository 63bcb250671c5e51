"""The provisioners for Windows on a simulated Windows machine, over the real WinRM communicator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ProvisionError, WaitTimeout
from imagesmith.interfaces import Address, Login, Remote
from imagesmith.options import Options, complete
from imagesmith.provisioners.powershell import Powershell
from imagesmith.provisioners.reboot import Reboot
from imagesmith.provisioners.windows_restart import WindowsRestart
from imagesmith.provisioners.windows_shell import WindowsShell
from imagesmith.waiting import CancelToken
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows import WindowsKind
from imagesmith_winrm import connect
from tests.provisioners.local_remote import Scene

USER, PASSWORD = "Administrator", "Pa55w.rd-1"
AWKWARD = 'it\'s a "word" and `id` $HOME 密码 100% & more'


class Guest:
    """A simulated Windows machine and the way into it."""

    def __init__(self, machine: Any, remote: Remote, scene: Scene) -> None:
        self.machine, self.remote, self.scene = machine, remote, scene

    def run(self, provisioner: Options) -> list[str]:
        """Run a provisioner; what its scripts print to standard output."""
        self.scene.printed.clear()
        complete(provisioner).run(self.remote, self.scene.provision)  # type: ignore[attr-defined]
        return self.scene.stdout

    def temporary(self) -> list[str]:
        """What is in the folder for scripts."""
        return self.run(Powershell(inline=["Get-ChildItem C:\\Windows\\Temp | ForEach-Object { $_.Name }"]))


@pytest.fixture
def guest(scene: Scene) -> Iterator[Guest]:
    kind = WindowsKind(winrm=True)
    try:
        spec = MachineSpec(id="i-1", hostname="win1", os="windows", username=USER, password=PASSWORD)
        machine = kind.create(spec)
        endpoint = machine.listen("127.77.9.21")
        machine.boot()
        options = CommunicatorOptions(communicator="winrm", winrm_username=USER, winrm_timeout=60.0)
        remote = connect(
            Address(endpoint.host, endpoint.port, "given"),
            Login(USER, password=PASSWORD),
            options,
            cancel=CancelToken(),
            say=lambda _text: None,
            console=lambda: "",
        )
        yield Guest(machine, remote, scene)
        remote.close()
    finally:
        kind.close()


def test_inline_powershell_sees_its_variables(guest: Guest) -> None:
    lines = ["Write-Output $env:PACKER_BUILD_NAME", "Write-Output $env:AWKWARD", "Write-Output {{ .Host }}"]
    assert guest.run(Powershell(inline=lines, env={"AWKWARD": AWKWARD})) == ["web", AWKWARD, "192.0.2.1"]


def test_a_powershell_file_sees_its_variables(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "a.ps1").write_text('Write-Output "$env:WHO here"\r\nexit 3\r\n')
    script = Powershell(script=str(tmp_path / "a.ps1"), environment_vars=["WHO=me"], valid_exit_codes=[3])
    assert guest.run(script) == ["me here"]


@pytest.mark.parametrize(("line", "status"), [("throw 'no'", 1), ("exit 7", 7), ("cmd /c exit 9", 9)])
def test_powershell_errors_are_exit_codes(guest: Guest, line: str, status: int) -> None:
    with pytest.raises(ProvisionError) as caught:
        guest.run(Powershell(inline=["Write-Output before", line]))
    assert caught.value.exit_status == status
    assert guest.scene.stdout == ["before"]


def test_nothing_is_left_of_scripts(guest: Guest) -> None:
    guest.run(Powershell(inline=["Write-Output x"], env={"A": "b"}))
    guest.run(WindowsShell(inline=["@echo x"], env={"A": "b"}))
    with pytest.raises(ProvisionError):
        guest.run(Powershell(inline=["exit 1"]))
    # The one script that looks is still there.
    assert len(guest.temporary()) == 1
    guest.run(Powershell(inline=["Write-Output x"], skip_clean=True))
    assert len(guest.temporary()) == 2


def test_elevated_scripts_run_as_the_user(guest: Guest) -> None:
    script = Powershell(inline=["whoami", "exit 5"], elevated_user="SYSTEM", valid_exit_codes=[5])
    assert [line.lower() for line in guest.run(script)] == ["nt authority\\system"]
    account = {"elevated_user": USER, "elevated_password": PASSWORD}
    (line,) = guest.run(Powershell(inline=["whoami"], **account))  # type: ignore[arg-type]
    assert line.lower().endswith("\\administrator")


def test_batch_scripts_see_their_variables(guest: Guest, tmp_path: Path) -> None:
    given = {"A": "50% off", "B": "two  words", "C": "%SystemRoot%"}
    lines = ["@echo [%A%] [%B%] [%C%]", "@exit /b 4"]
    assert guest.run(WindowsShell(inline=lines, env=given, valid_exit_codes=[4])) == [
        "[50% off] [two  words] [C:\\Windows]"
    ]
    (tmp_path / "a.bat").write_bytes(b"@echo %PACKER_BUILDER_TYPE%\r\n")
    assert guest.run(WindowsShell(script=str(tmp_path / "a.bat"))) == ["null"]


def test_windows_restart_waits_for_the_next_start(guest: Guest) -> None:
    before = guest.machine.windows.boot_id
    guest.run(WindowsRestart(restart_timeout=120.0, check_registry=True))
    assert guest.machine.windows.boot_id != before
    assert guest.run(Powershell(inline=["Write-Output up"])) == ["up"]


def test_reboot_finds_out_that_it_is_windows(guest: Guest) -> None:
    before = guest.machine.windows.boot_id
    guest.run(Reboot(reboot_timeout=120.0))
    assert guest.machine.windows.boot_id != before


def test_a_restart_that_never_happens_is_told(guest: Guest) -> None:
    with pytest.raises(WaitTimeout, match="not going down yet"):
        guest.run(WindowsRestart(restart_command="cmd /c exit 0", restart_timeout=3.0))
