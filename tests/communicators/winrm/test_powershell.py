"""Our scripts as command lines, and paths as expressions."""

from __future__ import annotations

import base64
from importlib.resources import files

import pytest

from imagesmith_winrm import powershell

LONGEST = 8191 - len("cmd.exe /c ")
TOLD = {
    "receive": ("draft", "target", "kind"),
    "draft": ("draft", "action"),
    "send": ("source", "offset"),
    "pack": ("draft", "source"),
    "elevated": ("name", "log"),
    "elevated_end": ("name", "log"),
    "constrained_append": ("draft", "folder"),
    "constrained_place": ("draft", "target", "wanted"),
    "constrained_send": ("source",),
}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_every_script_fits_on_a_command_line_of_cmd(name: str) -> None:
    told = {key: powershell.path("C:/" + "some folder/" * 10 + "some file.txt") for key in TOLD[name]}
    line = powershell.script(name, **told)
    assert len(line) < LONGEST
    text = base64.b64decode(line.rpartition(" ")[2]).decode("utf-16-le")
    assert "# " not in text
    assert all(f"${key} = 'C:\\some folder" in text for key in told)


def test_every_script_is_known_here() -> None:
    found = {path.name.removesuffix(".ps1") for path in (files("imagesmith_winrm") / "scripts").iterdir()}
    assert found == {*TOLD, "opening"}


@pytest.mark.parametrize(
    ("path", "expression"),
    [
        ("C:/Windows/Temp/x.ps1", r"'C:\Windows\Temp\x.ps1'"),
        ('"C:\\Program Files\\x"', r"'C:\Program Files\x'"),
        ("it's", "'it''s'"),
        ("a\u2019b", "'a\u2019\u2019b'"),
        ("%TEMP%/x", r"$env:TEMP + '\x'"),
        ("$env:TEMP\\x", r"$env:TEMP + '\x'"),
        ("${env:TEMP}\\x", r"$env:TEMP + '\x'"),
        ("%ProgramFiles(x86)%", "${env:ProgramFiles(x86)}"),
        ("C:/%A%%B%/c", r"'C:\' + $env:A + $env:B + '\c'"),
        ("~/x", r"$env:USERPROFILE + '\x'"),
        ("~", "$env:USERPROFILE"),
        ("100%", "'100%'"),
        ("$(danger)", "'$(danger)'"),
        ("", "''"),
    ],
)
def test_path_as_an_expression(path: str, expression: str) -> None:
    assert powershell.path(path) == expression
