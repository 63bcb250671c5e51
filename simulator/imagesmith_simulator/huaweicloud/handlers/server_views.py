"""A server as the three interfaces show it: v1 and Nova's v2.1 in full, v1.1 with short names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.resources import Port, Server, Volume

_VM_STATES = {"BUILD": "building", "ACTIVE": "active", "SHUTOFF": "stopped", "REBOOT": "active", "ERROR": "error"}
_POWER = {"ACTIVE": 1, "REBOOT": 1, "SHUTOFF": 4}


def detail(account: Account, server: Server) -> dict[str, Any]:
    """As ShowServer, ListServersDetails and their Nova namesakes have it."""
    return {**_facts(account, server), **_surroundings(account, server), **_states(account, server)}


def _facts(account: Account, server: Server) -> dict[str, Any]:
    clock = account.store.clock
    return {
        "id": server.id,
        "name": server.name,
        "tenant_id": server.project_id,
        "user_id": "",
        "hostId": "",
        "created": clock.stamp(server.created),
        "updated": clock.stamp(),
        "description": server.description,
        "locked": False,
        "config_drive": "",
        "accessIPv4": "",
        "accessIPv6": "",
        "key_name": server.key_name or None,
        "auto_terminate_time": server.auto_terminate_time,
        "enterprise_project_id": server.enterprise_project_id,
        "metadata": _metadata(account, server),
        "tags": tags_of(server),
        "sys_tags": [{"key": "_sys_enterprise_project_id", "value": server.enterprise_project_id}],
        "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
        "OS-EXT-SRV-ATTR:user_data": base64.b64encode(server.user_data).decode() or None,
        "OS-DCF:diskConfig": "MANUAL",
    }


def _surroundings(account: Account, server: Server) -> dict[str, Any]:
    flavor = account.store.world.flavors[server.flavor_id]
    size = {"disk": "0", "vcpus": str(flavor.vcpus), "ram": str(flavor.ram)}
    return {
        "image": {"id": server.image_id},
        "flavor": {"id": flavor.id, "name": flavor.id, **size},
        "addresses": _addresses(account, server),
        "security_groups": _groups(account, server),
        "OS-EXT-AZ:availability_zone": server.availability_zone,
        "os-extended-volumes:volumes_attached": [_attached(volume) for volume in volumes_of(account, server)],
    }


def _states(account: Account, server: Server) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": server.status,
        "progress": 100 if server.status in ("ACTIVE", "SHUTOFF") else 0,
        "OS-EXT-STS:vm_state": _VM_STATES.get(server.status, "error"),
        "OS-EXT-STS:task_state": task_state(server),
        "OS-EXT-STS:power_state": _POWER.get(server.status, 0),
    }
    if server.fault:
        found["fault"] = {"code": 500, "message": server.fault, "created": account.store.clock.stamp()}
    return found


def short(account: Account, server: Server) -> dict[str, Any]:
    """As ListCloudServers (v1.1) has it."""
    full = detail(account, server)
    same = ("id", "name", "status", "tenant_id", "created", "description", "key_name", "metadata", "tags", "image")
    found: dict[str, Any] = {name: full[name] for name in (*same, "enterprise_project_id", "security_groups")}
    found |= {
        "addresses": {
            network: [{**address, "version": int(address["version"])} for address in addresses]
            for network, addresses in full["addresses"].items()
        },
        "availability_zone": server.availability_zone,
        "vm_state": full["OS-EXT-STS:vm_state"],
        "task_state": full["OS-EXT-STS:task_state"] or "",
        "power_state": full["OS-EXT-STS:power_state"],
        "flavor": {**full["flavor"], "vcpus": int(full["flavor"]["vcpus"]), "ram": int(full["flavor"]["ram"])},
        "volumes_attached": full["os-extended-volumes:volumes_attached"],
        "market_info": {"charge_mode": "spot" if server.market_type == "spot" else "postPaid"},
        "in_recycle_bin": False,
    }
    if "fault" in full:
        found["fault"] = full["fault"]
    return found


def tags_of(server: Server) -> list[str]:
    """The tags in the spelling of lists: ``key=value``."""
    return [f"{key}={value}" for key, value in server.tags.items()]


def task_state(server: Server) -> str | None:
    """What is being done with the server."""
    return "spawning" if server.status == "BUILD" and not server.task_state else server.task_state or None


def volumes_of(account: Account, server: Server) -> list[Volume]:
    """The disks of a server, the system disk first."""
    mine = [volume for volume in account.store.volumes.values() if volume.server_id == server.id]
    return sorted(mine, key=lambda volume: (volume.kind != "system", volume.device))


def interface(account: Account, port: Port) -> dict[str, Any]:
    """A network interface as ListServerInterfaces has it."""
    return {
        "port_id": port.id,
        "net_id": port.subnet_id,
        "port_state": "ACTIVE",
        "mac_addr": mac_of(port),
        "delete_on_termination": not port.kept,
        "fixed_ips": [
            {"ip_address": address, "subnet_id": _neutron_subnet(account, port)}
            for address in (port.host, port.ipv6)
            if address
        ],
    }


def mac_of(port: Port) -> str:
    """An address made of the port's id."""
    digits = port.id.replace("-", "")[:6]
    return "fa:16:3e:" + ":".join(digits[at : at + 2] for at in (0, 2, 4))


def _neutron_subnet(account: Account, port: Port) -> str:
    subnet = account.store.subnets.get(port.subnet_id)
    return subnet.neutron_subnet_id if subnet else ""


def _metadata(account: Account, server: Server) -> Mapping[str, str]:
    image = account.store.images.get(server.image_id)
    return {
        **server.metadata,
        "charging_mode": "2" if server.market_type == "spot" else "0",
        "metering.image_id": server.image_id,
        "metering.resourcespeccode": f"{server.flavor_id}.{server.os_type.lower()}",
        "vpc_id": server.vpc_id,
        "os_type": server.os_type,
        "image_name": image.name if image else "",
    }


def _addresses(account: Account, server: Server) -> dict[str, list[dict[str, Any]]]:
    """The addresses by VPC, that of the EIP after the private one."""
    store, found = account.store, []
    for number, identity in enumerate(server.port_ids):
        port = store.ports.get(identity)
        if port is None:
            continue
        common = {"version": "4", "primary": number == 0, "OS-EXT-IPS:port_id": port.id}
        common["OS-EXT-IPS-MAC:mac_addr"] = mac_of(port)
        found.append({**common, "addr": port.host, "OS-EXT-IPS:type": "fixed"})
        if port.ipv6:
            found.append({**common, "version": "6", "addr": port.ipv6, "OS-EXT-IPS:type": "fixed"})
        eips = [eip for eip in store.eips.values() if eip.port_id == port.id]
        found += [{**common, "addr": eip.host, "OS-EXT-IPS:type": "floating"} for eip in eips]
    return {server.vpc_id: found}


def _groups(account: Account, server: Server) -> list[dict[str, str]]:
    store = account.store
    ports = [store.ports[identity] for identity in server.port_ids if identity in store.ports]
    ids = dict.fromkeys(identity for port in ports for identity in port.security_group_ids)
    return [
        {"id": identity, "name": store.security_groups[identity].name}
        for identity in ids
        if identity in store.security_groups
    ]


def _attached(volume: Volume) -> dict[str, Any]:
    return {
        "id": volume.id,
        "delete_on_termination": "true" if volume.delete_on_termination else "false",
        "bootIndex": "0" if volume.kind == "system" else "-1",
        "device": volume.device,
    }
