"""Windows machines and ways into them."""

from __future__ import annotations

import base64
import contextlib
import random
import socket
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import winrm

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows import WindowsKind
from imagesmith_simulator.machines.windows.machine import WindowsMachine
from imagesmith_simulator.machines.windows.windows import Windows
from imagesmith_simulator.machines.windows.wsman import soap

USER = "Administrator"
PASSWORD = "Pa55:w0rd-é"
_FAULT = f"{{{soap.FAULT}}}WSManFault"


def eventually(probe: Callable[[], object], timeout_s: float = 10.0) -> bool:
    """Whether ``probe`` becomes true in time."""
    deadline = time.monotonic() + timeout_s
    while not probe():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


@dataclass
class Box:
    """A machine, and where it is."""

    machine: WindowsMachine
    host: str

    @property
    def windows(self) -> Windows:
        assert self.machine.windows, self.machine.console()
        return self.machine.windows

    def listens(self, port: int = 5985) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, port), 1):
            return True
        return False

    def boot(self) -> Box:
        self.machine.boot()
        assert eventually(lambda: "Windows is up" in self.machine.console()), self.machine.console()
        return self

    def file(self, path: str) -> bytes:
        return bytes(self.windows.disk.file(path).data)

    def session(self, transport: str = "basic", *, password: str = PASSWORD, secure: bool = False) -> winrm.Session:
        url = f"https://{self.host}:5986/wsman" if secure else f"http://{self.host}:5985/wsman"
        made = winrm.Session(
            url, auth=(USER, password), transport=transport, server_cert_validation="ignore", proxy=None
        )
        # Left to itself requests changes the environment for a moment at each call, which threads can't do at once.
        made.protocol.transport.build_session().trust_env = False
        return made

    def run(self, command: str) -> tuple[int, str, str]:
        """Exit code and both outputs of a command line of cmd."""
        done = self.session().run_cmd(command)
        return done.status_code, done.std_out.decode(), done.std_err.decode()

    def powershell(self, script: str) -> tuple[int, str, str]:
        """The same for a script."""
        encoded = base64.b64encode(script.encode("utf-16-le")).decode()
        return self.run(f"powershell -OutputFormat Text -EncodedCommand {encoded}")

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request as it is, with Basic; status, headers in lower case, body."""
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        given = {"Authorization": f"Basic {login}", "Content-Type": "application/soap+xml", **(headers or {})}
        request = urllib.request.Request(
            f"http://{self.host}:5985/wsman", body, {name: value for name, value in given.items() if value}
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def envelope(
    verb: str, body: str = "", *, shell: str = "", timeout: str = "PT1S", resource: str = soap.CMD_SHELL
) -> bytes:
    """A request of the shell protocol."""
    base = soap.TRANSFER if verb in ("Create", "Delete", "Get") else soap.SHELL
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}" '
        f'xmlns:rsp="{soap.SHELL}"><s:Header><a:Action>{base}/{verb}</a:Action><a:MessageID>uuid:1</a:MessageID>'
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout><w:ResourceURI>{resource}</w:ResourceURI>{selector}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_code(body: bytes) -> int:
    """Windows' own code of a fault; 0 where there is none."""
    found = next(ET.fromstring(body).iter(_FAULT), None)
    return int(found.attrib["Code"]) if found is not None else 0


def text_of(body: bytes, tag: str) -> str:
    """The text of the first element of the shell's namespace with this name."""
    return next(item.text or "" for item in ET.fromstring(body).iter(f"{{{soap.SHELL}}}{tag}"))


MakeBox = Callable[..., Box]


def new_box(kind: WindowsKind, **spec: Any) -> Box:
    """A machine at an address of its own."""
    for _ in range(50):
        number = random.randrange(1, 1 << 20)
        host = f"127.{80 + number // (1 << 16)}.{number // 256 % 256}.{number % 254 + 1}"
        values = {"id": f"i-{number}", "hostname": f"win{number}", "os": "windows", "username": USER}
        machine = kind.create(MachineSpec(**{**values, "password": PASSWORD, **spec}))
        try:
            machine.listen(host)
        except UsageError:
            machine.destroy()
            continue
        return Box(machine, host)
    raise AssertionError("no address is free")


@pytest.fixture
def make_box() -> Iterator[MakeBox]:
    """Machines that are off; with ``winrm=False`` they are as the clouds' images are."""
    kinds: list[WindowsKind] = []

    def make(*, winrm: bool = True, **spec: Any) -> Box:
        kinds.append(WindowsKind(reboot_s=0.2, winrm=winrm))
        return new_box(kinds[-1], **spec)

    yield make
    for kind in kinds:
        kind.close()


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One machine that is up, for tests that leave it as it is."""
    kind = WindowsKind(winrm=True)
    yield new_box(kind).boot()
    kind.close()
