"""Clients that we did not write: winrmcp, packer, pywinrm and pypsrp."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from winrm.exceptions import InvalidCredentialsError

from tests.simulator.machines.windows.conftest import PASSWORD, USER, Box, MakeBox


def test_pywinrm_runs_commands_with_basic(box: Box) -> None:
    done = box.session().run_cmd("echo %USERNAME%& exit 3")
    assert (done.status_code, done.std_out) == (3, b"Administrator\r\n")


@pytest.mark.parametrize("secure", [False, True])
def test_pywinrm_runs_commands_with_ntlm_and_seals_its_messages_where_there_is_no_tls(
    make_box: MakeBox, secure: bool
) -> None:
    box = make_box().boot()
    box.windows.winrm.basic = box.windows.winrm.allow_unencrypted = False
    done = box.session("ntlm", secure=secure).run_cmd("whoami")
    assert done.std_out.decode() == f"{box.windows.hostname}\\administrator\r\n"


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_wrong_password_is_refused(box: Box, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        box.session(transport, password="wrong").run_cmd("whoami")


@pytest.mark.parametrize("user", [".\\administrator", "{host}\\Administrator", "ADMINISTRATOR"])
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_user_may_be_named_with_the_machine_and_in_any_case(box: Box, transport: str, user: str) -> None:
    import winrm

    name = user.format(host=box.windows.hostname)
    session = winrm.Session(
        f"http://{box.host}:5985/wsman", auth=(name, PASSWORD), transport=transport, proxy=None, ca_trust_path=None
    )
    assert session.run_cmd("echo in").std_out == b"in\r\n"


def test_pywinrm_reads_the_errors_of_powershell(box: Box) -> None:
    done = box.session().run_ps("Write-Output 'fine'; throw 'went wrong'")
    assert done.status_code == 1
    assert done.std_out == b"fine\r\n"
    assert b"went wrong" in done.std_err
    assert b"<Objs" not in done.std_err


@pytest.mark.skipif(importlib.util.find_spec("pypsrp") is None, reason="pypsrp is not installed")
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_pypsrp_runs_commands_over_its_own_wsman_layer(make_box: MakeBox, auth: str) -> None:
    from pypsrp.shell import Process, SignalCode, WinRS
    from pypsrp.wsman import WSMan

    box = make_box().boot()
    box.windows.winrm.allow_unencrypted = auth == "basic"
    encryption = "always" if auth == "ntlm" else "never"
    options: dict[str, Any] = {"ssl": False, "auth": auth, "encryption": encryption, "no_proxy": True}
    with WSMan(box.host, port=5985, username=USER, password=PASSWORD, **options) as wsman, WinRS(wsman) as shell:
        process = Process(shell, "findstr", ["o"])
        process.begin_invoke()
        process.send(b"one\r\ntwo\r\nthree\r\n", end=True)
        process.poll_invoke()
        process.end_invoke()
        process.signal(SignalCode.CTRL_C)
        assert (process.stdout, process.rc) == (b"one\r\ntwo\r\n", 0)


@pytest.mark.skipif(shutil.which("winrmcp") is None, reason="winrmcp is not installed")
@pytest.mark.parametrize("size", [0, 1, 200_000])
def test_winrmcp_copies_a_file(make_box: MakeBox, tmp_path: Path, size: int) -> None:
    box = make_box(password="Pa55word").boot()
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    target = "C:\\made by winrmcp\\target.bin"
    command = ["winrmcp", f"-addr={box.host}:5985", f"-user={USER}", "-pass=Pa55word", str(source), target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.file(target) == source.read_bytes()


PROVISIONERS: list[dict[str, Any]] = [
    {
        "type": "windows-shell",
        "inline": ["@echo off", "echo shell says %FOO%", "if not exist C:\\p md C:\\p", "echo made>C:\\p\\made.txt"],
        "environment_vars": ["FOO=bar"],
    },
    {"type": "powershell", "inline": ['Write-Output "powershell says $env:FOO"'], "environment_vars": ["FOO=baz"]},
    {"type": "file", "source": "{source}", "destination": "C:/p/uploaded.bin"},
    {"type": "windows-restart", "restart_timeout": "60s"},
    {"type": "windows-shell", "inline": ["type C:\\p\\made.txt"]},
]


def _packer(box: Box, folder: Path, provisioners: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    builder = {"type": "null", "communicator": "winrm", "winrm_host": box.host, "winrm_username": USER}
    template = folder / "t.json"
    values = {"builders": [{**builder, "winrm_password": "Pa55word", **options}], "provisioners": provisioners}
    template.write_text(json.dumps(values))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": "/tmp", "CHECKPOINT_DISABLE": "1"}
    command = ["packer", "build", "-color=false", str(template)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.packer
@pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed")
def test_packer_provisions_through_its_own_winrm_communicator(make_box: MakeBox, tmp_path: Path) -> None:
    box = make_box(password="Pa55word").boot()
    source = tmp_path / "source.bin"
    source.write_bytes(os.urandom(20_000))
    provisioners = json.loads(json.dumps(PROVISIONERS).replace("{source}", str(source)))
    before = box.windows.boot_id
    done = _packer(box, tmp_path, provisioners)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "null: shell says bar" in done.stdout
    assert "null: powershell says baz" in done.stdout
    assert f"null: {box.windows.hostname} restarted." in done.stdout
    assert done.stdout.rstrip().count("null: made") == 1
    assert box.file("C:\\p\\uploaded.bin") == source.read_bytes()
    assert box.windows.boot_id != before


@pytest.mark.packer
@pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed")
def test_packer_logs_in_by_ntlm_and_sees_exit_codes(make_box: MakeBox, tmp_path: Path) -> None:
    box = make_box(password="Pa55word").boot()
    box.windows.winrm.basic = False
    shell = {"type": "windows-shell", "inline": ["@exit 42"]}
    done = _packer(box, tmp_path, [shell], winrm_use_ntlm=True)
    assert done.returncode == 1
    assert "Script exited with non-zero exit status: 42" in done.stdout
