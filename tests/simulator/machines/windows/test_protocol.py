"""The protocol itself: logins, faults with Windows' codes, streaming, signals, quotas."""

from __future__ import annotations

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError
from winrm.protocol import Protocol

from imagesmith_simulator.machines.windows.wsman import soap
from tests.simulator.machines.windows.conftest import (
    PASSWORD,
    USER,
    Box,
    MakeBox,
    envelope,
    eventually,
    fault_code,
    text_of,
)

RECEIVE = '<rsp:Receive><rsp:DesiredStream CommandId="{}">stdout stderr</rsp:DesiredStream></rsp:Receive>'


def client(box: Box, transport: str, *, secure: bool = False, **options: Any) -> Protocol:
    """pywinrm's protocol object."""
    url = f"https://{box.host}:5986/wsman" if secure else f"http://{box.host}:5985/wsman"
    values: dict[str, Any] = {"server_cert_validation": "ignore", "proxy": None, "ca_trust_path": None, **options}
    return Protocol(url, transport=transport, username=USER, password=PASSWORD, **values)  # type: ignore[arg-type]


def create(box: Box) -> str:
    """A new shell's id."""
    status, _, body = box.post(envelope("Create", "<rsp:Shell/>"))
    assert status == 200, body
    return text_of(body, "ShellId")


def command(box: Box, shell: str, line: str) -> str:
    """A new command's id."""
    body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"
    status, _, answer = box.post(envelope("Command", body, shell=shell))
    assert status == 200, answer
    return text_of(answer, "CommandId")


def test_without_a_login_the_answer_says_which_ones_there_are(box: Box) -> None:
    status, headers, body = box.post(envelope("Create", "<rsp:Shell/>"), {"Authorization": ""})
    assert (status, body) == (401, b"")
    assert headers["server"] == "Microsoft-HTTPAPI/2.0"
    assert headers["www-authenticate"] in ("Negotiate", 'Basic realm="WSMAN"')


def test_basic_counts_only_where_it_and_clear_text_are_allowed(make_box: MakeBox) -> None:
    box = make_box().boot()
    for basic, clear_text, expected in ((True, True, 200), (False, True, 401), (True, False, 401)):
        box.windows.winrm.basic, box.windows.winrm.allow_unencrypted = basic, clear_text
        assert box.post(envelope("Create", "<rsp:Shell/>"))[0] == expected
    assert client(box, "basic", secure=True).open_shell()  # TLS is no clear text


def test_ntlm_without_sealing_is_refused_where_clear_text_is_not_allowed(make_box: MakeBox) -> None:
    box = make_box().boot()
    assert client(box, "ntlm", message_encryption="never").open_shell()
    box.windows.winrm.allow_unencrypted = False
    with pytest.raises(InvalidCredentialsError):
        client(box, "ntlm", message_encryption="never").open_shell()


def test_identify_needs_no_login(box: Box) -> None:
    question = f'<i:Identify xmlns:i="{soap.IDENTITY}"/>'
    body = f'<s:Envelope xmlns:s="{soap.SOAP}"><s:Header/><s:Body>{question}</s:Body></s:Envelope>'
    status, _, answer = box.post(body.encode(), {"Authorization": "", "WSMANIDENTIFY": "unauthenticated"})
    assert status == 200
    assert b"Microsoft Corporation" in answer


def test_a_receive_without_output_ends_with_the_operation_timeout(box: Box) -> None:
    shell = create(box)
    identity = command(box, shell, "ping -n 4 127.0.0.1 &gt;nul")
    began = time.monotonic()
    status, _, body = box.post(envelope("Receive", RECEIVE.format(identity), shell=shell, timeout="PT0.500S"))
    assert (status, fault_code(body)) == (500, 2150858793)
    assert 0.4 < time.monotonic() - began < 2.5


def test_a_shell_that_is_gone_has_its_own_fault(box: Box) -> None:
    shell = create(box)
    assert box.post(envelope("Delete", shell=shell))[0] == 200
    status, _, body = box.post(envelope("Command", "<rsp:CommandLine/>", shell=shell))
    assert (status, fault_code(body)) == (500, 2150858843)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (envelope("Connect"), 2150858753),
        (
            envelope("Create", "<rsp:Shell/>", resource="http://schemas.microsoft.com/powershell/Microsoft.PowerShell"),
            2150858752,
        ),
        (b"<not soap>", 2150858817),
        (b"<a/>", 2150858817),
        (envelope("Create", "<rsp:Shell><!--" + "x" * 160_000 + "--></rsp:Shell>"), 2150858790),
    ],
)
def test_what_can_not_be_done_is_refused_with_windows_codes(box: Box, request_: bytes, code: int) -> None:
    status, _, body = box.post(request_)
    assert (status, fault_code(body)) == (500, code)


def test_a_command_that_is_gone_is_an_invalid_parameter(box: Box) -> None:
    status, _, body = box.post(envelope("Receive", RECEIVE.format("NOPE"), shell=create(box)))
    assert (status, fault_code(body)) == (500, 87)


def test_quotas_are_kept(make_box: MakeBox) -> None:
    box = make_box().boot()
    box.windows.winrm.max_shells_per_user, box.windows.winrm.max_processes_per_shell = 2, 1
    shell = create(box)
    create(box)
    assert fault_code(box.post(envelope("Create", "<rsp:Shell/>"))[2]) == 2150859173
    command(box, shell, "ver")
    body = "<rsp:CommandLine><rsp:Command>ver</rsp:Command></rsp:CommandLine>"
    assert fault_code(box.post(envelope("Command", body, shell=shell))[2]) == 2150859174


def test_an_idle_shell_expires(make_box: MakeBox) -> None:
    box = make_box().boot()
    body = "<rsp:Shell><rsp:IdleTimeOut>PT0.2S</rsp:IdleTimeOut></rsp:Shell>"
    shell = text_of(box.post(envelope("Create", body))[2], "ShellId")
    assert box.post(envelope("Get", shell=shell))[0] == 200
    threading.Event().wait(0.4)
    assert fault_code(box.post(envelope("Get", shell=shell))[2]) == 2150858843


def test_an_answer_fits_into_the_envelope_that_the_client_allows(box: Box) -> None:
    box.windows.disk.write("C:\\big.txt", b"x" * 400_000)
    shell = create(box)
    identity = command(box, shell, "type C:\\big.txt")
    sizes = []
    while True:
        _, _, body = box.post(envelope("Receive", RECEIVE.format(identity), shell=shell, timeout="PT5S"))
        sizes.append(len(body))
        if b"CommandState/Done" in body:
            break
    assert len(sizes) >= 4
    assert 100_000 < max(sizes) <= 153_600


def test_output_comes_while_the_command_runs(box: Box) -> None:
    shell = create(box)
    identity = command(box, shell, "echo first&amp; ping -n 3 127.0.0.1 &gt;nul&amp; echo last")
    began = time.monotonic()
    _, _, body = box.post(envelope("Receive", RECEIVE.format(identity), shell=shell, timeout="PT5S"))
    assert base64.b64decode(text_of(body, "Stream")) == b"first\r\n"
    assert b"CommandState/Running" in body
    assert time.monotonic() - began < 1.5


def test_input_is_sent_while_the_command_runs(box: Box) -> None:
    shell = create(box)
    identity = command(box, shell, "findstr .")
    for text, end in (("a\r\n", "false"), ("b\r\n", "true")):
        data = base64.b64encode(text.encode()).decode()
        stream = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{identity}" End="{end}">{data}</rsp:Stream></rsp:Send>'
        assert box.post(envelope("Send", stream, shell=shell))[0] == 200
    _, _, body = box.post(envelope("Receive", RECEIVE.format(identity), shell=shell, timeout="PT5S"))
    assert base64.b64decode(text_of(body, "Stream")) == b"a\r\nb\r\n"


@pytest.mark.parametrize(("signal", "ended"), [("ctrl_c", True), ("terminate", False)])
def test_signals_end_commands(box: Box, signal: str, ended: bool) -> None:
    shell = create(box)
    identity = command(box, shell, "ping -n 60 127.0.0.1 &gt;nul")
    running = {process.pid for process in box.windows.processes.running()}
    code = f"<rsp:Code>{soap.SHELL}/signal/{signal}</rsp:Code>"
    body = f'<rsp:Signal CommandId="{identity}">{code}</rsp:Signal>'
    assert box.post(envelope("Signal", body, shell=shell))[0] == 200
    assert eventually(lambda: not running & {process.pid for process in box.windows.processes.running()}, 3)
    status, _, answer = box.post(envelope("Receive", RECEIVE.format(identity), shell=shell))
    if ended:
        assert text_of(answer, "ExitCode") == "-1073741510"
    else:
        assert (status, fault_code(answer)) == (500, 87)


def test_many_shells_run_side_by_side(box: Box) -> None:
    def work(number: int) -> str:
        return box.session("ntlm" if number % 2 else "basic").run_cmd(f"echo {number}").std_out.decode()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [f"{number}\r\n" for number in range(16)]


def test_a_shell_has_a_folder_and_variables_of_its_own(box: Box) -> None:
    protocol = client(box, "basic")
    shell = protocol.open_shell(working_directory="C:\\windows\\temp", env_vars={"GREETING": "hello"})
    identity = protocol.run_command(shell, "echo %GREETING% from %CD%")
    assert protocol.get_command_output(shell, identity)[0] == b"hello from C:\\Windows\\Temp\r\n"
    protocol.cleanup_command(shell, identity)
    protocol.close_shell(shell)


def test_pywinrm_takes_our_operation_timeout_for_what_it_is(box: Box) -> None:
    protocol = client(box, "basic", operation_timeout_sec=1, read_timeout_sec=5)
    shell = protocol.open_shell()
    identity = protocol.run_command(shell, "ping -n 30 127.0.0.1 >nul")
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, identity)
    protocol.cleanup_command(shell, identity)
    protocol.close_shell(shell)
