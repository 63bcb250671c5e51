"""Elastic public addresses, in the VPC product and in the old ECS product."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, VPC, action
from imagesmith_simulator.alicloud.errors import invalid
from imagesmith_simulator.alicloud.handlers.paging import page, tag_list, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Eip

_ALLOCATE = "Bandwidth ClientToken InternetChargeType"


@action(ECS, "AllocateEipAddress", accepts=_ALLOCATE, requires="RegionId")
@action(VPC, "AllocateEipAddress", accepts=f"{_ALLOCATE} Name Description ResourceGroupId {TAGS}", requires="RegionId")
def allocate(account: Account, p: Parameters) -> dict[str, Any]:
    """A new address."""
    eip = account.addresses.allocate(
        p.required("RegionId"),
        bandwidth=p.integer("Bandwidth", 5),
        charge_type=p.text("InternetChargeType", "PayByBandwidth"),
        name=p.text("Name"),
        description=p.text("Description"),
        group=p.text("ResourceGroupId"),
        tags=p.tags(),
    )
    return {"AllocationId": eip.id, "EipAddress": eip.host, "ResourceGroupId": eip.resource_group, "OrderId": 0}


_DESCRIBE = f"AllocationId EipAddress AssociatedInstanceId Status {PAGES}"


@action(ECS, "DescribeEipAddresses", accepts=_DESCRIBE, requires="RegionId", mutates=False)
@action(VPC, "DescribeEipAddresses", accepts=f"{_DESCRIBE} EipName {TAGS}", requires="RegionId", mutates=False)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The addresses of a region."""
    region, ids = p.required("RegionId"), {part for part in p.text("AllocationId").split(",") if part}
    found = [
        eip
        for eip in account.store.eips.values()
        if eip.region == region
        and (not ids or eip.id in ids)
        and p.text("EipAddress") in ("", eip.ip, eip.host)
        and p.text("AssociatedInstanceId") in ("", eip.instance_id)
        and p.text("Status") in ("", eip.status)
        and p.text("EipName") in ("", eip.name)
    ]
    return page(p, with_tags(found, p.tags()), "EipAddresses", "EipAddress", lambda eip: _eip(account, eip))


@action(ECS, "AssociateEipAddress", accepts="AllocationId InstanceId InstanceType", requires="AllocationId InstanceId")
@action(
    VPC,
    "AssociateEipAddress",
    accepts="AllocationId InstanceId InstanceType ClientToken",
    requires="AllocationId InstanceId",
)
def associate(account: Account, p: Parameters) -> dict[str, Any]:
    """Bind an address to an instance."""
    _only_instances(p)
    account.addresses.associate(p.text("RegionId"), p.required("AllocationId"), p.required("InstanceId"))
    return {}


@action(ECS, "UnassociateEipAddress", accepts="AllocationId InstanceId InstanceType", requires="AllocationId")
@action(
    VPC, "UnassociateEipAddress", accepts="AllocationId InstanceId InstanceType ClientToken", requires="AllocationId"
)
def unassociate(account: Account, p: Parameters) -> dict[str, Any]:
    """Take an address away from its instance."""
    _only_instances(p)
    account.addresses.unassociate(p.text("RegionId"), p.required("AllocationId"), p.text("InstanceId"))
    return {}


@action(ECS, "ReleaseEipAddress", accepts="AllocationId", requires="AllocationId")
@action(VPC, "ReleaseEipAddress", accepts="AllocationId", requires="AllocationId")
def release(account: Account, p: Parameters) -> dict[str, Any]:
    """Give an address back."""
    account.addresses.release(p.text("RegionId"), p.required("AllocationId"))
    return {}


@action(ECS, "AllocatePublicIpAddress", accepts="InstanceId", requires="InstanceId")
def allocate_public_ip(account: Account, p: Parameters) -> dict[str, Any]:
    """Give an instance an address of its own."""
    instance = account.instances.get(p.required("InstanceId"))
    host = account.addresses.give_public_ip(instance)
    account.store.changed(instance.id)
    return {"IpAddress": host}


def _only_instances(p: Parameters) -> None:
    if p.text("InstanceType", "EcsInstance") != "EcsInstance":
        raise invalid("InstanceType", "Only EcsInstance is simulated.")


def _eip(account: Account, eip: Eip) -> dict[str, Any]:
    return {
        "AllocationId": eip.id,
        "IpAddress": eip.host,
        "Status": eip.status,
        "InstanceId": eip.instance_id,
        "InstanceType": "EcsInstance" if eip.instance_id else "",
        "RegionId": eip.region,
        "Bandwidth": str(eip.bandwidth),
        "InternetChargeType": eip.charge_type,
        "ChargeType": "PostPaid",
        "ResourceGroupId": eip.resource_group,
        "Name": eip.name,
        "Description": eip.description,
        "AllocationTime": account.store.clock.stamp(eip.created),
        "Tags": tag_list(eip, lower=True),
    }
