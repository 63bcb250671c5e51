"""What is sold where: regions, zones, instance types and their stock."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, VPC, action
from imagesmith_simulator.alicloud.errors import ApiError
from imagesmith_simulator.alicloud.parameters import Parameters


@action(ECS, "DescribeRegions", accepts="", mutates=False)
@action(VPC, "DescribeRegions", accepts="", mutates=False)
def regions(account: Account, _: Parameters) -> dict[str, Any]:
    """Every region."""
    shown = [
        {"RegionId": region, "LocalName": region, "RegionEndpoint": f"ecs.{region}.aliyuncs.com", "Status": "available"}
        for region in account.store.world.regions
    ]
    return {"Regions": {"Region": shown}}


@action(
    ECS,
    "DescribeZones",
    accepts="",
    requires="RegionId",
    mutates=False,
)
def zones(account: Account, p: Parameters) -> dict[str, Any]:
    """The zones of a region with the types that are sold there; stock does not show here."""
    world = account.store.world
    types = sorted(world.instance_types)
    shown = [
        {
            "ZoneId": zone,
            "LocalName": zone,
            "ZoneType": "AvailabilityZone",
            "AvailableResourceCreation": {"ResourceTypes": ["VSwitch", "IoOptimized", "Instance", "Disk"]},
            "AvailableInstanceTypes": {"InstanceTypes": types},
            "AvailableDiskCategories": {"DiskCategories": ["cloud_efficiency", "cloud_ssd", "cloud_essd"]},
            "AvailableResources": {"ResourcesInfo": []},
        }
        for zone in world.zones(p.required("RegionId"))
    ]
    return {"Zones": {"Zone": shown}}


@action(
    ECS,
    "DescribeAvailableResource",
    accepts="DestinationResource InstanceChargeType InstanceType IoOptimized NetworkCategory ResourceType SpotStrategy "
    "SystemDiskCategory DataDiskCategory ZoneId",
    requires="RegionId DestinationResource",
    mutates=False,
)
def available(account: Account, p: Parameters) -> dict[str, Any]:
    """The zones of a region with what they have in stock."""
    world, region = account.store.world, p.required("RegionId")
    wanted = p.choice("DestinationResource", ("Zone", "InstanceType", "SystemDisk", "IoOptimized", "Network"))
    if p.text("InstanceType") and p.text("InstanceType") not in world.instance_types:
        raise ApiError("InvalidInstanceType.NotFound", 404, "The instance type does not exist.")
    listed = [zone for zone in world.zones(region) if p.text("ZoneId") in ("", zone)]
    types = [p.text("InstanceType")] if p.text("InstanceType") else sorted(world.instance_types)
    shown = []
    for zone in listed:
        stock = {kind: world.in_stock(zone, kind) for kind in types}
        any_left = any(stock.values())
        values = stock if wanted == "InstanceType" else _values(wanted, zone, any_left=any_left)
        resource = {
            "Type": wanted,
            "SupportedResources": {"SupportedResource": [_stock(name, left=left) for name, left in values.items()]},
        }
        shown.append(
            {
                "RegionId": region,
                "ZoneId": zone,
                "Status": "Available" if any_left else "SoldOut",
                "StatusCategory": "WithStock" if any_left else "WithoutStock",
                "AvailableResources": {"AvailableResource": [resource]},
            }
        )
    return {"AvailableZones": {"AvailableZone": shown}}


@action(ECS, "DescribeInstanceTypes", accepts="InstanceTypes.N InstanceTypeFamily", mutates=False)
def instance_types(account: Account, p: Parameters) -> dict[str, Any]:
    """The sizes of instances."""
    wanted = p.listed("InstanceTypes")
    shown = [
        {
            "InstanceTypeId": kind.id,
            "InstanceTypeFamily": kind.family,
            "CpuCoreCount": kind.cpus,
            "MemorySize": kind.memory_gib,
            "CpuArchitecture": "X86",
        }
        for kind in account.store.world.instance_types.values()
        if (not wanted or kind.id in wanted) and p.text("InstanceTypeFamily") in ("", kind.family)
    ]
    return {"InstanceTypes": {"InstanceType": shown}, "NextToken": ""}


def _values(wanted: str, zone: str, *, any_left: bool) -> dict[str, bool]:
    if wanted == "Zone":
        return {zone: any_left}
    if wanted == "SystemDisk":
        return dict.fromkeys(("cloud_efficiency", "cloud_ssd", "cloud_essd"), any_left)
    return {"optimized" if wanted == "IoOptimized" else "vpc": any_left}


def _stock(name: str, *, left: bool) -> dict[str, str]:
    return {
        "Value": name,
        "Status": "Available" if left else "SoldOut",
        "StatusCategory": "WithStock" if left else "WithoutStock",
    }
