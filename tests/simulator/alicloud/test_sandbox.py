"""A whole life on the simulated cloud with real machines: log in, change something, make an image, start from it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from imagesmith_simulator.machines.sandbox import SandboxKind


@pytest.fixture
def place(start: Any, connect: Any, tmp_path: Path) -> Any:
    """A cloud of sandboxes and its SDK."""
    kind = SandboxKind()
    why = kind.unavailable()
    kind.close()
    if why:
        pytest.skip(why)
    return connect(start(machines="sandbox", state_dir=tmp_path / "machines"))


def _wait(probe: Any, wanted: str) -> None:
    for _ in range(600):
        if probe().status == wanted:
            return
        threading.Event().wait(0.05)
    pytest.fail(f"it is {probe().status}, not {wanted}")


def _login(host: str, key: paramiko.PKey) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    name, _, port = host.partition(":")
    for _ in range(100):
        try:
            client.connect(name, int(port or 22), "root", pkey=key, timeout=5, allow_agent=False, look_for_keys=False)
        except (OSError, paramiko.SSHException):
            threading.Event().wait(0.1)
        else:
            return client
    pytest.fail(f"no way into {host}")


def _run(client: paramiko.SSHClient, command: str) -> str:
    _, output, _ = client.exec_command(command, timeout=30)
    text = output.read().decode()
    assert output.channel.recv_exit_status() == 0
    return str(text)


def test_what_is_done_in_an_instance_is_in_its_image_and_in_instances_of_it(place: Any, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "id"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private = paramiko.Ed25519Key.from_private_key_file(str(path))
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    net = place.network()
    rule = {"ip_protocol": "tcp", "port_range": "22/22", "source_cidr_ip": "127.0.0.0/8"}
    place.do("AuthorizeSecurityGroup", security_group_id=net.group, **rule)
    place.do("ImportKeyPair", key_pair_name="k1", public_key_body=line)

    first = place.run(net, key_pair_name="k1")
    _wait(lambda: place.instance(first), "Running")
    eip = place.do("AllocateEipAddress").allocation_id
    place.do("AssociateEipAddress", allocation_id=eip, instance_id=first)
    _wait(lambda: place.eip(eip), "InUse")
    client = _login(place.eip(eip).ip_address, private)
    _run(client, "echo provisioned > /etc/proof")
    client.exec_command("poweroff")
    _wait(lambda: place.instance(first), "Stopped")
    client.close()
    image = place.do("CreateImage", instance_id=first, image_name="web").image_id
    _wait(lambda: place.image(image), "Available")
    place.do("DeleteInstance", instance_id=first)

    second = place.run(net, key_pair_name="k1", image_id=image)
    _wait(lambda: place.instance(second), "Running")
    host = place.instance(second).vpc_attributes.private_ip_address.ip_address[0]
    client = _login(host, private)
    assert _run(client, "cat /etc/proof") == "provisioned\n"
    client.close()
    assert not Path("/etc/proof").exists()
