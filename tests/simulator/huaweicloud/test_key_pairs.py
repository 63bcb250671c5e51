"""Key pairs: imported, generated, refused, and the passwords that are encrypted with them."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from imagesmith.errors import Conflict, NotFound
from imagesmith_huaweicloud.sdk import ecs
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk

WINDOWS = "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0007"


def create(name: str, public_key: str | None = None) -> Any:
    option = ecs.NovaCreateKeypairOption(name=name, public_key=public_key)
    return ecs.NovaCreateKeypairRequest(body=ecs.NovaCreateKeypairRequestBody(keypair=option))


def public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_an_imported_key_comes_back_without_a_private_one(sdk: Sdk) -> None:
    line = public_key()
    made = sdk.do(create("mine", line))["keypair"]
    assert (made["public_key"], "private_key" in made) == (line, False)
    assert len(made["fingerprint"].split(":")) == 16
    shown = sdk.do(ecs.NovaShowKeypairRequest(keypair_name="mine"))["keypair"]
    assert (shown["name"], shown["public_key"]) == ("mine", line)
    assert [entry["keypair"]["name"] for entry in sdk.do(ecs.NovaListKeypairsRequest())["keypairs"]] == ["mine"]


def test_a_generated_key_belongs_to_its_private_one(sdk: Sdk) -> None:
    made = sdk.do(create("generated"))["keypair"]
    private = load_pem_private_key(made["private_key"].encode(), None)
    line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert made["public_key"] == line


def test_names_are_taken_once_in_a_project(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    sdk.do(create("mine", public_key()))
    refusal = sdk.refused(create("mine", public_key()))
    assert isinstance(refusal, Conflict)
    Sdk(cloud, region="cn-south-1").do(create("mine", public_key()))


def test_what_is_no_key_is_refused(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    for text in ("ssh-rsa", "ssh-rsa AAAA", "rubbish rubbish", "ssh-rsa " + base64.b64encode(b"nothing").decode()):
        assert sdk.refused(create("bad", text)).status == 400
    assert sdk.refused(create("bad/name", public_key())).status == 400
    cloud.quotas["key_pair"] = 0
    assert sdk.refused(create("more", public_key())).status == 403


def test_a_deleted_key_is_gone_and_its_servers_stay(sdk: Sdk) -> None:
    sdk.do(create("mine", public_key()))
    server = sdk.server(key_name="mine")
    sdk.do(ecs.NovaDeleteKeypairRequest(keypair_name="mine"))
    assert sdk.shown(server)["key_name"] == "mine"
    assert isinstance(sdk.refused(ecs.NovaShowKeypairRequest(keypair_name="mine")), NotFound)
    assert isinstance(sdk.refused(ecs.NovaDeleteKeypairRequest(keypair_name="mine")), NotFound)


def test_windows_tells_its_password_to_the_holder_of_the_key(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    private = load_pem_private_key(sdk.do(create("win"))["keypair"]["private_key"].encode(), None)
    assert isinstance(private, RSAPrivateKey)
    server = sdk.server(image_ref=WINDOWS, key_name="win")
    told = sdk.do(ecs.ShowServerPasswordRequest(server_id=server))["password"]
    password = private.decrypt(base64.b64decode(told), PKCS1v15()).decode()
    with cloud.clock.lock:
        assert cloud._store.servers[server].password == password
    linux = sdk.server(key_name="win")
    assert sdk.do(ecs.ShowServerPasswordRequest(server_id=linux)) == {"password": ""}
