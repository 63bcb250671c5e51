"""The small cmd: what it prints and how it ends; compared with Wine's cmd.exe where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imagesmith_simulator.machines.windows.cmd.interpreter import run_line
from imagesmith_simulator.machines.windows.installation import fresh
from imagesmith_simulator.machines.windows.streams import Buffer, Nothing
from imagesmith_simulator.machines.windows.windows import Windows
from tests.simulator.machines.windows.conftest import USER


class Guest:
    """A Windows that is up, without power or network."""

    def __init__(self) -> None:
        self.windows = Windows(fresh(), "win1", say=print, down=print, winrm_changed=lambda: None)

    def cmd(self, line: str) -> tuple[str, str, int]:
        """Both outputs and the exit code."""
        output, errors = Buffer(), Buffer()
        context = self.windows.context(USER, Nothing(), output, errors)
        context.cwd = "C:\\w"
        self.windows.disk.make_folder("C:\\w")
        code = run_line(self.windows, line, context)
        return output.data.decode(), errors.data.decode(), code

    def batch(self, text: str, arguments: str = "") -> tuple[str, str, int]:
        """The same of a batch file."""
        self.windows.disk.make_folder("C:\\w")
        self.windows.disk.write("C:\\w\\t.bat", text.replace("\n", "\r\n").encode())
        return self.cmd(f"C:\\w\\t.bat {arguments}".strip())


@pytest.fixture
def guest() -> Guest:
    return Guest()


LINES = [
    ("echo hello", "hello\n", 0),
    ("echo.", "\n", 0),
    ('echo "a & b" ^& c', '"a & b" & c\n', 0),
    ("echo a& echo b", "a\nb\n", 0),
    ("(echo a& echo b)& echo c", "a\nb\nc\n", 0),
    ("exit 7", "", 7),
    ("exit /b 5", "", 5),
    ("cmd /c exit 3 && echo yes || echo no", "no\n", 0),
    ("cmd /c exit 0 && echo yes || echo no", "yes \n", 0),
    ("if 1==1 (echo same) else (echo other)", "same\n", 0),
    ("if /i A==a echo folded", "folded\n", 0),
    ("if not A==a echo differs", "differs\n", 0),
    ("if 10 GTR 9 echo greater", "greater\n", 0),
    ("if exist C:\\nowhere.txt (echo there) else echo missing", "missing\n", 0),
    ("if defined NOSUCHVAR (echo set) else (echo unset)", "unset\n", 0),
    ("for %i in (a b c) do @echo [%i]", "[a]\n[b]\n[c]\n", 0),
    ("for /l %i in (1,2,5) do @echo %i", "1\n3\n5\n", 0),
    ('for /f "tokens=2 delims=," %i in ("x,y,z") do @echo %i', "y\n", 0),
    ("(echo b& echo a)>s.txt& sort <s.txt", "a\nb\n", 0),
    ("set /a 7*(3+4)%%10", "9", 0),
    ("echo %NOSUCHVAR%", "%NOSUCHVAR%\n", 0),
    ("echo one>o.txt& type o.txt", "one\n", 0),
    ("echo one>p.txt& echo two>>p.txt& type p.txt", "one\ntwo\n", 0),
    ("type nowhere.txt 2>nul || echo failed", "failed\n", 0),
    ("md d& if exist d\\nul (echo made) else if exist d (echo made)", "made\n", 0),
    ("echo x>a.txt& ren a.txt b.txt& if exist b.txt echo renamed", "renamed\n", 0),
    ("echo x>e.txt& copy e.txt f.txt >nul& del e.txt& if not exist e.txt type f.txt", "x\n", 0),
    ("rem nothing & echo nothing", "", 0),
    ("ver >nul& echo %ERRORLEVEL%", "0\n", 0),
]


@pytest.mark.parametrize(("line", "expected", "code"), LINES)
def test_a_line(guest: Guest, line: str, expected: str, code: int) -> None:
    output, _, ended = guest.cmd(line.replace("%%10", "%10"))
    assert (output.replace("\r\n", "\n"), ended) == (expected, code)


WINE_DIFFERS = {
    "exit": "the line ends the whole batch file",
    "cmd /c exit": "Wine 8 binds && and || otherwise",
    "|| echo": "Wine 8 binds || otherwise",
    "sort": "Wine has no sort",
    "echo %NOSUCHVAR%": "Wine words it otherwise where nothing is to be echoed",
    "for /f": "Wine 8 knows no tokens of texts",
}


def comparable() -> list[str]:
    """The lines that Wine's cmd should run as Windows does, as they are written in batch files."""
    lines = [line.replace("%i", "%%i") for line, _, _ in LINES]
    return [line for line in lines if not any(text in line for text in WINE_DIFFERS)]


@pytest.mark.skipif(shutil.which("wine") is None, reason="wine is not installed")
def test_wine_prints_the_same(guest: Guest, tmp_path: Path) -> None:
    parts = [f"echo --{number}\n{line}\n" for number, line in enumerate(comparable())]
    text = "@echo off\n" + "".join(parts)
    (tmp_path / "t.bat").write_bytes(text.replace("\n", "\r\n").encode())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "WINEPREFIX": str(tmp_path / "prefix")}
    environment |= {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
    try:
        done = subprocess.run(
            ["wine", "cmd", "/c", "t.bat"], env=environment, cwd=tmp_path, capture_output=True, check=False, timeout=110
        )
    finally:
        subprocess.run(["wineserver", "-k"], env=environment, capture_output=True, check=False, timeout=60)
    ours = guest.batch(text)[0].replace("\r\n", "\n").split("--")
    theirs = done.stdout.decode().replace("\r\n", "\n").split("--")
    assert len(theirs) > 20
    assert theirs == ours


def test_a_batch_file_has_arguments_labels_and_subroutines(guest: Guest) -> None:
    text = """@echo off
setlocal enabledelayedexpansion
set N=0
:again
set /a N+=1
if %N% LSS 3 goto again
call :sub "first arg" second
echo %~n0 %1 %~1 %* !N!
endlocal
echo [%N%]
exit /b 4
:sub
echo in %0 %~1 %2
goto :eof
"""
    output, errors, code = guest.batch(text, '"q r" s')
    assert errors == ""
    assert output.replace("\r\n", "\n") == 'in :sub first arg second\nt "q r" q r "q r" s 3\n[]\n'
    assert code == 4


def test_without_echo_off_lines_are_shown(guest: Guest) -> None:
    assert guest.batch("echo x\n")[0] == "\r\nC:\\w>echo x \r\nx\r\n"


def test_variables_are_cut_and_replaced(guest: Guest) -> None:
    text = "@set V=abcdef\n@echo %V:~1,3% %V:~-2% %V:cd=XX%\n"
    assert guest.batch(text)[0] == "bcd ef abXXef\r\n"


@pytest.mark.parametrize(
    ("line", "error", "code"),
    [
        ("nosuch --flag", "'nosuch' is not recognized as an internal or external command", 1),
        ("type nowhere.txt", "The system cannot find the file specified.", 1),
        ("cd C:\\nowhere", "The system cannot find the path specified.", 1),
        ("md C:\\Windows", "already exists", 1),
        ("if a", "was unexpected at this time.", 255),
        ("(echo a", "The syntax of the command is incorrect.", 255),
        ("echo " + "x" * 9000, "The command line is too long.", 1),
        ("timeout /t 5", "Input redirection is not supported", 1),
        ("C:\\w\\own.exe", "no program that this simulated machine can run", 1),
    ],
)
def test_what_goes_wrong_is_said(guest: Guest, line: str, error: str, code: int) -> None:
    guest.windows.disk.make_folder("C:\\w")
    guest.windows.disk.write("C:\\w\\own.exe", b"MZ")
    _, errors, ended = guest.cmd(line)
    assert error in errors
    assert ended == code


def test_the_quotes_around_a_whole_command_go(guest: Guest) -> None:
    guest.windows.disk.make_folder("C:\\w\\a b")
    guest.windows.disk.write("C:\\w\\a b\\c.bat", b"@echo ran %1\r\n")
    assert guest.cmd('"C:/w/a b/c.bat"')[0] == "ran \r\n"
    assert guest.cmd('""C:\\w\\a b\\c.bat" x"')[0] == "ran x\r\n"
    assert guest.cmd('set "FOO=1" && "C:/w/a b/c.bat" y')[0] == "ran y\r\n"
