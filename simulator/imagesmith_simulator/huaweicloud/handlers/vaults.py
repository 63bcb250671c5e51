"""Vaults and backups (CBR v3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import number
from imagesmith_simulator.huaweicloud.resources import Backup, Vault
from imagesmith_simulator.huaweicloud.routes import Call, operation


@operation("cbr", "ShowVault", "GET /v3/{project_id}/vaults/{vault_id}")
def show_vault(account: Account, call: Call) -> Any:
    """One vault."""
    return {"vault": _vault(account, account.vaults.vault(call.path["vault_id"], call.project_id))}


@operation("cbr", "ListVault", "GET /v3/{project_id}/vaults", query="limit offset name id enterprise_project_id")
def list_vaults(account: Account, call: Call) -> Any:
    """The project's vaults."""
    names = ("id", "name", "enterprise_project_id")
    found = [
        vault
        for vault in account.store.listed(account.store.vaults, call.project_id)
        if all(getattr(vault, name) == call.query[name] for name in names if name in call.query)
    ]
    start = number(call.query.get("offset", "0"), "offset", "BackupService.9900")
    return {"vaults": [_vault(account, vault) for vault in page(found[start:], call.query)], "count": len(found)}


@operation(
    "cbr",
    "ListBackups",
    "GET /v3/{project_id}/backups",
    query="limit offset marker name status vault_id resource_id resource_type image_type enterprise_project_id",
)
def list_backups(account: Account, call: Call) -> Any:
    """The project's backups, which are all of servers."""
    filters = {"name": "name", "status": "status", "vault_id": "vault_id", "resource_id": "server_id"}
    filters["enterprise_project_id"] = "enterprise_project_id"
    found = [
        backup
        for backup in account.store.listed(account.store.backups, call.project_id)
        if all(getattr(backup, own) == call.query[name] for name, own in filters.items() if name in call.query)
        and call.query.get("resource_type", "OS::Nova::Server") == "OS::Nova::Server"
        and call.query.get("image_type", "backup") == "backup"
    ]
    start = number(call.query.get("offset", "0"), "offset", "BackupService.9900")
    shown = [_backup(account, backup) for backup in page(found[start:], call.query)]
    return {"backups": shown, "count": len(found), "offset": start}


@operation("cbr", "ShowBackup", "GET /v3/{project_id}/backups/{backup_id}")
def show_backup(account: Account, call: Call) -> Any:
    """One backup."""
    return {"backup": _backup(account, account.vaults.backup(call.path["backup_id"], call.project_id))}


@operation("cbr", "DeleteBackup", "DELETE /v3/{project_id}/backups/{backup_id}", status=204)
def delete_backup(account: Account, call: Call) -> None:
    """Delete a backup."""
    account.vaults.delete_backup(call.path["backup_id"], call.project_id)


def _vault(account: Account, vault: Vault) -> Mapping[str, Any]:
    servers = account.store.servers
    return {
        "id": vault.id,
        "name": vault.name,
        "description": vault.description,
        "project_id": vault.project_id,
        "enterprise_project_id": vault.enterprise_project_id,
        "resources": [
            {
                "id": identity,
                "name": servers[identity].name if identity in servers else "",
                "type": "OS::Nova::Server",
                "protect_status": "available",
            }
            for identity in vault.resource_ids
        ],
        "billing": {
            "size": vault.size,
            "used": vault.used << 10,
            "allocated": vault.used,
            "object_type": "server",
            "protect_type": "backup",
            "consistent_level": "crash_consistent",
            "status": "available",
            "charging_mode": "post_paid",
        },
        "tags": [{"key": key, "value": value} for key, value in sorted(vault.tags.items())],
        "created_at": account.store.clock.stamp(vault.created),
    }


def _backup(account: Account, backup: Backup) -> Mapping[str, Any]:
    stamp = account.store.clock.stamp(backup.created)
    server = account.store.servers.get(backup.server_id)
    images = [image.id for image in account.store.images.values() if image.backup_id == backup.id]
    return {
        "id": backup.id,
        "name": backup.name,
        "description": backup.description,
        "status": backup.status,
        "vault_id": backup.vault_id,
        "project_id": backup.project_id,
        "enterprise_project_id": backup.enterprise_project_id,
        "resource_id": backup.server_id,
        "resource_name": server.name if server else "",
        "resource_az": server.availability_zone if server else "",
        "resource_type": "OS::Nova::Server",
        "resource_size": backup.size,
        "image_type": "backup",
        "provider_id": "0daac4c5-6707-4851-97ba-169e36266b66",
        "extend_info": {"bootable": True, "os_images_data": [{"image_id": identity} for identity in images]},
        "created_at": stamp,
        "updated_at": stamp,
    }
