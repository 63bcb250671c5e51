"""VPCs and subnets (VPC v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import need
from imagesmith_simulator.huaweicloud.resources import Port, Subnet, Vpc
from imagesmith_simulator.huaweicloud.routes import Call, operation

_PAGES = "limit marker"


@operation(
    "vpc",
    "CreateVpc",
    "POST /v1/{project_id}/vpcs",
    fields="vpc.name vpc.cidr vpc.description vpc.enterprise_project_id vpc.tags[]",
)
def create_vpc(account: Account, call: Call) -> Any:
    """A new VPC."""
    given = need(call.body, "vpc", "VPC.0001")
    vpc = Vpc(
        id=account.store.new_id(),
        project_id=call.project_id,
        name=given.get("name", ""),
        description=given.get("description", ""),
        cidr=given.get("cidr", "192.168.0.0/16"),
        enterprise_project_id=given.get("enterprise_project_id", "0"),
    )
    return {"vpc": _vpc(account.network.create_vpc(vpc))}


@operation("vpc", "ListVpcs", "GET /v1/{project_id}/vpcs", query=f"{_PAGES} id enterprise_project_id")
def list_vpcs(account: Account, call: Call) -> Any:
    """The project's VPCs."""
    found = account.store.listed(account.store.vpcs, call.project_id)
    wanted = call.query.get("id")
    return {"vpcs": [_vpc(vpc) for vpc in page([vpc for vpc in found if wanted in (None, vpc.id)], call.query)]}


@operation("vpc", "ShowVpc", "GET /v1/{project_id}/vpcs/{vpc_id}")
def show_vpc(account: Account, call: Call) -> Any:
    """One VPC."""
    return {"vpc": _vpc(account.network.vpc(call.path["vpc_id"], call.project_id))}


@operation("vpc", "DeleteVpc", "DELETE /v1/{project_id}/vpcs/{vpc_id}", status=204)
def delete_vpc(account: Account, call: Call) -> None:
    """Delete a VPC."""
    account.network.delete_vpc(call.path["vpc_id"], call.project_id)


@operation(
    "vpc",
    "CreateSubnet",
    "POST /v1/{project_id}/subnets",
    fields="subnet.name subnet.description subnet.cidr subnet.vpc_id subnet.gateway_ip subnet.dhcp_enable "
    "subnet.primary_dns subnet.secondary_dns subnet.dnsList[] subnet.ipv6_enable "
    "subnet.availability_zone subnet.tags[]",
)
def create_subnet(account: Account, call: Call) -> Any:
    """A new subnet."""
    given = need(call.body, "subnet", "VPC.0001")
    subnet = Subnet(
        id=account.store.new_id(),
        project_id=call.project_id,
        name=given.get("name", ""),
        description=given.get("description", ""),
        vpc_id=need(given, "vpc_id", "VPC.0001"),
        cidr=need(given, "cidr", "VPC.0001"),
        gateway_ip=need(given, "gateway_ip", "VPC.0001"),
        neutron_subnet_id=account.store.new_id(),
        dns_list=list(given.get("dnsList", ())),
        availability_zone=given.get("availability_zone", ""),
    )
    return {"subnet": _subnet(account.network.create_subnet(subnet))}


@operation("vpc", "ListSubnets", "GET /v1/{project_id}/subnets", query=f"{_PAGES} vpc_id")
def list_subnets(account: Account, call: Call) -> Any:
    """The project's subnets."""
    wanted = call.query.get("vpc_id")
    found = [
        subnet
        for subnet in account.store.listed(account.store.subnets, call.project_id)
        if wanted in (None, subnet.vpc_id)
    ]
    return {"subnets": [_subnet(subnet) for subnet in page(found, call.query)]}


@operation("vpc", "ShowSubnet", "GET /v1/{project_id}/subnets/{subnet_id}")
def show_subnet(account: Account, call: Call) -> Any:
    """One subnet."""
    return {"subnet": _subnet(account.network.subnet(call.path["subnet_id"], call.project_id))}


@operation("vpc", "DeleteSubnet", "DELETE /v1/{project_id}/vpcs/{vpc_id}/subnets/{subnet_id}", status=204)
def delete_subnet(account: Account, call: Call) -> None:
    """Delete a subnet."""
    account.network.delete_subnet(call.path["subnet_id"], call.path["vpc_id"], call.project_id)


@operation(
    "vpc",
    "ListPorts",
    "GET /v1/{project_id}/ports",
    query=f"{_PAGES} name id network_id device_id device_owner status enterprise_project_id",
)
def list_ports(account: Account, call: Call) -> Any:
    """The project's network interfaces."""
    filters = {"id": "id", "network_id": "subnet_id", "device_id": "server_id"}
    found = [
        port
        for port in account.store.listed(account.store.ports, call.project_id)
        if all(getattr(port, own) == call.query[name] for name, own in filters.items() if name in call.query)
    ]
    return {"ports": [_port(port) for port in page(found, call.query)]}


def _vpc(vpc: Vpc) -> Mapping[str, Any]:
    return {
        "id": vpc.id,
        "name": vpc.name,
        "description": vpc.description,
        "cidr": vpc.cidr,
        "status": vpc.status,
        "enterprise_project_id": vpc.enterprise_project_id,
        "routes": [],
    }


def _subnet(subnet: Subnet) -> Mapping[str, Any]:
    return {
        "id": subnet.id,
        "name": subnet.name,
        "description": subnet.description,
        "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway_ip,
        "vpc_id": subnet.vpc_id,
        "dnsList": subnet.dns_list,
        "availability_zone": subnet.availability_zone,
        "status": subnet.status,
        "neutron_network_id": subnet.id,
        "neutron_subnet_id": subnet.neutron_subnet_id,
    }


def _port(port: Port) -> Mapping[str, Any]:
    return {
        "id": port.id,
        "name": port.name,
        "network_id": port.subnet_id,
        "device_id": port.server_id,
        "device_owner": "compute:none" if port.server_id else "",
        "status": "ACTIVE" if port.server_id else "DOWN",
        "fixed_ips": [{"ip_address": port.host, "subnet_id": port.subnet_id}],
        "security_groups": port.security_group_ids,
        "tenant_id": port.project_id,
    }
