"""Security groups and their rules (VPC v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import need, number
from imagesmith_simulator.huaweicloud.resources import Rule, SecurityGroup
from imagesmith_simulator.huaweicloud.routes import Call, operation


@operation(
    "vpc",
    "CreateSecurityGroup",
    "POST /v1/{project_id}/security-groups",
    fields="security_group.name security_group.vpc_id security_group.enterprise_project_id",
)
def create(account: Account, call: Call) -> Any:
    """A new security group; a VPC that is named with it has no meaning."""
    given = need(call.body, "security_group", "VPC.0001")
    group = SecurityGroup(
        id=account.store.new_id(),
        project_id=call.project_id,
        name=need(given, "name", "VPC.0001"),
        enterprise_project_id=given.get("enterprise_project_id", "0"),
    )
    return {"security_group": _group(account.network.create_security_group(group))}


@operation(
    "vpc",
    "ListSecurityGroups",
    "GET /v1/{project_id}/security-groups",
    query="limit marker vpc_id enterprise_project_id",
)
def list_all(account: Account, call: Call) -> Any:
    """The project's security groups."""
    found = account.store.listed(account.store.security_groups, call.project_id)
    return {"security_groups": [_group(group) for group in page(found, call.query)]}


@operation("vpc", "ShowSecurityGroup", "GET /v1/{project_id}/security-groups/{security_group_id}")
def show(account: Account, call: Call) -> Any:
    """One security group."""
    return {"security_group": _group(account.network.security_group(call.path["security_group_id"], call.project_id))}


@operation("vpc", "DeleteSecurityGroup", "DELETE /v1/{project_id}/security-groups/{security_group_id}", status=204)
def delete(account: Account, call: Call) -> None:
    """Delete a security group."""
    account.network.delete_security_group(call.path["security_group_id"], call.project_id)


@operation(
    "vpc",
    "CreateSecurityGroupRule",
    "POST /v1/{project_id}/security-group-rules",
    fields="security_group_rule.security_group_id security_group_rule.description security_group_rule.direction "
    "security_group_rule.ethertype security_group_rule.protocol security_group_rule.port_range_min "
    "security_group_rule.port_range_max security_group_rule.remote_ip_prefix security_group_rule.remote_group_id",
)
def create_rule(account: Account, call: Call) -> Any:
    """One more rule."""
    given = need(call.body, "security_group_rule", "VPC.0001")
    direction: Literal["ingress", "egress"] = "ingress" if given.get("direction") == "ingress" else "egress"
    if given.get("direction") not in ("ingress", "egress"):
        raise invalid("VPC.0002", "direction")
    rule = Rule(
        id=account.store.new_id(),
        direction=direction,
        protocol=given.get("protocol") or "",
        port_min=number(given.get("port_range_min") or 0, "port_range_min", "VPC.0002"),
        port_max=number(given.get("port_range_max") or 0, "port_range_max", "VPC.0002"),
        remote_ip_prefix=given.get("remote_ip_prefix") or "",
        remote_group_id=given.get("remote_group_id") or "",
        ethertype=given.get("ethertype") or "IPv4",
    )
    group_id = need(given, "security_group_id", "VPC.0001")
    return {"security_group_rule": _rule(account.network.add_rule(group_id, call.project_id, rule), group_id)}


@operation(
    "vpc",
    "ListSecurityGroupRules",
    "GET /v1/{project_id}/security-group-rules",
    query="limit marker security_group_id",
)
def list_rules(account: Account, call: Call) -> Any:
    """The rules of one group or of all."""
    wanted = call.query.get("security_group_id")
    groups = [
        group
        for group in account.store.listed(account.store.security_groups, call.project_id)
        if wanted in (None, group.id)
    ]
    return {"security_group_rules": [_rule(rule, group.id) for group in groups for rule in group.rules]}


def _group(group: SecurityGroup) -> Mapping[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "enterprise_project_id": group.enterprise_project_id,
        "security_group_rules": [_rule(rule, group.id) for rule in group.rules],
    }


def _rule(rule: Rule, group_id: str) -> Mapping[str, Any]:
    return {
        "id": rule.id,
        "security_group_id": group_id,
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol or None,
        "port_range_min": rule.port_min or None,
        "port_range_max": rule.port_max or None,
        "remote_ip_prefix": rule.remote_ip_prefix or None,
        "remote_group_id": rule.remote_group_id or None,
    }
