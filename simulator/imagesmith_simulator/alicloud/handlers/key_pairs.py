"""Key pairs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, action
from imagesmith_simulator.alicloud.handlers.paging import page, tag_list, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import KeyPair


@action(ECS, "CreateKeyPair", accepts=f"KeyPairName ResourceGroupId {TAGS}", requires="RegionId KeyPairName")
def create(account: Account, p: Parameters) -> dict[str, Any]:
    """A new key pair, with its private key."""
    key, private = account.key_pairs.create(
        p.required("RegionId"), p.required("KeyPairName"), group=p.text("ResourceGroupId"), tags=p.tags()
    )
    facts = {"KeyPairId": f"ssh-{key.fingerprint[:20]}", "KeyPairFingerPrint": key.fingerprint}
    return {**facts, "KeyPairName": key.name, "PrivateKeyBody": private}


@action(
    ECS,
    "ImportKeyPair",
    accepts=f"KeyPairName PublicKeyBody ResourceGroupId {TAGS}",
    requires="RegionId KeyPairName PublicKeyBody",
)
def import_key(account: Account, p: Parameters) -> dict[str, Any]:
    """A key pair from a public key."""
    key = account.key_pairs.import_key(
        p.required("RegionId"),
        p.required("KeyPairName"),
        p.required("PublicKeyBody"),
        group=p.text("ResourceGroupId"),
        tags=p.tags(),
    )
    return {"KeyPairName": key.name, "KeyPairFingerPrint": key.fingerprint}


@action(
    ECS,
    "DescribeKeyPairs",
    accepts=f"KeyPairName KeyPairFingerPrint IncludePublicKey ResourceGroupId {TAGS} {PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The key pairs of a region; in a name ``*`` stands for anything."""
    region = p.required("RegionId")
    found = [
        key
        for key in account.store.key_pairs.values()
        if key.region == region
        and fnmatchcase(key.name, p.text("KeyPairName", "*"))
        and p.text("KeyPairFingerPrint") in ("", key.fingerprint)
        and p.text("ResourceGroupId") in ("", key.resource_group)
    ]
    public = p.boolean("IncludePublicKey")
    found = with_tags(found, p.tags())
    return page(p, found, "KeyPairs", "KeyPair", lambda key: _key(account, key, public=public), most=50)


@action(ECS, "DeleteKeyPairs", accepts="KeyPairNames", requires="RegionId KeyPairNames")
def delete(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete key pairs that no instance has."""
    account.key_pairs.delete(p.required("RegionId"), p.json_list("KeyPairNames") or [])
    return {}


@action(ECS, "AttachKeyPair", accepts="KeyPairName InstanceIds", requires="RegionId KeyPairName InstanceIds")
def attach(account: Account, p: Parameters) -> dict[str, Any]:
    """Give instances a key."""
    ids = p.json_list("InstanceIds", limit=50) or []
    account.key_pairs.attach(p.required("RegionId"), p.required("KeyPairName"), ids)
    return _results(p, ids)


@action(ECS, "DetachKeyPair", accepts="KeyPairName InstanceIds", requires="RegionId KeyPairName InstanceIds")
def detach(account: Account, p: Parameters) -> dict[str, Any]:
    """Take a key away from instances."""
    ids = p.json_list("InstanceIds", limit=50) or []
    account.key_pairs.detach(p.required("RegionId"), p.required("KeyPairName"), ids)
    return _results(p, ids)


def _results(p: Parameters, ids: list[str]) -> dict[str, Any]:
    results = [{"InstanceId": identity, "Success": "true", "Code": "200", "Message": "successful"} for identity in ids]
    return {
        "KeyPairName": p.text("KeyPairName"),
        "TotalCount": str(len(ids)),
        "FailCount": "0",
        "Results": {"Result": results},
    }


def _key(account: Account, key: KeyPair, *, public: bool) -> dict[str, Any]:
    return {
        "KeyPairName": key.name,
        "KeyPairFingerPrint": key.fingerprint,
        "ResourceGroupId": key.resource_group,
        "CreationTime": account.store.clock.stamp(key.created),
        "PublicKey": key.public_key if public else "",
        "Tags": tag_list(key),
    }
