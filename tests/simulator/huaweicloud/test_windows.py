"""A Windows server: its password comes from the key pair, its listener from user data, its reboot from inside."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

import pytest
import winrm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from winrm.exceptions import WinRMTransportError

from imagesmith_huaweicloud.sdk import ecs
from imagesmith_simulator.machines.both_kinds import BothKinds
from imagesmith_simulator.machines.windows import WindowsKind
from tests.simulator.alicloud.test_windows import NoLinux
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start
from tests.simulator.huaweicloud.test_sandbox import group_with, wait

WINDOWS = "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0007"
USER_DATA = b"#ps1\nEnable-PSRemoting -Force\n"


@pytest.fixture
def sdk(start: Start) -> Sdk:
    """The SDK for a cloud whose machines are Windows machines."""
    return Sdk(start(machines=BothKinds(linux=NoLinux(), windows=WindowsKind(reboot_s=0.1))))


def eventually(probe: Callable[[], str]) -> str:
    """What a probe gives as soon as it gives something."""
    for _ in range(400):
        try:
            if found := probe():
                return found
        except (OSError, WinRMTransportError):
            pass
        threading.Event().wait(0.05)
    pytest.fail("nothing came")


def test_the_password_of_the_key_pair_opens_a_windows_server(sdk: Sdk) -> None:
    key = rsa.generate_private_key(65537, 2048)
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    option = ecs.NovaCreateKeypairOption(name="team", public_key=line)
    sdk.do(ecs.NovaCreateKeypairRequest(body=ecs.NovaCreateKeypairRequestBody(keypair=option)))
    user_data = base64.b64encode(USER_DATA).decode()
    group = ecs.PostPaidServerSecurityGroup(id=group_with(sdk, 5985))
    server = sdk.server(image_ref=WINDOWS, key_name="team", user_data=user_data, security_groups=[group])
    wait(lambda: str(sdk.shown(server)["status"]), "ACTIVE")
    sealed = eventually(lambda: str(sdk.do(ecs.ShowServerPasswordRequest(server_id=server))["password"]))
    password = key.decrypt(base64.b64decode(sealed), padding.PKCS1v15()).decode()
    ports = sdk.do(ecs.ListServerInterfacesRequest(server_id=server))["interfaceAttachments"]
    host = ports[0]["fixed_ips"][0]["ip_address"]
    url, login = f"http://{host}:5985/wsman", ("Administrator", password)
    session = winrm.Session(url, auth=login, transport="ntlm", proxy=None, ca_trust_path=None)
    assert eventually(lambda: str(session.run_cmd("whoami").std_out, "utf-8")).endswith("\\administrator\r\n")
    session.run_cmd("shutdown /s /t 0")
    wait(lambda: str(sdk.shown(server)["status"]), "SHUTOFF")
