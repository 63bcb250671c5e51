"""The listener is closed until user data opens it."""

from __future__ import annotations

import pytest

from tests.simulator.machines.windows.conftest import PASSWORD, MakeBox, eventually

QUICK = b"[powershell]\nwinrm quickconfig -quiet\n"
FULL = b"""[powershell]
Write-Output "setting up WinRM"
Set-ExecutionPolicy Unrestricted -Scope LocalMachine -Force -ErrorAction Ignore
$ErrorActionPreference = "stop"
Remove-Item -Path WSMan:\\Localhost\\listener\\listener* -Recurse
cmd.exe /c winrm quickconfig -q
cmd.exe /c winrm set "winrm/config" '@{MaxTimeoutms="1800000"}'
cmd.exe /c winrm set "winrm/config/winrs" '@{MaxMemoryPerShellMB="2048"}'
cmd.exe /c winrm set "winrm/config/service" '@{AllowUnencrypted="true"}'
cmd.exe /c winrm set "winrm/config/service/auth" '@{Basic="true"}'
cmd.exe /c winrm set "winrm/config/listener?Address=*+Transport=HTTP" '@{Port="5985"}'
cmd.exe /c netsh advfirewall firewall set rule group="remote administration" new enable=yes
cmd.exe /c net stop winrm
cmd.exe /c sc config winrm start= auto
cmd.exe /c net start winrm
"""


def test_a_public_image_does_not_listen(make_box: MakeBox) -> None:
    box = make_box(winrm=False).boot()
    assert not box.listens(5985)
    assert not box.listens(5986)


def test_quickconfig_opens_http_for_sealed_ntlm_only(make_box: MakeBox) -> None:
    box = make_box(winrm=False, user_data=QUICK).boot()
    assert eventually(box.listens)
    assert not box.listens(5986)
    assert box.session("ntlm").run_cmd("echo in").std_out == b"in\r\n"
    assert box.post(b"<a/>")[0] == 401


def test_the_whole_script_opens_it_for_basic(make_box: MakeBox) -> None:
    box = make_box(winrm=False, user_data=FULL).boot()
    assert eventually(box.listens), box.machine.console()
    assert box.run("echo in") == (0, "in\r\n", "")
    assert box.windows.winrm.max_memory_per_shell_mb == 2048
    assert "setting up WinRM" in box.machine.console()
    assert "user data has ended with exit code 0" in box.machine.console()


@pytest.mark.parametrize(
    "user_data",
    [
        b"#ps1_sysnative\nEnable-PSRemoting -Force\n",
        b"<powershell>\nEnable-PSRemoting -Force\n</powershell>",
        b"[bat]\r\ncall winrm quickconfig -q\r\n",
        b"rem cmd\nwinrm quickconfig -q\n",
    ],
)
def test_all_forms_of_user_data_are_run(make_box: MakeBox, user_data: bytes) -> None:
    box = make_box(winrm=False, user_data=user_data).boot()
    assert eventually(box.listens), box.machine.console()


def test_https_has_the_machines_own_certificate(make_box: MakeBox) -> None:
    script = b"""[powershell]
$cert = New-SelfSignedCertificate -CertStoreLocation Cert:\\LocalMachine\\My -DnsName "packer"
New-Item -Path WSMan:\\LocalHost\\Listener -Transport HTTPS -Address * -CertificateThumbPrint $cert.Thumbprint -Force
Set-Item WSMan:\\localhost\\Service\\Auth\\Basic $true
"""
    box = make_box(winrm=False, user_data=script).boot()
    assert eventually(lambda: box.listens(5986)), box.machine.console()
    assert not box.listens(5985)
    assert box.session(secure=True).run_cmd("echo in").std_out == b"in\r\n"


def test_user_data_that_is_no_script_is_left_alone_and_named(make_box: MakeBox) -> None:
    box = make_box(winrm=False, user_data=b"#cloud-config\npackages: []\n").boot()
    assert "nothing was run" in box.machine.console()


def test_a_command_that_is_not_known_ends_user_data_loudly(make_box: MakeBox) -> None:
    box = make_box(
        winrm=False, user_data=b"[powershell]\nInstall-WindowsFeature Web-Server\nwinrm quickconfig -q\n"
    ).boot()
    assert "does not know the command Install-WindowsFeature" in box.machine.console()
    assert "exit code 1" in box.machine.console()
    assert not box.listens()


def test_user_data_can_set_the_password(make_box: MakeBox) -> None:
    script = QUICK + b'net user Administrator "N3w-one!"\n'
    box = make_box(winrm=False, user_data=script).boot()
    assert box.session("ntlm", password="N3w-one!").run_cmd("echo in").std_out == b"in\r\n"
    with pytest.raises(Exception, match="rejected"):
        box.session("ntlm", password=PASSWORD).run_cmd("echo in")
