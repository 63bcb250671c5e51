"""What the windows-shell provisioner sends to a Windows machine: every option on the wire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import ProvisionError, TemplateError, TransferError
from imagesmith.interfaces import CommandResult
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.windows_script import batch_line
from imagesmith.provisioners.windows_shell import WindowsShell
from tests.effects import shows
from tests.provisioners.local_remote import Scene
from tests.provisioners.windows_remote import WindowsRemote

SCRIPT = r"c:/Windows/Temp/script-[0-9a-f]{16}\.bat"
PACKERS = 'set "PACKER_BUILDER_TYPE=null" && set "PACKER_BUILD_NAME=web" && '


@pytest.fixture
def windows() -> WindowsRemote:
    return WindowsRemote()


def run(remote: WindowsRemote, scene: Scene, **options: Any) -> None:
    complete(WindowsShell(**options)).run(remote, scene.provision)


@shows(WindowsShell, "inline")
def test_inline_lines_are_uploaded_run_and_removed(windows: WindowsRemote, scene: Scene) -> None:
    windows.on("script-", CommandResult(0, "hello\n"))
    run(windows, scene, inline=["echo hello", "echo {{ .Host }}"])
    upload, command, removal = windows.wire
    path = upload.split()[1]
    assert re.fullmatch(SCRIPT, path)
    assert windows.text(".bat") == "echo hello\r\necho 192.0.2.1\r\n"
    assert command == f'run {PACKERS}"{path}"'
    assert removal == 'run del /f /q "' + path.replace("/", "\\") + '"'
    assert scene.stdout == ["hello"]
    assert windows.files == {}


@shows(WindowsShell, "script", "scripts")
def test_files_are_run_in_order_as_they_are(windows: WindowsRemote, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "a.bat").write_bytes(b"echo a\n")
    (tmp_path / "b.bat").write_bytes(b"echo b\r\n")
    run(windows, scene, scripts=[str(tmp_path / "b.bat"), str(tmp_path / "a.bat")])
    run(windows, scene, script=str(tmp_path / "a.bat"))
    assert list(windows.contents.values()) == [b"echo b\r\n", b"echo a\n", b"echo a\n"]


@shows(WindowsShell, "environment_vars", "env")
def test_variables_are_in_a_file_and_not_on_the_command_line(windows: WindowsRemote, scene: Scene) -> None:
    run(windows, scene, inline=["x"], environment_vars=["A=50% of %PATH%", "B=list"], env={"B": "map"})
    text = windows.text(".cmd")
    assert text.startswith('@set "A=50%% of %PATH%" && set "B=map" && ' + PACKERS)
    assert re.search(f'"{SCRIPT}"\r\n$', text)
    assert "50%" not in "".join(windows.wire)
    assert re.fullmatch(r'"c:\\Windows\\Temp\\command-[0-9a-f]{16}\.cmd"', windows.commands[0])
    assert windows.files == {}


@shows(WindowsShell, "env_var_format", "execute_command", "remote_path")
def test_the_command_the_format_and_the_path_can_be_chosen(windows: WindowsRemote, scene: Scene) -> None:
    given = {"env_var_format": "%s=%s;", "execute_command": "run {{.Vars}} {{.Path}} {{.Host}}"}
    run(windows, scene, inline=["x"], env={"A": "b"}, remote_path="c:/in/a.bat", **given)
    assert windows.commands[0] == ("run A=b;PACKER_BUILDER_TYPE=null;PACKER_BUILD_NAME=web; c:/in/a.bat 192.0.2.1")


@shows(WindowsShell, "valid_exit_codes")
def test_exit_codes(windows: WindowsRemote, scene: Scene) -> None:
    windows.on("script-", CommandResult(3))
    run(windows, scene, inline=["x"], valid_exit_codes=[0, 3])
    with pytest.raises(ProvisionError, match="exit status 3"):
        complete(WindowsShell(inline=["x"])).run(windows, scene.provision)
    assert windows.files == {}


@shows(WindowsShell, "start_retry_timeout")
def test_a_start_is_not_tried_again_for_longer_than_asked(windows: WindowsRemote, scene: Scene) -> None:
    windows.faults.append(("upload c:", TransferError("cut")))
    with pytest.raises(TransferError):
        run(windows, scene, inline=["x"], start_retry_timeout=0.0)


@pytest.mark.parametrize(
    ("line", "written"),
    [("a & b", "a & b"), ("100%", "100%%"), ("%PATH%;%A:b=c%", "%PATH%;%A:b=c%"), ("5 % of %", "5 %% of %%")],
)
def test_percent_signs_that_expand_nothing_are_doubled_in_a_batch_file(line: str, written: str) -> None:
    assert batch_line(line) == written


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "there is no script"),
        ({"inline": ["x"], "environment_vars": ["A=one\ntwo"]}, 'variable "A" holds a line end'),
        ({"inline": ["x"], "env": {"A": "one\ntwo"}}, 'variable "A" holds a line end'),
        ({"inline": ["x"], "inline_shebang": "/bin/sh"}, "inline_shebang"),
        ({"inline": ["x"], "elevated_user": "a"}, "elevated_user"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(options: dict[str, Any], word: str) -> None:
    with pytest.raises(TemplateError, match=word):
        decode(WindowsShell, [Given(name, value) for name, value in options.items()], owner="windows-shell")


def test_binary_has_no_effect_and_says_so() -> None:
    given = [Given("inline", ["x"]), Given("binary", True)]
    _, warnings = decode(WindowsShell, given, owner="windows-shell")
    assert ["no effect" in str(warning) for warning in warnings] == [True]
