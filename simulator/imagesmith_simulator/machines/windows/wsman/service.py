"""The WinRM service: what each request of WS-Management does to shells and commands.

Supported: Identify; Create, Get, Delete of the resource ``windows/shell/cmd`` with Command, Send, Receive and Signal.
Everything else is answered with the fault of an unknown action or resource, as by a Windows without that plugin.
"""

from __future__ import annotations

import base64
import binascii
import time
import xml.etree.ElementTree as ET
from typing import Protocol
from xml.sax.saxutils import escape

from imagesmith_simulator.machines.windows.configuration import WinrmConfiguration
from imagesmith_simulator.machines.windows.processes import CONTROL_C_EXIT, Process
from imagesmith_simulator.machines.windows.streams import Killed, Pipe
from imagesmith_simulator.machines.windows.wsman import faults, soap
from imagesmith_simulator.machines.windows.wsman.shells import (
    Command,
    Output,
    OutputStream,
    Shell,
    Shells,
    new_id,
    open_input,
)
from imagesmith_simulator.machines.windows.wsman.soap import Request

_STATE = f"{soap.SHELL}/CommandState"
_OVERHEAD = 2048  # bytes of an answer that are not output
_SMALLEST_ENVELOPE = 8192
_USUAL_ENVELOPE = 153600


class Guest(Protocol):
    """What the service needs of the machine that it runs in."""

    @property
    def winrm(self) -> WinrmConfiguration:
        """The settings of the service."""
        ...

    def environment(self, user: str) -> dict[str, str]:
        """The variables that a user's processes begin with."""
        ...

    def home(self, user: str) -> str:
        """The folder that a user's processes begin in."""
        ...

    def start(
        self,
        line: str,
        *,
        shell: bool,
        user: str,
        env: dict[str, str],
        cwd: str,
        streams: tuple[Pipe, OutputStream, OutputStream],
    ) -> Process:
        """Run a command line, by cmd.exe with ``shell``."""
        ...


class Service:
    """Answers requests while the machine is on."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.shells = Shells()

    @property
    def settings(self) -> WinrmConfiguration:
        """The settings as they are now."""
        return self._guest.winrm

    def close(self) -> None:
        """End all shells."""
        self.shells.close()

    def answer(self, data: bytes, *, user: str, client: str) -> tuple[int, bytes]:
        """The HTTP status and the envelope that answer a request."""
        try:
            request = soap.parse(data)
        except soap.Malformed as error:
            return 500, faults.malformed(str(error)).as_answer("")
        try:
            limit = self._guest.winrm.max_envelope_kb * 1024
            if len(data) > limit:
                raise faults.envelope_too_big(limit)
            return 200, self._do(request, user, client)
        except soap.Refusal as refusal:
            return 500, refusal.as_answer(request.message_id)
        except (ValueError, binascii.Error) as error:
            return 500, faults.malformed(str(error)).as_answer(request.message_id)

    def _do(self, request: Request, user: str, client: str) -> bytes:
        if request.verb == "Identify":
            return soap.identity()
        if request.verb == "Create":
            return self._create(request, user, client)
        verbs = {
            "Get": self._get,
            "Delete": self._delete,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
        }
        if request.verb not in verbs:
            raise faults.unknown_action(request.action)
        if request.resource != soap.CMD_SHELL:
            raise faults.unknown_resource(request.resource)
        return verbs[request.verb](request, self.shells.get(request.shell_id, user))

    def _create(self, request: Request, user: str, client: str) -> bytes:
        if request.resource != soap.CMD_SHELL:
            raise faults.unknown_resource(request.resource)
        env = self._guest.environment(user)
        names = {name.lower(): name for name in env}
        for item in request.all(".//rsp:Variable"):
            name = item.get("Name", "")
            env[names.get(name.lower(), name)] = item.text or ""
        idle = request.text(".//rsp:IdleTimeOut")
        shell = self.shells.create(
            owner=user,
            client=client,
            env=env,
            cwd=request.text(".//rsp:WorkingDirectory") or self._guest.home(user),
            idle_s=soap.seconds(idle) if idle else self._guest.winrm.idle_timeout_s,
            codepage=int(request.options.get("WINRS_CODEPAGE") or 437),
            limit=self._guest.winrm.max_shells_per_user,
        )
        reference = (
            f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>"
            f'{soap.CMD_SHELL}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell.id}</w:Selector>'
            "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        )
        return soap.answer(request, reference + _describe(shell))

    def _get(self, request: Request, shell: Shell) -> bytes:
        return soap.answer(request, _describe(shell))

    def _delete(self, request: Request, shell: Shell) -> bytes:
        self.shells.delete(shell)
        return soap.answer(request, "")

    def _command(self, request: Request, shell: Shell) -> bytes:
        if len(shell.commands) >= self._guest.winrm.max_processes_per_shell:
            raise faults.too_many_processes(self._guest.winrm.max_processes_per_shell)
        line = request.find(".//rsp:CommandLine")
        if line is None:
            raise ValueError("no CommandLine")
        words = [request.text(".//rsp:Command"), *(item.text or "" for item in request.all(".//rsp:Arguments"))]
        command_line = " ".join(word for word in words if word)
        skip = request.options.get("WINRS_SKIP_CMD_SHELL", "").upper() in ("TRUE", "1")
        output, stdin = Output(), open_input()
        try:
            process = self._guest.start(
                command_line,
                shell=not skip,
                user=shell.owner,
                env=dict(shell.env),
                cwd=shell.cwd,
                streams=(stdin, OutputStream(output, "stdout"), OutputStream(output, "stderr")),
            )
        except Killed:
            raise faults.aborted() from None
        identity = (line.get("CommandId") or new_id()).upper()
        process.on_exit += [output.end, stdin.break_off]
        if process.done.is_set():
            output.end()
            stdin.break_off()
        shell.commands[identity] = Command(identity, stdin, output, process)
        return soap.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{identity}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _send(self, request: Request, shell: Shell) -> bytes:
        for stream in request.all(".//rsp:Send/rsp:Stream") or request.all(".//rsp:Stream"):
            command = shell.command(stream.get("CommandId", ""))
            self._feed(command, stream)
        return soap.answer(request, "<rsp:SendResponse/>")

    def _feed(self, command: Command, stream: ET.Element) -> None:
        if stream.text:
            try:
                command.stdin.write(base64.b64decode(stream.text, validate=True))
            except Killed:
                raise faults.aborted() from None
        if stream.get("End", "").lower() in ("true", "1"):
            command.stdin.close()

    def _receive(self, request: Request, shell: Shell) -> bytes:
        wanted = request.find(".//rsp:DesiredStream")
        if wanted is None:
            raise ValueError("no DesiredStream")
        command = shell.command(wanted.get("CommandId", ""))
        limit = max(
            _SMALLEST_ENVELOPE, min(request.envelope or _USUAL_ENVELOPE, self._guest.winrm.max_envelope_kb * 1024)
        )
        found = command.output.fetch((limit - _OVERHEAD) * 3 // 4, request.timeout_s)
        shell.used = time.monotonic()
        if found is None:
            raise faults.operation_timeout()
        if shell.commands.get(command.id) is not command:
            raise faults.aborted()
        return soap.answer(request, f"<rsp:ReceiveResponse>{_streams(command, found)}</rsp:ReceiveResponse>")

    def _signal(self, request: Request, shell: Shell) -> bytes:
        signal = request.find(".//rsp:Signal")
        if signal is None:
            raise ValueError("no Signal")
        command = shell.command(signal.get("CommandId", ""))
        code = request.text(".//rsp:Code").strip().rpartition("/")[2].lower()
        if code in ("ctrl_c", "ctrl_break"):
            command.process.end(CONTROL_C_EXIT)
        elif code == "terminate":
            shell.remove(command)
        else:
            raise ValueError(f"the signal {code} is unknown")
        return soap.answer(request, "<rsp:SignalResponse/>")


def _streams(command: Command, found: dict[str, bytes]) -> str:
    parts = [
        f'<rsp:Stream Name="{name}" CommandId="{command.id}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in found.items()
    ]
    if found and not command.output.finished:
        return "".join(parts) + f'<rsp:CommandState CommandId="{command.id}" State="{_STATE}/Running"/>'
    parts += [f'<rsp:Stream Name="{name}" CommandId="{command.id}" End="true"/>' for name in ("stdout", "stderr")]
    code = (command.process.exit_code or 0) & 0xFFFFFFFF
    signed = code - (1 << 32) if code >> 31 else code
    parts.append(
        f'<rsp:CommandState CommandId="{command.id}" State="{_STATE}/Done"><rsp:ExitCode>{signed}</rsp:ExitCode>'
        "</rsp:CommandState>"
    )
    return "".join(parts)


def _describe(shell: Shell) -> str:
    return (
        f"<rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId><rsp:ResourceUri>{soap.CMD_SHELL}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(shell.owner)}</rsp:Owner><rsp:ClientIP>{shell.client}</rsp:ClientIP>"
        f"<rsp:IdleTimeOut>PT{shell.idle_s:.3f}S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
