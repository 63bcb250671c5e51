"""A whole life with a real machine: logged in to through an EIP, switched off, imaged, started again from the image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from imagesmith_huaweicloud.sdk import ecs, eip, ims, vpc
from imagesmith_simulator.machines.sandbox import SandboxKind
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start


@pytest.fixture
def sdk(start: Start, tmp_path: Path) -> Sdk:
    """The SDK for a cloud of sandboxes."""
    kind = SandboxKind()
    why = kind.unavailable()
    kind.close()
    if why:
        pytest.skip(why)
    return Sdk(start(machines="sandbox", state_dir=tmp_path / "machines"))


@pytest.fixture
def key(tmp_path: Path, sdk: Sdk) -> paramiko.PKey:
    """A private key whose public half is the key pair "team"."""
    made = Ed25519PrivateKey.generate()
    path = tmp_path / "id"
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    line = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    option = ecs.NovaCreateKeypairOption(name="team", public_key=line)
    sdk.do(ecs.NovaCreateKeypairRequest(body=ecs.NovaCreateKeypairRequestBody(keypair=option)))
    return paramiko.Ed25519Key.from_private_key_file(str(path))


def wait(probe: Callable[[], str], wanted: str) -> None:
    for _ in range(600):
        if probe() == wanted:
            return
        threading.Event().wait(0.05)
    pytest.fail(f"it is {probe()}, not {wanted}")


def login(host: str, key: paramiko.PKey, *, attempts: int = 100, timeout: float = 5) -> paramiko.SSHClient | None:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    name, _, port = host.partition(":")
    for _ in range(attempts):
        try:
            client.connect(
                name, int(port or 22), "root", pkey=key, timeout=timeout, allow_agent=False, look_for_keys=False
            )
        except (OSError, paramiko.SSHException):
            threading.Event().wait(0.1)
        else:
            return client
    client.close()
    return None


def run(client: paramiko.SSHClient | None, command: str) -> str:
    assert client is not None
    _, output, _ = client.exec_command(command, timeout=30)
    text = output.read().decode()
    assert output.channel.recv_exit_status() == 0
    return str(text)


def group_with(sdk: Sdk, port: int) -> str:
    """A security group that lets this host in at a port."""
    body = vpc.CreateSecurityGroupRequestBody(security_group=vpc.CreateSecurityGroupOption(name=f"port-{port}"))
    group = str(sdk.do(vpc.CreateSecurityGroupRequest(body=body))["security_group"]["id"])
    rule = vpc.CreateSecurityGroupRuleOption(
        security_group_id=group,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=port,
        port_range_max=port,
        remote_ip_prefix="127.0.0.0/8",
    )
    sdk.do(vpc.CreateSecurityGroupRuleRequest(body=vpc.CreateSecurityGroupRuleRequestBody(security_group_rule=rule)))
    return group


def test_what_is_done_in_a_server_is_in_its_image_and_in_servers_of_it(sdk: Sdk, key: paramiko.PKey) -> None:
    subnet, group = sdk.subnet(), group_with(sdk, 22)
    net = {
        "vpcid": subnet["vpc_id"],
        "nics": [ecs.PostPaidServerNic(subnet_id=subnet["id"])],
        "key_name": "team",
        "security_groups": [ecs.PostPaidServerSecurityGroup(id=group)],
    }
    address = sdk.address()["id"]
    first = sdk.server(**net, publicip=ecs.PostPaidServerPublicip(id=address))
    wait(lambda: str(sdk.shown(first)["status"]), "ACTIVE")
    client = login(sdk.do(eip.ShowPublicipRequest(publicip_id=address))["publicip"]["public_ip_address"], key)
    run(client, "echo provisioned > /etc/proof")
    assert client is not None
    client.exec_command("poweroff")
    wait(lambda: str(sdk.shown(first)["status"]), "SHUTOFF")
    client.close()
    answer = sdk.do(ims.CreateImageRequest(body=ims.CreateImageRequestBody(name="golden", instance_id=first)))
    wait(lambda: str(sdk.job(answer)["status"]), "SUCCESS")
    image = sdk.job(answer)["entities"]["image_id"]
    sdk.do(ecs.DeleteServersRequest(body=ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=first)])))

    second = sdk.server(**net, image_ref=image)
    wait(lambda: str(sdk.shown(second)["status"]), "ACTIVE")
    ports = sdk.do(ecs.ListServerInterfacesRequest(server_id=second))["interfaceAttachments"]
    client = login(ports[0]["fixed_ips"][0]["ip_address"], key)
    assert run(client, "cat /etc/proof") == "provisioned\n"
    assert client is not None
    client.close()
    answer = sdk.do(sdk.stop(second, "SOFT"))
    wait(lambda: str(sdk.job(answer)["status"]), "SUCCESS")
    assert sdk.shown(second)["status"] == "SHUTOFF"
    assert not Path("/etc/proof").exists()


def test_the_default_group_lets_nobody_in(sdk: Sdk, key: paramiko.PKey) -> None:
    server = sdk.server(key_name="team", publicip=ecs.PostPaidServerPublicip(id=sdk.address()["id"]))
    wait(lambda: str(sdk.shown(server)["status"]), "ACTIVE")
    addresses = [address["addr"] for network in sdk.shown(server)["addresses"].values() for address in network]
    assert len(addresses) == 2
    assert [login(address, key, attempts=2, timeout=0.7) for address in addresses] == [None, None]
