"""Tags: TagResources of both products, and the older AddTags family."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, TAGS, VPC, action
from imagesmith_simulator.alicloud.errors import missing
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Resource


@action(ECS, "TagResources", accepts=f"ResourceType ResourceId.N {TAGS}", requires="RegionId ResourceType")
@action(VPC, "TagResources", accepts=f"ResourceType ResourceId.N {TAGS}", requires="RegionId ResourceType")
def tag(account: Account, p: Parameters) -> dict[str, Any]:
    """Put tags on up to 50 resources of one type."""
    account.tags.add(_resources(account, p), p.tags())
    return {}


_UNTAG = "ResourceType ResourceId.N TagKey.N All"


@action(ECS, "UntagResources", accepts=_UNTAG, requires="RegionId ResourceType")
def untag(account: Account, p: Parameters) -> dict[str, Any]:
    """Take tags away, some or all."""
    account.tags.remove(_resources(account, p), p.listed("TagKey"), everything=p.boolean("All"))
    return {}


@action(
    ECS,
    "ListTagResources",
    accepts=f"ResourceType ResourceId.N NextToken {TAGS}",
    requires="RegionId ResourceType",
    mutates=False,
)
@action(
    VPC,
    "ListTagResources",
    accepts=f"ResourceType ResourceId.N NextToken MaxResults {TAGS}",
    requires="RegionId ResourceType",
    mutates=False,
)
def list_tags(account: Account, p: Parameters) -> dict[str, Any]:
    """One line for each tag of each resource that has all the wanted tags."""
    region, kind, ids = p.required("RegionId"), p.required("ResourceType"), p.listed("ResourceId")
    wanted = p.tags()
    found = account.tags.resources(region, kind.lower(), ids) if ids else account.tags.all(region, kind.lower())
    lines = [
        {"ResourceId": resource.id, "ResourceType": kind, "TagKey": key, "TagValue": value}
        for resource in found
        if all(resource.tags.get(name) == text or (name in resource.tags and not text) for name, text in wanted.items())
        for key, value in resource.tags.items()
    ]
    size = p.integer("MaxResults", 50)
    start = int(p.text("NextToken") or 0)
    following = str(start + size) if start + size < len(lines) else ""
    return {"NextToken": following, "TagResources": {"TagResource": lines[start : start + size]}}


_OLD = f"ResourceId ResourceType {TAGS}"


@action(ECS, "AddTags", accepts=_OLD, requires="RegionId ResourceId ResourceType")
def add_tags(account: Account, p: Parameters) -> dict[str, Any]:
    """Put tags on one resource."""
    account.tags.add(_resource(account, p), p.tags())
    return {}


@action(ECS, "RemoveTags", accepts=_OLD, requires="RegionId ResourceId ResourceType")
def remove_tags(account: Account, p: Parameters) -> dict[str, Any]:
    """Take tags away from one resource."""
    account.tags.remove(_resource(account, p), p.tags())
    return {}


def _resource(account: Account, p: Parameters) -> list[Resource]:
    region, kind, identity = p.required("RegionId"), p.required("ResourceType").lower(), p.required("ResourceId")
    return account.tags.resources(region, kind, [identity])


def _resources(account: Account, p: Parameters) -> list[Resource]:
    ids = p.listed("ResourceId")
    if not ids:
        raise missing("ResourceId.1")
    return account.tags.resources(p.required("RegionId"), p.required("ResourceType").lower(), ids)
