"""Making the volumes, snapshots and the vault that builder options name exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.adopt_images import member
from imagesmith_simulator.huaweicloud.resources import Snapshot, Vault, Volume

_SIZE = 20
_VAULT_SIZE = 1000


def adopt_disks(
    account: Account, project: str, given: Mapping[str, Any], *, zone: str, is_id: Callable[[object], bool]
) -> None:
    """The user's own volumes, free and in the zone; snapshots with the volumes they are of; the vault."""
    store = account.store
    for disk in given.get("data_disks", ()):
        volume_id, snapshot_id = (str(member(disk, name) or "") for name in ("volume_id", "snapshot_id"))
        size = int(member(disk, "volume_size") or _SIZE)
        if is_id(volume_id) and volume_id not in store.volumes:
            _add_volume(account, project, volume_id, zone, size)
        if is_id(snapshot_id) and snapshot_id not in store.snapshots:
            origin = _add_volume(account, project, store.new_id(), zone, size)
            store.snapshots[snapshot_id] = Snapshot(
                id=snapshot_id,
                project_id=project,
                name=f"snapshot-{snapshot_id[:8]}",
                volume_id=origin.id,
                size=size,
                availability_zone=zone,
                found=True,
            )
    vault_id = str(given.get("vault_id", ""))
    if is_id(vault_id) and vault_id not in store.vaults:
        store.vaults[vault_id] = Vault(
            id=vault_id, project_id=project, name=f"vault-{vault_id[:8]}", size=_VAULT_SIZE, found=True
        )


def _add_volume(account: Account, project: str, identity: str, zone: str, size: int) -> Volume:
    volume = Volume(
        id=identity,
        project_id=project,
        name=f"volume-{identity[:8]}",
        kind="data",
        size=size,
        volume_type="SSD",
        availability_zone=zone,
        status="available",
        found=True,
    )
    account.store.volumes[identity] = volume
    return volume
