"""Security groups and their rules."""

from __future__ import annotations

from typing import Any, Literal

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, TOKEN_PAGES, action, under
from imagesmith_simulator.alicloud.errors import missing
from imagesmith_simulator.alicloud.handlers.paging import page, tag_list, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Rule, SecurityGroup
from imagesmith_simulator.alicloud.store import find

_INGRESS = "IpProtocol PortRange SourceCidrIp Policy Priority NicType Description"
_EGRESS = "IpProtocol PortRange DestCidrIp Policy Priority NicType Description"


@action(
    ECS,
    "CreateSecurityGroup",
    accepts=f"ClientToken Description ResourceGroupId SecurityGroupName SecurityGroupType VpcId {TAGS}",
    requires="RegionId",
)
def create(account: Account, p: Parameters) -> dict[str, Any]:
    """A new group in a VPC."""
    group = account.network.create_security_group(
        p.required("RegionId"),
        vpc_id=p.text("VpcId"),
        name=p.text("SecurityGroupName"),
        description=p.text("Description"),
        kind=p.choice("SecurityGroupType", ("normal", "enterprise")),
        group=p.text("ResourceGroupId"),
        tags=p.tags(),
    )
    return {"SecurityGroupId": group.id}


@action(
    ECS,
    "DescribeSecurityGroups",
    accepts=f"SecurityGroupId SecurityGroupIds SecurityGroupName VpcId {TAGS} {PAGES} {TOKEN_PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The groups of a region."""
    region, ids = p.required("RegionId"), p.json_list("SecurityGroupIds")
    found = [
        group
        for group in account.store.security_groups.values()
        if group.region == region
        and p.text("SecurityGroupId") in ("", group.id)
        and (ids is None or group.id in ids)
        and p.text("SecurityGroupName") in ("", group.name)
        and p.text("VpcId") in ("", group.vpc_id)
    ]
    found = with_tags(found, p.tags())
    return page(p, found, "SecurityGroups", "SecurityGroup", lambda group: _group(account, group))


@action(
    ECS,
    "DescribeSecurityGroupAttribute",
    accepts="SecurityGroupId Direction",
    requires="RegionId SecurityGroupId",
    mutates=False,
)
def describe_attribute(account: Account, p: Parameters) -> dict[str, Any]:
    """A group with its rules."""
    identity = p.required("SecurityGroupId")
    group = find(account.store.security_groups, identity, "InvalidSecurityGroupId.NotFound", p.required("RegionId"))
    wanted = p.choice("Direction", ("all", "ingress", "egress"), "all")
    rules = [_rule(rule) for rule in group.rules if wanted in ("all", rule.direction)]
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "RegionId": group.region,
        "VpcId": group.vpc_id,
        "InnerAccessPolicy": "Accept",
        "Permissions": {"Permission": rules},
    }


@action(ECS, "DeleteSecurityGroup", accepts="SecurityGroupId", requires="RegionId SecurityGroupId")
def delete(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete a group that nothing is in."""
    account.network.delete_security_group(p.required("RegionId"), p.required("SecurityGroupId"))
    return {}


@action(
    ECS,
    "AuthorizeSecurityGroup",
    accepts=f"ClientToken SecurityGroupId {_INGRESS} {under('Permissions.N', _INGRESS)}",
    requires="RegionId SecurityGroupId",
)
def authorize(account: Account, p: Parameters) -> dict[str, Any]:
    """Rules for traffic into the group."""
    account.network.authorize(p.required("RegionId"), p.required("SecurityGroupId"), _rules(p, "ingress"))
    return {}


@action(
    ECS,
    "AuthorizeSecurityGroupEgress",
    accepts=f"ClientToken SecurityGroupId {_EGRESS} {under('Permissions.N', _EGRESS)}",
    requires="RegionId SecurityGroupId",
)
def authorize_egress(account: Account, p: Parameters) -> dict[str, Any]:
    """Rules for traffic out of the group."""
    account.network.authorize(p.required("RegionId"), p.required("SecurityGroupId"), _rules(p, "egress"))
    return {}


@action(
    ECS,
    "RevokeSecurityGroup",
    accepts=f"ClientToken SecurityGroupId {_INGRESS} {under('Permissions.N', _INGRESS)}",
    requires="RegionId SecurityGroupId",
)
def revoke(account: Account, p: Parameters) -> dict[str, Any]:
    """Take rules for traffic into the group away."""
    account.network.revoke(p.required("RegionId"), p.required("SecurityGroupId"), _rules(p, "ingress"))
    return {}


def _rules(p: Parameters, direction: Literal["ingress", "egress"]) -> list[Rule]:
    return [_parse(item, direction) for item in p.structures("Permissions") or [p]]


def _parse(p: Parameters, direction: Literal["ingress", "egress"]) -> Rule:
    peer = "SourceCidrIp" if direction == "ingress" else "DestCidrIp"
    if not p.text(peer):
        raise missing(peer)
    policy = p.choice("Policy", ("accept", "drop", "Accept", "Drop"), "accept")
    return Rule(
        direction=direction,
        protocol=p.required("IpProtocol").lower(),
        port_range=p.required("PortRange"),
        cidr=p.required(peer),
        policy="Drop" if policy.lower() == "drop" else "Accept",
        priority=p.integer("Priority", 1),
        nic_type=p.choice("NicType", ("internet", "intranet"), "internet"),
        description=p.text("Description"),
    )


def _group(account: Account, group: SecurityGroup) -> dict[str, Any]:
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "Description": group.description,
        "SecurityGroupType": group.kind,
        "VpcId": group.vpc_id,
        "ResourceGroupId": group.resource_group,
        "CreationTime": account.store.clock.stamp(group.created),
        "Tags": tag_list(group),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    inward = rule.direction == "ingress"
    return {
        "Direction": rule.direction,
        "IpProtocol": rule.protocol.upper(),
        "PortRange": rule.port_range,
        "SourceCidrIp": rule.cidr if inward else "",
        "DestCidrIp": "" if inward else rule.cidr,
        "Policy": rule.policy,
        "Priority": str(rule.priority),
        "NicType": rule.nic_type,
        "Description": rule.description,
    }
