"""Disks and their snapshots (EVS v2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.codes import refusal
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import number
from imagesmith_simulator.huaweicloud.resources import Resource, Snapshot, Volume
from imagesmith_simulator.huaweicloud.routes import Call, operation

AnyResource = TypeVar("AnyResource", bound=Resource)
_WANTS_IDS = "create_for_volume_id"


@operation(
    "evs",
    "CreateVolume",
    "POST /v2.1/{project_id}/cloudvolumes",
    fields="volume.availability_zone volume.volume_type volume.size volume.name volume.description volume.imageRef "
    "volume.snapshot_id volume.enterprise_project_id volume.metadata.* volume.tags.* volume.iops volume.throughput "
    "server_id",
    status=202,
)
def create(account: Account, call: Call) -> Any:
    """Begin a disk; its id is told at once only where the metadata ask for it."""
    given = call.body.get("volume") or {}
    metadata = given.get("metadata") or {}
    volume = Volume(
        id=account.store.new_id(),
        project_id=call.project_id,
        name=given.get("name") or "",
        description=given.get("description") or "",
        tags=dict(given.get("tags") or {}),
        enterprise_project_id=given.get("enterprise_project_id") or "0",
        kind="data",
        size=number(given.get("size") or 0, "size", "EVS.1010"),
        volume_type=given.get("volume_type") or "",
        availability_zone=given.get("availability_zone") or "",
        image_id=given.get("imageRef") or "",
        snapshot_id=given.get("snapshot_id") or "",
        encrypted=metadata.get("__system__encrypted") == "1",
        kms_key_id=metadata.get("__system__cmkid") or "",
        iops=number(given.get("iops") or 0, "iops", "EVS.1009"),
        throughput=number(given.get("throughput") or 0, "throughput", "EVS.1009"),
    )
    answer: dict[str, Any] = {"job_id": account.volumes.create(volume, call.body.get("server_id") or "").id}
    return {**answer, "volume_ids": [volume.id]} if metadata.get(_WANTS_IDS) == "true" else answer


@operation("evs", "ShowVolume", "GET /v2/{project_id}/cloudvolumes/{volume_id}")
def show(account: Account, call: Call) -> Any:
    """One disk."""
    return {"volume": _volume(account, account.volumes.get(call.path["volume_id"], call.project_id))}


@operation(
    "evs",
    "ListVolumes",
    "GET /v2/{project_id}/cloudvolumes/detail",
    query="marker name limit sort_key sort_dir offset status metadata availability_zone id ids enterprise_project_id "
    "server_id",
)
def list_all(account: Account, call: Call) -> Any:
    """The project's disks."""
    query = call.query
    ids = _words(query["ids"]) if "ids" in query else None
    metadata = _pairs(query["metadata"]) if "metadata" in query else {}
    found = [
        volume
        for volume in account.store.listed(account.store.volumes, call.project_id)
        if _same(volume, query, ["id", "name", "status", "availability_zone", "server_id", "enterprise_project_id"])
        and (ids is None or volume.id in ids)
        and metadata.items() <= _metadata(volume).items()
    ]
    if "sort_key" in query or "sort_dir" in query:
        key = query.get("sort_key", "created_at")
        found.sort(key=lambda volume: str(_volume(account, volume).get(key)), reverse=query.get("sort_dir") != "asc")
    shown = _page(found, query)
    return {"count": len(found), "volumes": [_volume(account, volume) for volume in shown], "volumes_links": []}


@operation("evs", "DeleteVolume", "DELETE /v2/{project_id}/cloudvolumes/{volume_id}")
def delete(account: Account, call: Call) -> Any:
    """Begin to delete a disk."""
    return {"job_id": account.volumes.delete(call.path["volume_id"], call.project_id).id}


@operation("evs", "ListVolumeTags", "GET /v2/{project_id}/cloudvolumes/tags")
def list_tags(account: Account, call: Call) -> Any:
    """The tags of all disks of the project, each key with its values."""
    values: dict[str, set[str]] = {}
    for volume in account.store.volumes.values():
        if volume.project_id == call.project_id:
            for key, value in volume.tags.items():
                values.setdefault(key, set()).add(value)
    return {"tags": {key: sorted(found) for key, found in sorted(values.items())}}


@operation(
    "evs",
    "ListSnapshots",
    "GET /v2/{project_id}/cloudsnapshots/detail",
    query="offset limit name status volume_id availability_zone id enterprise_project_id",
)
def list_snapshots(account: Account, call: Call) -> Any:
    """The project's snapshots of disks."""
    names = ["id", "name", "status", "volume_id", "availability_zone", "enterprise_project_id"]
    found = [
        snapshot
        for snapshot in account.store.listed(account.store.snapshots, call.project_id)
        if _same(snapshot, call.query, names)
    ]
    shown = [_snapshot(account, snapshot) for snapshot in _page(found, call.query)]
    return {"count": len(found), "snapshots": shown, "snapshots_links": []}


def _same(item: Resource, query: Mapping[str, str], names: Sequence[str]) -> bool:
    return all(getattr(item, name) == query[name] for name in names if name in query)


def _page(items: Sequence[AnyResource], query: Mapping[str, str]) -> list[AnyResource]:
    start = number(query.get("offset", "0"), "offset", "EVS.1009")
    return page(items[start:], query)


def _words(text: str) -> list[str]:
    """EVS writes lists as ``['a','b']``."""
    return [word.strip().strip("'\"") for word in text.strip("[] ").split(",")]


def _pairs(text: str) -> dict[str, str]:
    try:
        found = json.loads(text.replace("'", '"'))
    except ValueError:
        raise refusal("EVS.1009", "metadata is not an object.") from None
    return {str(key): str(value) for key, value in found.items()}


def _metadata(volume: Volume) -> dict[str, str]:
    if not volume.encrypted:
        return {}
    return {"__system__encrypted": "1", "__system__cmkid": volume.kms_key_id}


def _volume(account: Account, volume: Volume) -> Mapping[str, Any]:
    stamp = account.store.clock.stamp(volume.created)
    return {
        "id": volume.id,
        "name": volume.name,
        "description": volume.description,
        "status": volume.status,
        "size": volume.size,
        "volume_type": volume.volume_type,
        "availability_zone": volume.availability_zone,
        "attachments": _attachments(volume, stamp),
        "bootable": "true" if volume.kind == "system" else "false",
        "encrypted": volume.encrypted,
        "metadata": _metadata(volume),
        "volume_image_metadata": {"image_id": volume.image_id} if volume.image_id else {},
        "snapshot_id": volume.snapshot_id or None,
        "tags": volume.tags,
        "enterprise_project_id": volume.enterprise_project_id,
        "os-vol-tenant-attr:tenant_id": volume.project_id,
        "multiattach": False,
        "shareable": "false",
        "service_type": "EVS",
        "iops": {"total_val": volume.iops} if volume.iops else None,
        "throughput": {"total_val": volume.throughput} if volume.throughput else None,
        "created_at": stamp,
        "updated_at": stamp,
    }


def _attachments(volume: Volume, stamp: str) -> list[dict[str, str]]:
    if volume.status not in ("in-use", "detaching") or not volume.server_id:
        return []
    same = dict.fromkeys(("id", "volume_id", "attachment_id"), volume.id)
    where = {"server_id": volume.server_id, "device": volume.device, "host_name": ""}
    return [{**same, **where, "attached_at": stamp}]


def _snapshot(account: Account, snapshot: Snapshot) -> Mapping[str, Any]:
    stamp = account.store.clock.stamp(snapshot.created)
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "description": snapshot.description,
        "status": snapshot.status,
        "volume_id": snapshot.volume_id,
        "size": snapshot.size,
        "metadata": {},
        "created_at": stamp,
        "updated_at": stamp,
        "os-extended-snapshot-attributes:project_id": snapshot.project_id,
        "os-extended-snapshot-attributes:progress": "100%",
    }
