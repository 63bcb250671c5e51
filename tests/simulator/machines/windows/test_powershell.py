"""The small PowerShell: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import base64
import zipfile
from io import BytesIO

import pytest

from imagesmith_simulator.machines.windows.powershell.command_line import run
from imagesmith_simulator.machines.windows.streams import Buffer
from tests.simulator.machines.windows.conftest import USER
from tests.simulator.machines.windows.test_cmd import Guest


def powershell(guest: Guest, *arguments: str, stdin: bytes = b"") -> tuple[str, str, int]:
    """Both outputs, with plain line ends, and the exit code."""
    output, errors = Buffer(), Buffer()
    context = guest.windows.context(USER, Buffer(stdin), output, errors)
    code = run(guest.windows, list(arguments), context)
    return output.data.decode().replace("\r\n", "\n"), errors.data.decode().replace("\r\n", "\n"), code


def encoded(script: str, *options: str) -> list[str]:
    return [*options, "-EncodedCommand", base64.b64encode(script.encode("utf-16-le")).decode()]


@pytest.fixture
def guest() -> Guest:
    return Guest()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("'a'; \"b\"; 1 + 2", "a\nb\n3\n"),
        ('$x = 5; "$x and $($x + 1) and `$x"', "5 and 6 and $x\n"),
        ("$h = @{ One = 1; 'two words' = 2 }; $h.one + $h['two words']", "3\n"),
        ("1..3 | ForEach-Object { $_ * 2 } | Where-Object { $_ -gt 2 }", "4\n6\n"),
        ("foreach ($i in 1, 2) { if ($i -eq 2) { 'two' } else { 'one' } }", "one\ntwo\n"),
        ("for ($i = 0; $i -lt 3; $i++) { if ($i -eq 1) { continue }; $i }", "0\n2\n"),
        ("$i = 0; do { $i++ } while ($i -lt 4); $i", "4\n"),
        ("$a = @(); $a += 'x'; $a += 'y'; $a.Count; $a -join '-'", "2\nx-y\n"),
        ("switch ('abc') { 'x' { 1 } { $_ -like 'a*' } { 2 } default { 3 } }", "2\n"),
        ("function Add($a, $b = 10) { return $a + $b }; Add 1; Add -b 2 -a 3", "11\n5\n"),
        ("function Test { param([switch]$Yes, [int]$N = 1) \"$Yes $N\" }; Test -Yes -N '7'", "True 7\n"),
        ("try { throw 'oops' } catch { \"caught $_\" } finally { 'done' }", "caught oops\ndone\n"),
        ("'a,b;c' -split '[,;]' | Select-Object -Last 1", "c\n"),
        ("'Hello World' -replace 'o(.)', '0$1'", "Hell0 W0rld\n"),
        ("if ('abc123' -match '(\\d+)') { $Matches[1] }", "123\n"),
        ("'{0:N2}|{1,5}|{2:X4}' -f 3.14159, 'x', 255", "3.14|    x|00FF\n"),
        ("$env:FOO = 'bar'; cmd /c 'echo %FOO%'; $LASTEXITCODE", "bar\n0\n"),
        ("cmd /c exit 9; $LASTEXITCODE; $?", "9\nTrue\n"),
        ("[int]'42' + 1; [string]5 + '5'; [byte[]](65, 66) -join ','", "43\n55\n65,66\n"),
        ("$null -eq $nothing; -not 0; !'x'", "True\nTrue\nFalse\n"),
        ("(Get-Date).Year -gt 2000", "True\n"),
        ("@{a = 1} | ConvertTo-Json -Compress", '{"a":1}\n'),
        ("('{\"a\": [1, 2]}' | ConvertFrom-Json).a[1]", "2\n"),
        ("3, 1, 2 | Sort-Object -Descending", "3\n2\n1\n"),
        ("& { 'block'; return; 'never' }", "block\n"),
        (
            "& $env:SystemRoot\\System32\\hostname.exe; & \"$env:windir\\System32\\hostname\"; & ('host' + 'name')",
            "win1\n" * 3,
        ),
        ("@'\nhere $not\n'@", "here $not\n"),
        ("$a, $b = 1, 2, 3; $b -join '+'", "2+3\n"),
        ("Write-Host a b; Write-Output c | Out-Null", "a b\n"),
        ("[Math]::Max(3, 7); [IO.Path]::Combine('C:\\a', 'b')", "7\nC:\\a\\b\n"),
        ("('x' * 3).ToUpper().Substring(1)", "XX\n"),
    ],
)
def test_a_script(guest: Guest, script: str, expected: str) -> None:
    output, errors, _ = powershell(guest, *encoded("$ProgressPreference = 'SilentlyContinue'\n" + script))
    assert (output, errors) == (expected, "")


@pytest.mark.parametrize(
    ("script", "code", "error"),
    [
        ("exit 5", 5, ""),
        ("throw 'went wrong'", 1, "went wrong"),
        ("Write-Error 'just said'; 'on'", 0, "just said"),
        ("nosuchprogram", 1, "The term 'nosuchprogram' is not recognized"),
        ("cmd /c exit 3", 1, ""),
        ("$ErrorActionPreference = 'Stop'; Get-Item C:\\nowhere; 'never'", 1, "Cannot find path 'C:\\nowhere'"),
        ("Get-Item C:\\nowhere -ErrorAction SilentlyContinue; 'on'", 0, ""),
        ("[IO.File]::ReadAllText('C:\\nowhere'); 'on'", 0, "Could not find file 'C:\\nowhere'"),
        ("trap { [Console]::Error.WriteLine('trapped'); exit 4 }; throw 'x'", 4, "trapped"),
        ("if ($true) {", 1, "Missing closing '}'"),
        ("a && b", 1, "The token '&&' is not a valid statement separator"),
    ],
)
def test_how_a_script_ends(guest: Guest, script: str, code: int, error: str) -> None:
    output, errors, ended = powershell(guest, *encoded(script, "-OutputFormat", "Text"))
    assert ended == code, errors
    assert error in errors if error else not errors
    assert ("on\n" in output) == ("'on'" in script)


@pytest.mark.parametrize(
    "script",
    [
        "Install-WindowsFeature Web-Server",
        "try { Get-WindowsUpdate } catch { }",
        "Install-Module x -ErrorAction SilentlyContinue",
        "[System.Net.WebClient]::new()",
        "'x'.Normalize()",
        "New-Object -ComObject Shell.Application",
        "Get-WmiObject Win32_Fan",
    ],
)
def test_what_it_does_not_know_ends_the_script_loudly(guest: Guest, script: str) -> None:
    output, errors, code = powershell(guest, *encoded(f"{script}\n'after'", "-OutputFormat", "Text"))
    assert (code, output) == (1, "")
    assert "the simulated PowerShell does not know" in errors


def test_errors_of_an_encoded_command_are_clixml_and_progress_is_in_it(guest: Guest) -> None:
    _, errors, _ = powershell(guest, *encoded("Get-Date | Out-Null; Write-Error 'bad <thing>'"))
    assert errors.startswith("#< CLIXML\n<Objs ")
    assert '<S S="Error">' in errors
    assert "bad &lt;thing&gt;_x000D__x000A_</S>" in errors
    assert "Preparing modules for first use." in errors
    assert powershell(guest, *encoded("$ProgressPreference='SilentlyContinue'; Get-Date | Out-Null"))[1] == ""
    assert "CLIXML" not in powershell(guest, "-Command", "Write-Error bad")[1]


def test_a_file_gets_arguments_and_policies_count(guest: Guest) -> None:
    text = "param([string]$Name, [switch]$Loud)\nif ($Loud) { $Name.ToUpper() } else { $Name }\nexit 3\n"
    guest.windows.disk.write("C:\\t.ps1", text.encode())
    assert powershell(guest, "-ExecutionPolicy", "Bypass", "-File", "C:/t.ps1", "-Name", "x y", "-Loud")[::2] == (
        "X Y\n",
        3,
    )
    assert powershell(guest, "-ep", "bypass", "& 'C:\\t.ps1' z; $LASTEXITCODE")[0] == "z\n3\n"
    _, errors, code = powershell(guest, "-ExecutionPolicy", "Restricted", "-File", "C:\\t.ps1")
    assert (code, "running scripts is disabled" in errors) == (1, True)
    assert powershell(guest, "-File", "C:\\none.ps1")[2] == -196608


def test_input_comes_as_lines_or_as_a_stream(guest: Guest) -> None:
    script = 'foreach ($line in $input) { "<$line>" }'
    assert powershell(guest, *encoded(script), stdin=b"a\r\nb\r\n")[0] == "<a>\n<b>\n"
    stream = '$r = New-Object IO.StreamReader ([Console]::OpenStandardInput()); while ($l = $r.ReadLine()) { "<$l>" }'
    assert powershell(guest, *encoded(stream, "-InputFormat", "None"), stdin=b"a\r\nb")[0] == "<a>\n<b>\n"


def test_files_and_archives(guest: Guest) -> None:
    script = """
New-Item -ItemType Directory -Force -Path C:\\d\\sub | Out-Null
Set-Content C:\\d\\a.txt 'one', 'two'
Add-Content -Path C:\\d\\a.txt -Value three
[IO.File]::WriteAllBytes('C:\\d\\sub\\b.bin', [byte[]](0, 255))
(Get-Content C:\\d\\a.txt)[-1]
(Get-FileHash C:\\d\\sub\\b.bin).Hash
Compress-Archive -Path C:\\d -DestinationPath C:\\d.zip
Get-ChildItem C:\\d -Recurse | ForEach-Object { $_.FullName }
Remove-Item C:\\d -Recurse
Test-Path C:\\d
Expand-Archive C:\\d.zip C:\\out
[IO.File]::ReadAllText('C:\\out\\d\\a.txt').Length
"""
    output, errors, _ = powershell(guest, *encoded(script, "-OutputFormat", "Text"))
    assert errors == ""
    digest = "06EB7D6A69EE19E5FBDF749018D3D2ABFA04BCBD1365DB312EB86DC7169389B8"
    listed = "C:\\d\\a.txt\nC:\\d\\sub\nC:\\d\\sub\\b.bin\n"
    assert output == f"three\n{digest}\n{listed}False\n17\n"
    with zipfile.ZipFile(BytesIO(bytes(guest.windows.disk.file("C:\\d.zip").data))) as archive:
        assert sorted(archive.namelist()) == ["d/a.txt", "d/sub/b.bin"]


def test_a_task_runs_as_its_user_and_only_with_his_password(guest: Guest) -> None:
    guest.windows.installation.passwords[USER] = "right"
    script = """
$action = New-ScheduledTaskAction -Execute cmd.exe -Argument '/c whoami > C:\\who.txt & exit 3'
Register-ScheduledTask -TaskName t -Action $action -User '%s' -Password '%s' | Out-Null
Start-ScheduledTask -TaskName t
while ((Get-ScheduledTask -TaskName t).State -eq 'Running') { Start-Sleep -Milliseconds 20 }
(Get-ScheduledTaskInfo -TaskName t).LastTaskResult
Unregister-ScheduledTask -TaskName t -Confirm:$false
"""
    output, errors, _ = powershell(guest, *encoded(script % (USER, "right"), "-OutputFormat", "Text"))
    assert (output, errors) == ("3\n", "")
    assert guest.windows.disk.file("C:\\who.txt").data == b"win1\\administrator\r\n"
    assert guest.windows.installation.tasks == {}
    _, errors, code = powershell(
        guest, *encoded("$ErrorActionPreference='Stop'" + script % (USER, "wrong"), "-OutputFormat", "Text")
    )
    assert (code, "The user name or password is incorrect." in errors) == (1, True)


def test_where_the_language_is_constrained_methods_are_refused(guest: Guest) -> None:
    guest.windows.installation.language_mode = "ConstrainedLanguage"
    script = (
        "$ExecutionContext.SessionState.LanguageMode; try { [IO.File]::Exists('C:\\x') } catch { 'refused' }; 1 + 1"
    )
    assert powershell(guest, *encoded(script, "-OutputFormat", "Text"))[0] == "ConstrainedLanguage\nrefused\n2\n"


def test_registry_and_services(guest: Guest) -> None:
    script = """
$key = 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion'
(Get-ItemProperty $key).ProductName
New-Item -Path HKLM:\\SOFTWARE\\Own | Out-Null
Set-ItemProperty HKLM:\\SOFTWARE\\Own -Name A -Value 5
(Get-ItemProperty HKLM:\\SOFTWARE\\Own -Name A).A
Test-Path HKLM:\\SOFTWARE\\None
(Get-Service WinRM).Status
"""
    output, errors, _ = powershell(guest, *encoded(script, "-OutputFormat", "Text"))
    assert (output, errors) == ("Windows Server 2022 Datacenter\n5\nFalse\nRunning\n", "")
