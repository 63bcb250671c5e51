"""What the powershell provisioner sends to a Windows machine: every option on the wire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.errors import ConnectionLost, ProvisionError, TemplateError, TransferError
from imagesmith.interfaces import CommandResult
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.powershell import Powershell
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.provisioners.timed_remote import timed
from tests.effects import shows
from tests.provisioners.local_remote import Scene
from tests.provisioners.windows_remote import ElevatingRemote, WindowsRemote

SCRIPT = r"c:/Windows/Temp/script-[0-9a-f]{16}\.ps1"
VARIABLES = r"c:/Windows/Temp/env-vars-[0-9a-f]{16}\.ps1"


@pytest.fixture
def windows() -> WindowsRemote:
    return WindowsRemote()


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "setup.ps1").write_bytes(b"Write-Output 'file'\n")
    return str(tmp_path / "setup.ps1")


def run(remote: WindowsRemote, scene: Scene, **options: Any) -> None:
    complete(Powershell(**options)).run(remote, scene.provision)


@shows(Powershell, "inline")
def test_inline_lines_are_framed_uploaded_run_and_removed(windows: WindowsRemote, scene: Scene) -> None:
    windows.on("-file", CommandResult(0, "hello\n"))
    run(windows, scene, inline=["Write-Output hello", "dir {{ .Host }}"])
    upload, command, removal = windows.wire
    path = upload.split()[1]
    assert re.fullmatch(SCRIPT, path)
    assert command == f"run powershell -executionpolicy bypass -file {path}"
    assert removal == 'run del /f /q "' + path.replace("/", "\\") + '"'
    assert windows.text(".ps1") == (
        "$ProgressPreference = 'SilentlyContinue'\r\n"
        '$env:PACKER_BUILDER_TYPE="null"; $env:PACKER_BUILD_NAME="web"; \r\n'
        "try {\r\nWrite-Output hello\r\ndir 192.0.2.1\r\n}\r\ncatch {\r\n"
        "Write-Error -ErrorRecord $_ -ErrorAction Continue\r\nexit 1\r\n}\r\n"
        "if ($LASTEXITCODE) { exit $LASTEXITCODE }\r\n"
    )
    assert scene.stdout == ["hello"]
    assert windows.files == {}


@shows(Powershell, "script")
def test_a_file_is_run_as_it_is_with_its_variables_before_it(windows: WindowsRemote, scene: Scene, file: str) -> None:
    run(windows, scene, script=file, environment_vars=["WHO=me"])
    paths = [line.split()[1] for line in windows.wire[:2]]
    assert re.fullmatch(SCRIPT, paths[0])
    assert re.fullmatch(VARIABLES, paths[1])
    assert windows.contents[paths[0]] == b"Write-Output 'file'\n"
    assert '$env:WHO="me"; ' in windows.text(paths[1])
    quiet = "$ProgressPreference = 'SilentlyContinue'"
    assert windows.commands[0] == (
        f"powershell -executionpolicy bypass -command \"& {{ {quiet}; . {paths[1]}; & '{paths[0]}'; "
        'exit $LASTEXITCODE }"'
    )
    assert windows.files == {}


@shows(Powershell, "scripts")
def test_scripts_run_in_order(windows: WindowsRemote, scene: Scene, tmp_path: Path) -> None:
    for name in ("b.ps1", "a.ps1"):
        (tmp_path / name).write_text(name)
    run(windows, scene, scripts=[str(tmp_path / "b.ps1"), str(tmp_path / "a.ps1")])
    sent = [content for path, content in windows.contents.items() if re.fullmatch(SCRIPT, path)]
    assert sent == [b"b.ps1", b"a.ps1"]


@shows(Powershell, "environment_vars", "env")
def test_variables_are_escaped_and_a_map_wins(windows: WindowsRemote, scene: Scene) -> None:
    awkward = '$HOME `id` "word" it\'s “so”'
    run(windows, scene, inline=["x"], environment_vars=[f"A={awkward}", "B=list"], env={"B": "map"})
    text = windows.text(".ps1")
    assert '$env:A="`$HOME ``id`` `"word`" it`\'s `“so`”"; ' in text
    assert '$env:B="map"; ' in text
    assert not any("word" in command for command in windows.commands)


def test_text_beyond_ascii_is_marked_as_utf_8(windows: WindowsRemote, scene: Scene) -> None:
    run(windows, scene, inline=["Write-Output 密码"])
    (content,) = windows.contents.values()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "密码" in content.decode("utf-8-sig")


@shows(Powershell, "env_var_format", "elevated_env_var_format", "elevated_user")
def test_the_format_of_variables_can_be_chosen(scene: Scene) -> None:
    remote = ElevatingRemote()
    given = {"env_var_format": "${env:%s} = '%s'\n", "elevated_env_var_format": "Set-Item env:%s '%s'\n"}
    run(remote, scene, inline=["x"], env={"A": "b"}, **given)
    assert "${env:A} = 'b'\n" in remote.text(".ps1")
    remote.contents.clear()
    run(remote, scene, inline=["x"], env={"A": "b"}, elevated_user="SYSTEM", **given)
    assert "Set-Item env:A 'b'\n" in remote.text(".ps1")


@shows(Powershell, "execute_command", "remote_path", "remote_env_var_path")
def test_the_command_and_the_paths_can_be_chosen(windows: WindowsRemote, scene: Scene) -> None:
    paths = {"remote_path": "c:/in/a.ps1", "remote_env_var_path": "c:/in/vars.ps1"}
    run(windows, scene, inline=["x"], execute_command="ps {{.Vars}} {{.Path}} {{.Host}} {{build `ID`}}", **paths)
    assert windows.commands[0] == "ps c:/in/vars.ps1 c:/in/a.ps1 192.0.2.1 i-1"
    assert set(windows.contents) == {"c:/in/a.ps1", "c:/in/vars.ps1"}


@pytest.mark.parametrize("inline", [True, False])
@shows(Powershell, "use_pwsh", "execution_policy")
def test_the_program_and_its_policy_can_be_chosen(inline: bool, scene: Scene, file: str) -> None:
    what: dict[str, Any] = {"inline": ["x"]} if inline else {"script": file}
    beginnings = []
    for given in ({"use_pwsh": True, "execution_policy": "remotesigned"}, {"execution_policy": "none"}):
        remote = WindowsRemote()
        run(remote, scene, **what, **given)
        beginnings.append(remote.commands[0].split(" -file ")[0].split(" -command ")[0])
    assert beginnings == ["pwsh -executionpolicy remotesigned", "powershell"]


@pytest.mark.parametrize("inline", [True, False])
@shows(Powershell, "debug_mode")
def test_a_script_can_be_traced(inline: bool, windows: WindowsRemote, scene: Scene, file: str) -> None:
    run(windows, scene, **({"inline": ["x"]} if inline else {"script": file}), debug_mode=2)
    sent = "".join(content.decode() for content in windows.contents.values()) + "".join(windows.commands)
    assert "Set-PSDebug -Trace 2" in sent


@shows(Powershell, "elevated_user", "elevated_password", "elevated_execute_command")
def test_elevated_scripts_are_run_by_the_way_in(scene: Scene) -> None:
    remote = ElevatingRemote()
    command = "elevated {{.Path}} {{.Vars}}"
    account = {"elevated_user": "Administrator", "elevated_password": "Secret-9"}
    run(remote, scene, inline=["x"], elevated_execute_command=command, **account)
    ((user, password, ran),) = remote.elevated
    assert (user, password) == ("Administrator", "Secret-9")
    assert re.fullmatch(f"elevated {SCRIPT} {VARIABLES}", ran)
    assert "Secret-9" not in "".join(remote.wire) + "".join(map(repr, remote.contents.values()))
    run(remote, scene, inline=["x"], elevated_user="SYSTEM")
    assert remote.elevated[1][:2] == ("SYSTEM", "")


def test_the_elevated_password_may_be_that_of_the_way_in(scene: Scene) -> None:
    remote = ElevatingRemote()
    scene.generated = {"WinRMPassword": "Told-By-The-Cloud-1"}
    run(remote, scene, inline=["x"], elevated_user="a", elevated_password="{{.WinRMPassword}}")
    assert remote.elevated[0][1] == "Told-By-The-Cloud-1"


def test_a_provisioner_with_a_timeout_can_still_run_as_another_user(scene: Scene) -> None:
    remote = ElevatingRemote()
    with time_limit(60, "over") as token:
        options = complete(Powershell(inline=["x"], elevated_user="SYSTEM"))
        options.run(timed(remote, token), scene.provision)
    assert len(remote.elevated) == 1


def test_elevated_over_a_way_in_that_can_t_is_told(windows: WindowsRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='elevated_user "SYSTEM"') as caught:
        run(windows, scene, inline=["x"], elevated_user="SYSTEM")
    assert "winrm" in caught.value.hint
    assert windows.files == {}


@shows(Powershell, "valid_exit_codes")
def test_exit_codes(windows: WindowsRemote, scene: Scene) -> None:
    windows.on("-file", CommandResult(3010))
    run(windows, scene, inline=["x"], valid_exit_codes=[0, 3010])
    with pytest.raises(ProvisionError, match="exit status 3010") as caught:
        complete(Powershell(inline=["x"])).run(windows, scene.provision)
    assert caught.value.exit_status == 3010
    assert windows.files == {}


@shows(Powershell, "valid_exit_codes")
def test_a_script_that_cuts_the_connection_fails_unless_that_is_valid(windows: WindowsRemote, scene: Scene) -> None:
    windows.on("-file", CommandResult(None))
    with pytest.raises(ProvisionError, match="connection broke") as caught:
        complete(Powershell(inline=["x"])).run(windows, scene.provision)
    assert "windows-restart" in caught.value.hint
    run(windows, scene, inline=["x"], valid_exit_codes=[2300218])


@shows(Powershell, "skip_clean")
def test_scripts_can_be_left(windows: WindowsRemote, scene: Scene) -> None:
    run(windows, scene, inline=["x"], skip_clean=True)
    assert len(windows.files) == 1


@shows(Powershell, "start_retry_timeout")
def test_a_start_is_tried_again_while_the_connection_is_at_fault(windows: WindowsRemote, scene: Scene) -> None:
    windows.faults.append(("upload c:", TransferError("cut")))
    with pytest.raises(TransferError):
        run(windows, scene, inline=["x"], start_retry_timeout=0.0)
    windows.faults.append(("upload c:", TransferError("cut")))
    complete(Powershell(inline=["x"])).run(windows, scene.provision)
    assert any("trying again" in line for line in scene.said)
    assert [line.split()[1] for line in windows.wire if line.startswith("run")] == ["del", "powershell", "del"]


@shows(Powershell, "pause_after")
def test_a_pause_comes_after_the_last_script(windows: WindowsRemote, scene: Scene) -> None:
    run(windows, scene, inline=["x"], pause_after=0.01)
    assert scene.said[-1] == "Pausing 0.01 s after this provisioner"


def test_what_can_t_be_removed_is_said_and_no_error(windows: WindowsRemote, scene: Scene) -> None:
    windows.faults.append(("run del", ConnectionLost("gone")))
    run(windows, scene, inline=["x"], start_retry_timeout=0.0)
    assert any("may still be on the machine: gone" in line for line in scene.said)


def test_a_known_secret_on_a_command_line_is_moved_into_a_file(windows: WindowsRemote, scene: Scene) -> None:
    redact.register("s3cr3t-on-a-line")
    run(windows, scene, inline=["x"], execute_command="ps {{.Path}} s3cr3t-on-a-line 100% %TEMP%")
    assert "s3cr3t" not in "".join(windows.wire)
    assert re.fullmatch(r'"c:\\Windows\\Temp\\command-[0-9a-f]{16}\.cmd"', windows.commands[0])
    assert re.fullmatch(rf"@ps {SCRIPT} s3cr3t-on-a-line 100%% %TEMP%\r\n", windows.text(".cmd"))
    assert windows.files == {}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "there is no script"),
        ({"inline": ["x"], "script": "y"}, "inline and script"),
        ({"inline": ["x"], "elevated_password": "p"}, "without an elevated_user"),
        ({"inline": ["x"], "debug_mode": 3}, "debug_mode"),
        ({"inline": ["x"], "execution_policy": "lax"}, "execution_policy"),
        ({"inline": ["x"], "inline_shebang": "/bin/sh"}, "inline_shebang"),
        ({"inline": ["x"], "start_retry_timeout": "-1s"}, "start_retry_timeout"),
        ({"inline": ["x"], "pause_after": "-1s"}, "pause_after"),
        ({"inline": ["x"], "env_var_format": "%d"}, r"\$env:"),
        ({"script": "/nonexistent.ps1"}, "there is no script"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(options: dict[str, Any], word: str) -> None:
    with pytest.raises(TemplateError, match=word):
        decode(Powershell, [Given(name, value) for name, value in options.items()], owner="powershell")
