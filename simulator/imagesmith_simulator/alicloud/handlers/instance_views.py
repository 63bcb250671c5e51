"""How an instance looks in DescribeInstances, and which ones a query means."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.handlers.paging import tag_list
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Instance

_FILTERS = {
    "RegionId": "region",
    "InstanceType": "type",
    "Status": "status",
    "VpcId": "vpc_id",
    "VSwitchId": "vswitch_id",
    "ZoneId": "zone",
    "KeyPairName": "key_pair",
    "ImageId": "image_id",
    "ResourceGroupId": "resource_group",
    "InstanceChargeType": "charge_type",
}


def matches(instance: Instance, p: Parameters, ids: list[str] | None) -> bool:
    """Whether an instance passes every filter of a query."""
    given = {attribute: p.text(name) for name, attribute in _FILTERS.items() if p.text(name)}
    return (
        (ids is None or instance.id in ids)
        and all(getattr(instance, attribute) == value for attribute, value in given.items())
        and fnmatchcase(instance.name, p.text("InstanceName", "*"))
        and p.text("SecurityGroupId") in ("", *instance.security_group_ids)
    )


def instance_view(account: Account, instance: Instance) -> dict[str, Any]:
    """One instance."""
    return {
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "Description": instance.description,
        "HostName": instance.hostname,
        "Status": instance.status,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "ImageId": instance.image_id,
        "OSType": instance.os_type,
        "OSName": instance.os_name,
        "KeyPairName": instance.key_pair,
        "InstanceChargeType": instance.charge_type,
        "StoppedMode": instance.stopped_mode or "Not-applicable",
        "SpotStrategy": instance.spot_strategy,
        "DeletionProtection": instance.deletion_protection,
        "ResourceGroupId": instance.resource_group,
        "AutoReleaseTime": instance.auto_release_time,
        "CreationTime": account.store.clock.stamp(instance.created),
        "MetadataOptions": {"HttpEndpoint": instance.http_endpoint, "HttpTokens": instance.http_tokens},
        "OperationLocks": {"LockReason": []},
        "Tags": tag_list(instance),
        **_hardware(account, instance),
        **_network(account, instance),
    }


def _hardware(account: Account, instance: Instance) -> dict[str, Any]:
    kind = account.store.world.instance_types.get(instance.type)
    return {
        "InstanceType": instance.type,
        "InstanceTypeFamily": kind.family if kind else "",
        "Cpu": kind.cpus if kind else 0,
        "Memory": int(kind.memory_gib * 1024) if kind else 0,
        "IoOptimized": instance.io_optimized,
    }


def _network(account: Account, instance: Instance) -> dict[str, Any]:
    eip = next((item for item in account.store.eips.values() if item.instance_id == instance.id), None)
    bound = eip if eip and eip.status == "InUse" else None
    return {
        "InstanceNetworkType": "vpc",
        "InternetChargeType": instance.internet_charge_type,
        "InternetMaxBandwidthOut": instance.bandwidth_out,
        "SecurityGroupIds": {"SecurityGroupId": list(instance.security_group_ids)},
        "VpcAttributes": {
            "VpcId": instance.vpc_id,
            "VSwitchId": instance.vswitch_id,
            "PrivateIpAddress": {"IpAddress": [instance.private_host]},
            "NatIpAddress": "",
        },
        "InnerIpAddress": {"IpAddress": []},
        "PublicIpAddress": {"IpAddress": [instance.public_host] if instance.public_host else []},
        "EipAddress": {
            "AllocationId": bound.id if bound else "",
            "IpAddress": bound.host if bound else "",
            "Bandwidth": bound.bandwidth if bound else 0,
            "InternetChargeType": bound.charge_type if bound else "",
        },
    }
