"""CreateVpc, CreateVSwitch and their fellows, in the VPC product and in the old ECS product."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, VPC, action
from imagesmith_simulator.alicloud.handlers.paging import page, tag_list, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Vpc, VSwitch


@action(ECS, "CreateVpc", accepts="CidrBlock ClientToken Description VpcName", requires="RegionId")
@action(
    VPC, "CreateVpc", accepts=f"CidrBlock ClientToken Description VpcName ResourceGroupId {TAGS}", requires="RegionId"
)
def create_vpc(account: Account, p: Parameters) -> dict[str, Any]:
    """A new VPC."""
    vpc = account.network.create_vpc(
        p.required("RegionId"),
        cidr=p.text("CidrBlock"),
        name=p.text("VpcName"),
        description=p.text("Description"),
        group=p.text("ResourceGroupId"),
        tags=p.tags(),
    )
    routes = {"VRouterId": f"vrt{vpc.id[3:]}", "RouteTableId": f"vtb{vpc.id[3:]}"}
    return {"VpcId": vpc.id, **routes, "ResourceGroupId": vpc.resource_group}


@action(ECS, "DescribeVpcs", accepts=f"VpcId {PAGES}", requires="RegionId", mutates=False)
@action(VPC, "DescribeVpcs", accepts=f"VpcId VpcName {TAGS} {PAGES}", requires="RegionId", mutates=False)
def describe_vpcs(account: Account, p: Parameters) -> dict[str, Any]:
    """The VPCs of a region."""
    region, ids = p.required("RegionId"), _ids(p.text("VpcId"))
    found = [
        vpc
        for vpc in account.store.vpcs.values()
        if vpc.region == region and (not ids or vpc.id in ids) and p.text("VpcName") in ("", vpc.name)
    ]
    return page(p, with_tags(found, p.tags()), "Vpcs", "Vpc", lambda vpc: _vpc(account, vpc), most=50)


@action(ECS, "DeleteVpc", accepts="VpcId", requires="VpcId")
@action(VPC, "DeleteVpc", accepts="VpcId", requires="VpcId")
def delete_vpc(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete an empty VPC."""
    account.network.delete_vpc(p.text("RegionId"), p.required("VpcId"))
    return {}


_CREATE_VSWITCH = "CidrBlock ClientToken Description VSwitchName VpcId ZoneId"


@action(ECS, "CreateVSwitch", accepts=_CREATE_VSWITCH, requires="CidrBlock VpcId ZoneId")
@action(VPC, "CreateVSwitch", accepts=f"{_CREATE_VSWITCH} {TAGS}", requires="CidrBlock VpcId ZoneId")
def create_vswitch(account: Account, p: Parameters) -> dict[str, Any]:
    """A new vSwitch."""
    vpc_id = p.required("VpcId")
    vpc = account.store.vpcs.get(vpc_id)
    vswitch = account.network.create_vswitch(
        p.text("RegionId") or (vpc.region if vpc else ""),
        vpc_id=vpc_id,
        zone=p.required("ZoneId"),
        cidr=p.required("CidrBlock"),
        name=p.text("VSwitchName"),
        description=p.text("Description"),
        tags=p.tags(),
    )
    return {"VSwitchId": vswitch.id}


@action(ECS, "DescribeVSwitches", accepts=f"VSwitchId VpcId ZoneId {PAGES}", mutates=False)
@action(VPC, "DescribeVSwitches", accepts=f"VSwitchId VSwitchName VpcId ZoneId {TAGS} {PAGES}", mutates=False)
def describe_vswitches(account: Account, p: Parameters) -> dict[str, Any]:
    """The vSwitches of a region or of a VPC."""
    wanted = {"region": "RegionId", "id": "VSwitchId", "name": "VSwitchName", "vpc_id": "VpcId", "zone": "ZoneId"}
    given = {attribute: p.text(name) for attribute, name in wanted.items() if p.text(name)}
    found = [
        vswitch
        for vswitch in account.store.vswitches.values()
        if all(getattr(vswitch, attribute) == value for attribute, value in given.items())
    ]
    return page(p, with_tags(found, p.tags()), "VSwitches", "VSwitch", lambda item: _vswitch(account, item), most=50)


@action(ECS, "DeleteVSwitch", accepts="VSwitchId", requires="VSwitchId")
@action(VPC, "DeleteVSwitch", accepts="VSwitchId", requires="VSwitchId")
def delete_vswitch(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete an empty vSwitch."""
    account.network.delete_vswitch(p.text("RegionId"), p.required("VSwitchId"))
    return {}


def _vpc(account: Account, vpc: Vpc) -> dict[str, Any]:
    inside = [vswitch.id for vswitch in account.store.vswitches.values() if vswitch.vpc_id == vpc.id]
    return {
        "VpcId": vpc.id,
        "RegionId": vpc.region,
        "Status": vpc.status,
        "VpcName": vpc.name,
        "Description": vpc.description,
        "CidrBlock": vpc.cidr,
        "CreationTime": account.store.clock.stamp(vpc.created),
        "IsDefault": False,
        "ResourceGroupId": vpc.resource_group,
        "VRouterId": f"vrt{vpc.id[3:]}",
        "VSwitchIds": {"VSwitchId": inside},
        "UserCidrs": {"UserCidr": []},
        "Tags": tag_list(vpc, lower=True),
    }


def _vswitch(account: Account, vswitch: VSwitch) -> dict[str, Any]:
    return {
        "VSwitchId": vswitch.id,
        "VpcId": vswitch.vpc_id,
        "ZoneId": vswitch.zone,
        "Status": vswitch.status,
        "VSwitchName": vswitch.name,
        "Description": vswitch.description,
        "CidrBlock": vswitch.cidr,
        "AvailableIpAddressCount": 252,
        "CreationTime": account.store.clock.stamp(vswitch.created),
        "IsDefault": False,
        "Tags": tag_list(vswitch, lower=True),
    }


def _ids(text: str) -> set[str]:
    return {part.strip() for part in text.split(",") if part.strip()}
