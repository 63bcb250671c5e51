"""Finding what a create without an answer has made. Read-only.

Everything temporary carries its client token as a tag from the instant of its creation. Images and snapshots, which
stay, carry only the run's id: they are found by that and their exact name. A name alone is never enough: it may be
somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from imagesmith.errors import ImagesmithError
from imagesmith.interfaces import Intent
from imagesmith_alicloud.context import RUN_TAG, TOKEN_TAG, Context, items, tags_of
from imagesmith_alicloud.sdk import ecs, vpc
from imagesmith_alicloud.source import images_named


def find(context: Context, intent: Intent) -> str | None:
    """The id of what an intent has made; None if it was never made."""
    there = context.at(intent.scope.get("region", ""))
    if intent.kind == "image":
        return _by_run(images_named(there, intent.name), "ImageId", there, intent)
    if intent.kind == "snapshot" and not intent.name:
        return None  # an image's own snapshot: it is deleted with the image
    if intent.kind == "snapshot":
        request = ecs.DescribeSnapshotsRequest(snapshot_name=intent.name, page_size=100)
        listed = items(there.cloud.read(request), "Snapshots", "Snapshot")
        named = [entry for entry in listed if entry.get("SnapshotName") == intent.name]
        return _by_run(named, "SnapshotId", there, intent)
    search = _SEARCHES.get(intent.kind)
    if search is None:
        raise ImagesmithError(f"a {intent.kind} can't be looked up here", hint="it comes from a newer imagesmith")
    make_request, tag, outer, inner, key = search
    request = make_request(tag=[tag(key=TOKEN_TAG, value=intent.token)])
    for entry in items(there.cloud.read(request), outer, inner):
        if tags_of(entry).get(TOKEN_TAG) == intent.token:
            return str(entry[key])
    return None


def _by_run(entries: list[Mapping[str, Any]], key: str, context: Context, intent: Intent) -> str | None:
    run = intent.scope.get("run", context.run.run_id)
    return next((str(entry[key]) for entry in entries if tags_of(entry).get(RUN_TAG) == run), None)


_Search = tuple[Callable[..., Any], Callable[..., Any], str, str, str]

_SEARCHES: Mapping[str, _Search] = {
    "key-pair": (ecs.DescribeKeyPairsRequest, ecs.DescribeKeyPairsRequestTag, "KeyPairs", "KeyPair", "KeyPairName"),
    "security-group": (
        ecs.DescribeSecurityGroupsRequest,
        ecs.DescribeSecurityGroupsRequestTag,
        "SecurityGroups",
        "SecurityGroup",
        "SecurityGroupId",
    ),
    "instance": (ecs.DescribeInstancesRequest, ecs.DescribeInstancesRequestTag, "Instances", "Instance", "InstanceId"),
    "disk": (ecs.DescribeDisksRequest, ecs.DescribeDisksRequestTag, "Disks", "Disk", "DiskId"),
    "vpc": (vpc.DescribeVpcsRequest, vpc.DescribeVpcsRequestTag, "Vpcs", "Vpc", "VpcId"),
    "vswitch": (vpc.DescribeVSwitchesRequest, vpc.DescribeVSwitchesRequestTag, "VSwitches", "VSwitch", "VSwitchId"),
    "eip": (
        vpc.DescribeEipAddressesRequest,
        vpc.DescribeEipAddressesRequestTag,
        "EipAddresses",
        "EipAddress",
        "AllocationId",
    ),
}
