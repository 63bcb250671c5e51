"""What is asked of one server (ECS v1): its disks, interfaces, console, password, tags, end; and the limits."""

from __future__ import annotations

import base64
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.handlers import server_views as views
from imagesmith_simulator.huaweicloud.handlers.reading import need, number
from imagesmith_simulator.huaweicloud.models.launch import MOST_NICS
from imagesmith_simulator.huaweicloud.resources import Server
from imagesmith_simulator.huaweicloud.routes import Answer, Call, operation

_BAD = "Ecs.0005"
_SERVER = "/v1/{project_id}/cloudservers/{server_id}"
_MOST_DISKS = 24


@operation("ecs", "ListServerBlockDevices", f"GET {_SERVER}/block_device")
def block_devices(account: Account, call: Call) -> Any:
    """The disks of a server; that with ``bootIndex`` 0 is the system disk."""
    volumes = views.volumes_of(account, _server(account, call))
    attachments = [
        {
            "id": volume.id,
            "volumeId": volume.id,
            "serverId": volume.server_id,
            "bootIndex": 0 if volume.kind == "system" else number_ + 1,
            "device": volume.device,
            "size": volume.size,
            "bus": "virtio",
            "pciAddress": f"0000:02:{number_ + 1:02x}.0",
        }
        for number_, volume in enumerate(volumes)
    ]
    free = _MOST_DISKS - len(volumes)
    return {
        "attachableQuantity": {"free_scsi": free, "free_blk": free, "free_disk": free},
        "volumeAttachments": attachments,
    }


@operation("ecs", "ListServerInterfaces", f"GET {_SERVER}/os-interface")
def interfaces(account: Account, call: Call) -> Any:
    """The network interfaces of a server, the primary one first."""
    server, ports = _server(account, call), account.store.ports
    found = [views.interface(account, ports[identity]) for identity in server.port_ids if identity in ports]
    return {"attachableQuantity": {"free_nic": MOST_NICS - len(found)}, "interfaceAttachments": found}


@operation(
    "ecs",
    "AttachServerVolume",
    f"POST {_SERVER}/attachvolume",
    fields="volumeAttachment.volumeId volumeAttachment.device dry_run",
)
def attach(account: Account, call: Call) -> Any:
    """Attach a volume."""
    given = need(call.body, "volumeAttachment", _BAD)
    volume_id = need(given, "volumeId", _BAD)
    if call.dry_run:
        account.attachments.check(call.path["server_id"], volume_id, call.project_id)
        return Answer(202)
    device = given.get("device") or ""
    return {"job_id": account.attachments.attach(call.path["server_id"], volume_id, call.project_id, device).id}


@operation("ecs", "DetachServerVolume", f"DELETE {_SERVER}/detachvolume/{{volume_id}}", query="delete_flag")
def detach(account: Account, call: Call) -> Any:
    """Take a volume off."""
    job = account.attachments.detach(call.path["server_id"], call.path["volume_id"], call.project_id)
    return {"job_id": job.id}


@operation(
    "ecs",
    "UpdateServerAutoTerminateTime",
    f"POST {_SERVER}/actions/update-auto-terminate-time",
    fields="auto_terminate_time",
    status=204,
)
def auto_terminate(account: Account, call: Call) -> None:
    """Set the time at which the cloud deletes the server; without one it does not."""
    account.servers.set_auto_terminate(
        call.path["server_id"], call.project_id, call.body.get("auto_terminate_time") or ""
    )


@operation("ecs", "ShowServerConsoleOutput", f"GET {_SERVER}/console-output", query="length")
def console(account: Account, call: Call) -> Any:
    """The last lines that the guest has written to its serial console."""
    server = _server(account, call)
    lines = account.store.machines.console(server.id).splitlines()
    length = number(call.query.get("length", 100), "length", _BAD)
    return {"output": "\n".join(lines[-length:] if length > 0 else lines)}


@operation("ecs", "ShowServerPassword", f"GET {_SERVER}/os-server-password")
def password(account: Account, call: Call) -> Any:
    """The password that a Windows guest has set itself, encrypted with the key pair's RSA key; "" until it has one."""
    server = _server(account, call)
    key = account.store.key_pairs.get((server.project_id, server.key_name))
    if key is None or server.os_type != "Windows" or not server.password_told:
        return {"password": ""}
    return {"password": _encrypted(server.password, key.public_key)}


@operation(
    "ecs", "BatchCreateServerTags", f"POST {_SERVER}/tags/action", fields="action tags[].key tags[].value", status=204
)
def change_tags(account: Account, call: Call) -> None:
    """Put tags on a server, or with the action "delete" take them off."""
    server = _server(account, call)
    tags = {need(tag, "key", _BAD): tag.get("value") or "" for tag in need(call.body, "tags", _BAD)}
    action = need(call.body, "action", _BAD)
    if action not in ("create", "delete"):
        raise invalid(_BAD, "action")
    changed = {**server.tags, **tags} if action == "create" else _without(server.tags, tags)
    if len(changed) > 10:
        raise invalid(_BAD, "tags", "A server takes at most 10 tags.")
    server.tags = changed
    account.store.used(server.id)


@operation("ecs", "ShowServerTags", f"GET {_SERVER}/tags")
def show_tags(account: Account, call: Call) -> Any:
    """The tags of a server."""
    return {"tags": [{"key": key, "value": value} for key, value in _server(account, call).tags.items()]}


@operation("ecs", "ShowServerLimits", "GET /v1/{project_id}/cloudservers/limits")
def limits(account: Account, call: Call) -> Any:
    """How much the project may have and has."""
    store = account.store
    servers = [server for server in store.servers.values() if server.project_id == call.project_id]
    flavors = [store.world.flavors[server.flavor_id] for server in servers]
    most = store.quotas["server"]
    return {
        "absolute": {
            "maxTotalInstances": most,
            "totalInstancesUsed": len(servers),
            "maxTotalCores": 8 * most,
            "totalCoresUsed": sum(flavor.vcpus for flavor in flavors),
            "maxTotalRAMSize": 16384 * most,
            "totalRAMUsed": sum(flavor.ram for flavor in flavors),
            "maxTotalKeypairs": store.quotas["key_pair"],
            "maxTotalFloatingIps": store.quotas["eip"],
            "maxSecurityGroups": store.quotas["security_group"],
            "maxServerMeta": 128,
            "maxImageMeta": 128,
            "maxPersonality": 5,
            "maxPersonalitySize": 10240,
            "maxServerGroups": 10,
            "maxServerGroupMembers": 16,
        }
    }


def _server(account: Account, call: Call) -> Server:
    return account.servers.get(call.path["server_id"], call.project_id)


def _without(tags: dict[str, str], gone: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in gone}


def _encrypted(text: str, public_key: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    key = load_ssh_public_key(public_key.encode())
    if not isinstance(key, RSAPublicKey):
        return ""
    return base64.b64encode(key.encrypt(text.encode(), PKCS1v15())).decode()
