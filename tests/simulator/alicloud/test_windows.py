"""A Windows image in the cloud boots a Windows machine: opened by user data, switched off from inside, imaged, used."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import winrm
from winrm.exceptions import WinRMTransportError

from imagesmith_simulator.machines.both_kinds import BothKinds
from imagesmith_simulator.machines.interface import MachineSpec, SimulatedMachine
from imagesmith_simulator.machines.windows import WindowsKind

WINDOWS = "win2008r2_64_ent_sp1_zh-cn_40G_alibase_20181220.vhd"
USER_DATA = b"""[powershell]
winrm set winrm/config/service/auth '@{Basic="true"}'
winrm set winrm/config/service '@{AllowUnencrypted="true"}'
winrm quickconfig -quiet
"""


class NoLinux:
    """A kind that is never to be chosen."""

    def unavailable(self) -> str:
        return ""

    def create(self, spec: MachineSpec) -> SimulatedMachine:
        raise AssertionError(f"{spec.id} was to be a Windows machine")

    def close(self) -> None:
        return


@pytest.fixture
def place(start: Any, connect: Any) -> Any:
    """A cloud whose machines are Windows machines, and its SDK."""
    return connect(start(machines=BothKinds(linux=NoLinux(), windows=WindowsKind(reboot_s=0.1))))


def wait(probe: Callable[[], Any], wanted: str) -> None:
    for _ in range(600):
        if probe().status == wanted:
            return
        threading.Event().wait(0.05)
    pytest.fail(f"it is {probe().status}, not {wanted}")


def run(host: str, command: str, password: str) -> bytes:
    url, login = f"http://{host}:5985/wsman", ("Administrator", password)
    session = winrm.Session(url, auth=login, transport="basic", proxy=None, ca_trust_path=None)
    for _ in range(200):
        try:
            return bytes(session.run_cmd(command).std_out)
        except (OSError, WinRMTransportError):
            threading.Event().wait(0.05)
    pytest.fail(f"no way into {host}")


def launch(place: Any, net: Any, **fields: Any) -> tuple[str, str]:
    """A running instance's id and private address."""
    instance = place.run(net, **fields)
    wait(lambda: place.instance(instance), "Running")
    return instance, place.instance(instance).vpc_attributes.private_ip_address.ip_address[0]


def test_what_is_done_in_a_windows_instance_is_in_its_image(place: Any) -> None:
    net = place.network()
    rule = {"ip_protocol": "tcp", "port_range": "5985/5985", "source_cidr_ip": "127.0.0.0/8"}
    place.do("AuthorizeSecurityGroup", security_group_id=net.group, **rule)
    user_data = base64.b64encode(USER_DATA).decode()
    first, host = launch(place, net, image_id=WINDOWS, password="Test1234!", user_data=user_data)
    assert ":" not in host
    assert run(host, "echo provisioned>C:\\proof.txt& whoami", "Test1234!").endswith(b"\\administrator\r\n")
    console = place.do("GetInstanceConsoleOutput", instance_id=first).console_output
    assert "user data has ended with exit code 0" in base64.b64decode(console).decode()
    run(host, "shutdown /s /t 2", "Test1234!")
    wait(lambda: place.instance(first), "Stopped")
    image = place.do("CreateImage", instance_id=first, image_name="win").image_id
    wait(lambda: place.image(image), "Available")
    place.do("DeleteInstance", instance_id=first)
    _, host = launch(place, net, image_id=image, password="0ther-One")
    assert run(host, "type C:\\proof.txt", "0ther-One") == b"provisioned\r\n"


def test_without_user_data_the_listener_is_closed(place: Any) -> None:
    net = place.network()
    rule = {"ip_protocol": "tcp", "port_range": "5985/5985", "source_cidr_ip": "127.0.0.0/8"}
    place.do("AuthorizeSecurityGroup", security_group_id=net.group, **rule)
    instance, host = launch(place, net, image_id=WINDOWS, password="Test1234!")
    for _ in range(100):
        console = base64.b64decode(place.do("GetInstanceConsoleOutput", instance_id=instance).console_output)
        if b"Windows is up" in console:
            break
        threading.Event().wait(0.05)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, 5985), 5)
