"""Key pairs."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_a_created_key_pair_comes_with_its_private_key(sdk: Any, cloud: Any) -> None:
    body = sdk.do("CreateKeyPair", key_pair_name="k1")
    private = load_pem_private_key(body.private_key_body.encode(), None)
    shown = sdk.do("DescribeKeyPairs", key_pair_name="k1", include_public_key=True).key_pairs.key_pair[0]
    assert private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() == shown.public_key
    assert sdk.refused("CreateKeyPair", key_pair_name="k1") == "KeyPair.AlreadyExist"
    assert not any("PRIVATE KEY" in str(call.as_json()) for call in cloud.calls())


def test_an_imported_key_pair_is_found_by_name_and_tag(sdk: Any, models: Any) -> None:
    tags = [models.ImportKeyPairRequestTag(key="run", value="1")]
    sdk.do("ImportKeyPair", key_pair_name="imagesmith-1", public_key_body=_public_key(), tag=tags)
    wanted = [models.DescribeKeyPairsRequestTag(key="run", value="1")]
    for fields in ({"key_pair_name": "imagesmith-*"}, {"tag": wanted}, {"key_pair_name": "imagesmith-1"}):
        (found,) = sdk.do("DescribeKeyPairs", **fields).key_pairs.key_pair
        assert found.key_pair_name == "imagesmith-1"
    assert sdk.do("DescribeKeyPairs", key_pair_name="imagesmith").key_pairs.key_pair == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"public_key_body": "ssh-rsa !!!"}, "InvalidPublicKeyBody.ValueNotSupported"),
        ({"public_key_body": "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA"}, "InvalidPublicKeyBody.ValueNotSupported"),
        ({"public_key_body": ""}, "MissingParameter"),
        ({"key_pair_name": "1key"}, "InvalidKeyPairName.Malformed"),
        ({"key_pair_name": ""}, "MissingParameter"),
    ],
)
def test_what_import_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    good = {"key_pair_name": "key", "public_key_body": _public_key()}
    assert sdk.refused("ImportKeyPair", **{**good, **fields}) == code


def test_a_key_pair_that_an_instance_has_is_not_deleted(sdk: Any) -> None:
    sdk.do("ImportKeyPair", key_pair_name="k1", public_key_body=_public_key())
    made = sdk.run(key_pair_name="k1")
    assert sdk.instance(made).key_pair_name == "k1"
    code = sdk.refused("DeleteKeyPairs", key_pair_names='["k1"]')
    assert code == "InvalidParameter.KeypairAlreadyAttachedInstance"
    sdk.do("DetachKeyPair", key_pair_name="k1", instance_ids=f'["{made}"]')
    assert sdk.instance(made).key_pair_name == ""
    sdk.do("AttachKeyPair", key_pair_name="k1", instance_ids=f'["{made}"]')
    sdk.do("DeleteInstance", instance_id=made, force=True)
    sdk.do("DeleteKeyPairs", key_pair_names='["k1", "never-existed"]')
    assert sdk.do("DescribeKeyPairs").key_pairs.key_pair == []
    assert sdk.refused("DeleteKeyPairs", key_pair_names="k1") == "InvalidParameter.KeyPairNames.Malformed"


def test_a_windows_instance_takes_no_key_pair(sdk: Any) -> None:
    sdk.do("CreateKeyPair", key_pair_name="k1")
    made = sdk.run(image_id="win2008r2_64_ent_sp1_zh-cn_40G_alibase_20181220.vhd", key_pair_name="k1")
    assert sdk.instance(made).key_pair_name == ""
    code = sdk.refused("AttachKeyPair", key_pair_name="k1", instance_ids=f'["{made}"]')
    assert code == "DependencyViolation.WindowsInstance"
