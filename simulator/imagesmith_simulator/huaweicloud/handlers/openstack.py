"""What OpenStack's own clients list: Nova v2.1, Neutron v2.0, Glance v2. Read-only, over the same resources.

A VPC is a router, a VPC's subnet is a network with one subnet, an EIP is a floating IP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import Refused
from imagesmith_simulator.huaweicloud.handlers.image_views import image_view
from imagesmith_simulator.huaweicloud.handlers.images import select
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import number
from imagesmith_simulator.huaweicloud.handlers.server_views import detail
from imagesmith_simulator.huaweicloud.resources import Eip, Resource, SecurityGroup, Server, Subnet, Vpc
from imagesmith_simulator.huaweicloud.routes import Call, operation
from imagesmith_simulator.huaweicloud.world import Flavor

_NOVA = "/v2.1/{project_id}"
_PAGES = "limit marker"
_EXTERNAL_NETWORK = "0a2228f2-7f8a-45f1-8e09-9039e1d09975"
"""The network that all floating IPs are of; it has this id in every region."""


@operation("ecs", "NovaShowVersion", "GET /v2.1", signed=False)
def nova_version(_: Account, call: Call) -> Any:
    """What clients ask first: which version of Nova this is."""
    link = {"rel": "self", "href": f"http://{call.host}/v2.1/"}
    return {"version": {"id": "v2.1", "status": "CURRENT", "min_version": "2.1", "version": "2.60", "links": [link]}}


@operation("ecs", "NovaListServers", f"GET {_NOVA}/servers", query=f"{_PAGES} name status")
def nova_list_servers(account: Account, call: Call) -> Any:
    """The project's servers, with name and id only."""
    shown, following = _servers(account, call)
    return {"servers": [{"id": server.id, "name": server.name, "links": []} for server in shown], **following}


@operation("ecs", "NovaListServersDetails", f"GET {_NOVA}/servers/detail", query=f"{_PAGES} name status")
def nova_list_details(account: Account, call: Call) -> Any:
    """The project's servers."""
    shown, following = _servers(account, call)
    return {"servers": [_server(account, server) for server in shown], **following}


@operation("ecs", "NovaShowServer", f"GET {_NOVA}/servers/{{server_id}}")
def nova_show_server(account: Account, call: Call) -> Any:
    """One server."""
    server = account.store.servers.get(call.path["server_id"])
    if server is None or server.project_id != call.project_id:
        raise Refused("404", 404, f"Instance {call.path['server_id']} could not be found.", shape="nova")
    return {"server": _server(account, server)}


@operation("ecs", "NovaListFlavors", f"GET {_NOVA}/flavors", query=f"{_PAGES} is_public minDisk minRam")
def nova_list_flavors(account: Account, call: Call) -> Any:
    """The flavors, with name and id only."""
    return {"flavors": [{"id": flavor.id, "name": flavor.id, "links": []} for flavor in _flavors(account, call)]}


@operation("ecs", "NovaListFlavorsDetails", f"GET {_NOVA}/flavors/detail", query=f"{_PAGES} is_public minDisk minRam")
def nova_list_flavor_details(account: Account, call: Call) -> Any:
    """The flavors."""
    return {"flavors": [_flavor(flavor) for flavor in _flavors(account, call)]}


@operation("ecs", "NovaShowFlavor", f"GET {_NOVA}/flavors/{{flavor_id}}")
def nova_show_flavor(account: Account, call: Call) -> Any:
    """One flavor."""
    flavor = account.store.world.flavors.get(call.path["flavor_id"])
    if flavor is None:
        raise Refused("404", 404, f"Flavor {call.path['flavor_id']} could not be found.", shape="nova")
    return {"flavor": _flavor(flavor)}


@operation(
    "ims",
    "GlanceListImages",
    "GET /v2/images",
    query="limit marker id name owner status visibility member_status protected container_format disk_format min_disk "
    "min_ram tag sort_key sort_dir created_at updated_at __imagetype __os_type __os_bit __platform __isregistered "
    "__support_kvm",
)
def glance_list(account: Account, call: Call) -> Any:
    """The images that the caller's project can use."""
    found = select(account, call)
    images = page(found, call.query, usual=500)
    answer: dict[str, Any] = {
        "images": [image_view(image, call.project_id, account.store.clock) for image in images],
        "first": "/v2/images",
        "schema": "/v2/schemas/images",
    }
    if images and images[-1] is not found[-1]:
        answer["next"] = f"/v2/images?limit={len(images)}&marker={images[-1].id}"
    return answer


@operation("vpc", "NeutronListNetworks", "GET /v2.0/networks", query=f"{_PAGES} id name status tenant_id")
def neutron_networks(account: Account, call: Call) -> Any:
    """The project's VPC subnets as networks."""
    found = _mine(account.store.listed(account.store.subnets, call.project_id), call, "id", "name", "status")
    return {"networks": [_network(subnet) for subnet in found]}


@operation("vpc", "NeutronListSubnets", "GET /v2.0/subnets", query=f"{_PAGES} id name cidr network_id tenant_id")
def neutron_subnets(account: Account, call: Call) -> Any:
    """The one subnet of each of the project's networks."""
    query = call.query
    found = [
        subnet
        for subnet in _mine(account.store.listed(account.store.subnets, call.project_id), call, "name", "cidr")
        if query.get("network_id", subnet.id) == subnet.id
        and query.get("id", subnet.neutron_subnet_id) == subnet.neutron_subnet_id
    ]
    return {"subnets": [_subnet(subnet) for subnet in found]}


@operation("vpc", "NeutronListRouters", "GET /v2.0/routers", query=f"{_PAGES} id name tenant_id")
def neutron_routers(account: Account, call: Call) -> Any:
    """The project's VPCs as routers."""
    found = _mine(account.store.listed(account.store.vpcs, call.project_id), call, "id", "name")
    return {"routers": [_router(vpc) for vpc in found]}


@operation(
    "vpc", "NeutronListSecurityGroups", "GET /v2.0/security-groups", query=f"{_PAGES} id name description tenant_id"
)
def neutron_security_groups(account: Account, call: Call) -> Any:
    """The project's security groups."""
    listed = account.store.listed(account.store.security_groups, call.project_id)
    return {"security_groups": [_group(group) for group in _mine(listed, call, "id", "name", "description")]}


@operation(
    "eip", "NeutronListFloatingIps", "GET /v2.0/floatingips", query=f"{_PAGES} id floating_ip_address port_id tenant_id"
)
def neutron_floating_ips(account: Account, call: Call) -> Any:
    """The project's EIPs as floating IPs."""
    found = [
        eip
        for eip in _mine(account.store.listed(account.store.eips, call.project_id), call, "id", "port_id")
        if call.query.get("floating_ip_address", eip.ip) == eip.ip
    ]
    return {"floatingips": [_floating_ip(account, eip) for eip in found]}


def _mine(items: Sequence[Any], call: Call, *names: str) -> list[Any]:
    """One page of those of a list that have what the query asks for."""
    query = call.query
    found: list[Resource] = [
        item
        for item in items
        if query.get("tenant_id", item.project_id) == item.project_id
        and all(getattr(item, name) == query[name] for name in names if name in query)
    ]
    return list(page(found, query))


def _servers(account: Account, call: Call) -> tuple[list[Server], Mapping[str, Any]]:
    """A page of servers, and the link to the next one where there is more. A name is searched for."""
    query = call.query
    found = [
        server
        for server in account.store.listed(account.store.servers, call.project_id)
        if query.get("name", "") in server.name and query.get("status", server.status) == server.status
    ]
    shown = page(found, query)
    if not shown or shown[-1] is found[-1]:
        return shown, {}
    href = f"http://{call.host}/v2.1/{call.project_id}/servers/detail?limit={len(shown)}&marker={shown[-1].id}"
    return shown, {"servers_links": [{"rel": "next", "href": href}]}


def _server(account: Account, server: Server) -> Mapping[str, Any]:
    found = detail(account, server)
    return {
        **found,
        "links": [],
        "addresses": {
            network: [{**address, "version": int(address["version"])} for address in addresses]
            for network, addresses in found["addresses"].items()
        },
        "flavor": {"id": server.flavor_id, "links": []},
        "image": {"id": server.image_id, "links": []},
        "os-extended-volumes:volumes_attached": [
            {"id": volume["id"]} for volume in found["os-extended-volumes:volumes_attached"]
        ],
    }


def _flavors(account: Account, call: Call) -> list[Flavor]:
    found = sorted(account.store.world.flavors.values(), key=lambda flavor: flavor.id)
    ids = [flavor.id for flavor in found]
    first = ids.index(call.query["marker"]) + 1 if call.query.get("marker") in ids else 0
    least = number(call.query.get("minRam", 0), "minRam", "400")
    limit = number(call.query.get("limit", 1000), "limit", "400")
    return [flavor for flavor in found if flavor.ram >= least][first : first + limit]


def _flavor(flavor: Flavor) -> Mapping[str, Any]:
    return {
        "id": flavor.id,
        "name": flavor.id,
        "vcpus": flavor.vcpus,
        "ram": flavor.ram,
        "disk": 0,
        "swap": "",
        "rxtx_factor": 1.0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
        "links": [],
    }


def _network(subnet: Subnet) -> Mapping[str, Any]:
    return {
        "id": subnet.id,
        "name": subnet.name,
        "status": subnet.status,
        "subnets": [subnet.neutron_subnet_id],
        "admin_state_up": True,
        "shared": False,
        "router:external": False,
        "provider:network_type": "vxlan",
        "tenant_id": subnet.project_id,
        "project_id": subnet.project_id,
        "port_security_enabled": True,
        "availability_zones": [],
        "availability_zone_hints": [],
    }


def _subnet(subnet: Subnet) -> Mapping[str, Any]:
    return {
        "id": subnet.neutron_subnet_id,
        "name": subnet.name,
        "network_id": subnet.id,
        "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway_ip,
        "ip_version": 4,
        "enable_dhcp": True,
        "dns_nameservers": subnet.dns_list,
        "host_routes": [],
        "allocation_pools": [],
        "tenant_id": subnet.project_id,
        "project_id": subnet.project_id,
    }


def _router(vpc: Vpc) -> Mapping[str, Any]:
    return {
        "id": vpc.id,
        "name": vpc.name,
        "status": "ACTIVE" if vpc.status == "OK" else vpc.status,
        "admin_state_up": True,
        "external_gateway_info": {"network_id": _EXTERNAL_NETWORK, "enable_snat": False},
        "routes": [],
        "tenant_id": vpc.project_id,
        "project_id": vpc.project_id,
    }


def _group(group: SecurityGroup) -> Mapping[str, Any]:
    rules = [
        {
            "id": rule.id,
            "security_group_id": group.id,
            "direction": rule.direction,
            "ethertype": rule.ethertype,
            "protocol": rule.protocol or None,
            "port_range_min": rule.port_min or None,
            "port_range_max": rule.port_max or None,
            "remote_ip_prefix": rule.remote_ip_prefix or None,
            "remote_group_id": rule.remote_group_id or None,
            "tenant_id": group.project_id,
            "project_id": group.project_id,
            "description": "",
        }
        for rule in group.rules
    ]
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "security_group_rules": rules,
        "tenant_id": group.project_id,
        "project_id": group.project_id,
    }


def _floating_ip(account: Account, eip: Eip) -> Mapping[str, Any]:
    port = account.store.ports.get(eip.port_id)
    subnet = account.store.subnets.get(port.subnet_id) if port else None
    return {
        "id": eip.id,
        "floating_ip_address": eip.host,
        "floating_network_id": _EXTERNAL_NETWORK,
        "fixed_ip_address": port.host if port else None,
        "port_id": eip.port_id or None,
        "router_id": subnet.vpc_id if subnet else None,
        "status": eip.status,
        "tenant_id": eip.project_id,
        "project_id": eip.project_id,
        "dns_name": "",
        "dns_domain": "",
    }
