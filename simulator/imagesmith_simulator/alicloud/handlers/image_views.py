"""How an image looks in the answers, and which ones a query means."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.handlers.paging import tag_list
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Image


def matches(image: Image, p: Parameters) -> bool:
    """Whether an image passes every filter of a query but that for its status."""
    ids = {part for part in p.text("ImageId").split(",") if part}
    owner = p.text("ImageOwnerAlias")
    snapshots = {disk.snapshot_id for disk in image.disks}
    return (
        (not ids or image.id in ids)
        and p.text("ImageName").strip("*") in image.name
        and p.text("ImageFamily") in ("", image.family)
        and (image.owner == owner if owner else image.owner != "marketplace")
        and p.text("Architecture") in ("", image.architecture)
        and p.text("OSType") in ("", image.os_type)
        and (not p.text("SnapshotId") or p.text("SnapshotId") in snapshots)
        and (not p.text("IsPublic") or p.boolean("IsPublic") == image.public)
        and p.text("ResourceGroupId") in ("", image.resource_group)
    )


def image_view(account: Account, image: Image) -> dict[str, Any]:
    """One image, as DescribeImages shows it."""
    return {
        "ImageId": image.id,
        "ImageName": image.name,
        "ImageFamily": image.family,
        "ImageVersion": image.version,
        "ImageOwnerAlias": image.owner,
        "Description": image.description,
        "Status": image.status,
        "Progress": f"{account.images.percent(image)}%",
        "Size": image.size,
        "Architecture": image.architecture,
        "OSType": image.os_type,
        "OSName": image.os_name,
        "OSNameEn": image.os_name,
        "Platform": image.platform,
        "BootMode": image.boot_mode or "BIOS",
        "IsCopied": image.copied,
        "IsPublic": image.public,
        "IsSelfShared": "True" if image.shared_with else "",
        "IsSupportCloudinit": True,
        "IsSupportIoOptimized": True,
        "ResourceGroupId": image.resource_group,
        "Usage": "instance" if _used(account, image) else "none",
        "Features": {"ImdsSupport": image.imds_support, "NvmeSupport": "supported"},
        "DiskDeviceMappings": {"DiskDeviceMapping": _disks(account, image)},
        "CreationTime": account.store.clock.stamp(image.created),
        "Tags": tag_list(image),
    }


def brief_image_view(account: Account, image: Image) -> dict[str, Any]:
    """One image, as DescribeImageFromFamily shows it."""
    left_out = ("BootMode", "Features", "IsPublic", "OSNameEn", "ResourceGroupId")
    shown = {name: value for name, value in image_view(account, image).items() if name not in left_out}
    parts = [
        {name: value for name, value in part.items() if name not in ("Encrypted", "Progress")}
        for part in _disks(account, image)
    ]
    return {**shown, "DiskDeviceMappings": {"DiskDeviceMapping": parts}}


def _used(account: Account, image: Image) -> bool:
    return any((item.region, item.image_id) == (image.region, image.id) for item in account.store.instances.values())


def _disks(account: Account, image: Image) -> list[dict[str, Any]]:
    return [
        {
            "Device": disk.device,
            "Type": disk.kind,
            "Size": str(disk.size),
            "SnapshotId": disk.snapshot_id,
            "Progress": f"{account.images.percent(image)}%",
            "Encrypted": disk.encrypted,
            "Format": "",
        }
        for disk in image.disks
    ]
