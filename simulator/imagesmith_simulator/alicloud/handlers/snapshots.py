"""Disks and snapshots."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, TOKEN_PAGES, action
from imagesmith_simulator.alicloud.errors import conflict
from imagesmith_simulator.alicloud.handlers.paging import page, tag_list, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Disk, Snapshot
from imagesmith_simulator.alicloud.store import find


@action(
    ECS,
    "DescribeDisks",
    accepts=f"InstanceId DiskIds DiskName DiskType Status ZoneId SnapshotId Category {TAGS} {PAGES} {TOKEN_PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe_disks(account: Account, p: Parameters) -> dict[str, Any]:
    """The disks of a region."""
    region, ids = p.required("RegionId"), p.json_list("DiskIds")
    kind = p.choice("DiskType", ("all", "system", "data"), "all")
    found = [
        disk
        for disk in account.store.disks.values()
        if disk.region == region
        and (ids is None or disk.id in ids)
        and kind in ("all", disk.kind)
        and p.text("InstanceId") in ("", disk.instance_id)
        and p.text("DiskName") in ("", disk.name)
        and p.text("Status", "All") in ("All", disk.status)
        and p.text("ZoneId") in ("", disk.zone)
        and p.text("SnapshotId") in ("", disk.snapshot_id)
        and p.text("Category", "all") in ("all", disk.category)
    ]
    return page(p, with_tags(found, p.tags()), "Disks", "Disk", lambda disk: _disk(account, disk))


@action(ECS, "DeleteDisk", accepts="DiskId", requires="DiskId")
def delete_disk(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete a disk that no instance has."""
    disk = find(account.store.disks, p.required("DiskId"), "InvalidDiskId.NotFound")
    if disk.status != "Available":
        raise conflict("IncorrectDiskStatus", f"The disk is {disk.status}.")
    del account.store.disks[disk.id]
    account.store.changed(disk.id)
    return {}


@action(
    ECS,
    "CreateSnapshot",
    accepts=f"DiskId SnapshotName Description ResourceGroupId ClientToken {TAGS}",
    requires="DiskId",
)
def create(account: Account, p: Parameters) -> dict[str, Any]:
    """Begin a snapshot."""
    snapshot = account.snapshots.create(
        p.required("DiskId"),
        name=p.text("SnapshotName"),
        description=p.text("Description"),
        group=p.text("ResourceGroupId"),
        tags=p.tags(),
    )
    return {"SnapshotId": snapshot.id}


@action(
    ECS,
    "DescribeSnapshots",
    accepts=f"SnapshotIds SnapshotName DiskId InstanceId Status ResourceGroupId {TAGS} {PAGES} {TOKEN_PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The snapshots of a region."""
    region, ids = p.required("RegionId"), p.json_list("SnapshotIds")
    disks = {disk.id for disk in account.store.disks.values() if disk.instance_id == p.text("InstanceId")}
    found = [
        snapshot
        for snapshot in account.store.snapshots.values()
        if snapshot.region == region
        and (ids is None or snapshot.id in ids)
        and p.text("SnapshotName") in ("", snapshot.name)
        and p.text("DiskId") in ("", snapshot.disk_id)
        and (not p.text("InstanceId") or snapshot.disk_id in disks)
        and p.text("Status", "all") in ("all", snapshot.status)
        and p.text("ResourceGroupId") in ("", snapshot.resource_group)
    ]
    return page(p, with_tags(found, p.tags()), "Snapshots", "Snapshot", lambda item: _snapshot(account, item))


@action(ECS, "DeleteSnapshot", accepts="SnapshotId Force", requires="SnapshotId")
def delete(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete a snapshot that no image holds."""
    account.snapshots.delete(p.required("SnapshotId"), force=p.boolean("Force"))
    return {}


def _disk(account: Account, disk: Disk) -> dict[str, Any]:
    return {
        "DiskId": disk.id,
        "DiskName": disk.name,
        "Description": disk.description,
        "RegionId": disk.region,
        "ZoneId": disk.zone,
        "Type": disk.kind,
        "Category": disk.category,
        "Size": disk.size,
        "Status": disk.status,
        "InstanceId": disk.instance_id,
        "Device": disk.device,
        "DeleteWithInstance": disk.delete_with_instance,
        "Encrypted": disk.encrypted,
        "KMSKeyId": disk.kms_key,
        "SourceSnapshotId": disk.snapshot_id,
        "ImageId": disk.image_id,
        "PerformanceLevel": disk.performance_level,
        "ResourceGroupId": disk.resource_group,
        "CreationTime": account.store.clock.stamp(disk.created),
        "Portable": disk.kind == "data",
        "Tags": tag_list(disk),
    }


def _snapshot(account: Account, snapshot: Snapshot) -> dict[str, Any]:
    percent = account.snapshots.percent(snapshot)
    return {
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "Description": snapshot.description,
        "RegionId": snapshot.region,
        "Status": snapshot.status,
        "Progress": f"{percent}%",
        "RemainTime": max(0, round(snapshot.created + snapshot.takes - account.store.clock.now())),
        "SourceDiskId": snapshot.disk_id,
        "SourceDiskType": snapshot.disk_kind,
        "SourceDiskSize": str(snapshot.size),
        "Encrypted": snapshot.encrypted,
        "ResourceGroupId": snapshot.resource_group,
        "Usage": "image" if _held(account, snapshot.id) else "none",
        "CreationTime": account.store.clock.stamp(snapshot.created),
        "SnapshotType": "user",
        "Tags": tag_list(snapshot),
    }


def _held(account: Account, identity: str) -> bool:
    return any(disk.snapshot_id == identity for image in account.store.images.values() for disk in image.disks)
