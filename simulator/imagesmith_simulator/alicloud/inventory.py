"""What the cloud holds, in words."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.resources import (
    Disk,
    Eip,
    Image,
    Instance,
    KeyPair,
    Resource,
    SecurityGroup,
    Snapshot,
    Vpc,
    VSwitch,
)
from imagesmith_simulator.alicloud.store import Store


def new(store: Store) -> list[tuple[str, Resource]]:
    """What exists and did not at the start."""
    return [(kind, item) for kind, item in store.all() if not item.found]


def left(store: Store) -> list[tuple[str, Resource]]:
    """The part of it that a finished build must not leave: all but good images and the snapshots that they hold."""
    held = {
        disk.snapshot_id for image in store.images.values() if image.status != "CreateFailed" for disk in image.disks
    }
    return [(kind, item) for kind, item in new(store) if not _result(item, held)]


def describe(kind: str, item: Resource) -> str:
    """One line: what it is, where, and what is special about it."""
    facts = [item.region, *_facts(item)]
    if item.tags:
        facts.append("tags " + " ".join(f"{key}={value}" for key, value in sorted(item.tags.items())))
    if item.resource_group:
        facts.append(f"resource group {item.resource_group}")
    name = f' "{item.name}"' if item.name and item.name != item.id else ""
    return f"{kind} {item.id}{name}: " + ", ".join(fact for fact in facts if fact)


def image_facts(image: Image, store: Store) -> dict[str, Any]:
    """A custom image and its snapshots, as plain data."""
    parts = [store.snapshots[disk.snapshot_id] for disk in image.disks if disk.snapshot_id in store.snapshots]
    return {
        "id": image.id,
        "name": image.name,
        "region": image.region,
        "status": image.status,
        "description": image.description,
        "family": image.family,
        "version": image.version,
        "resource_group": image.resource_group,
        "tags": dict(image.tags),
        "shared_with": list(image.shared_with),
        "copied": image.copied,
        "encrypted": image.encrypted,
        "snapshots": [
            {"id": item.id, "disk": item.disk_kind, "size_gib": item.size, "tags": dict(item.tags)} for item in parts
        ],
    }


def _result(item: Resource, held: set[str]) -> bool:
    if isinstance(item, Image):
        return item.status != "CreateFailed"
    return isinstance(item, Snapshot) and item.id in held


def _facts(item: Resource) -> list[str]:
    match item:
        case Instance():
            release = f"released by itself at {item.auto_release_time}" if item.auto_release_time else ""
            return [item.status, item.type, item.zone, release]
        case Disk():
            return [item.status, item.kind, f"{item.size} GiB", item.instance_id]
        case Eip():
            return [item.status, item.host, item.instance_id]
        case SecurityGroup():
            rules = [f"{rule.direction} {rule.protocol} {rule.port_range} {rule.cidr}" for rule in item.rules]
            return [item.vpc_id, *rules]
        case VSwitch():
            return [item.status, item.vpc_id, item.zone, item.cidr]
        case Vpc():
            return [item.status, item.cidr]
        case Snapshot():
            return [item.status, item.disk_kind, f"{item.size} GiB"]
        case Image():
            return [item.status, *(f"snapshot {disk.snapshot_id} ({disk.kind})" for disk in item.disks)]
        case KeyPair():
            return [item.public_key.split(" ")[0]]
        case _:
            return []
