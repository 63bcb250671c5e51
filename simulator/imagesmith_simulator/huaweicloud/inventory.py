"""What the cloud holds, in words."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.resources import (
    Backup,
    Eip,
    Image,
    KeyPair,
    Port,
    Resource,
    SecurityGroup,
    Server,
    Snapshot,
    Subnet,
    Vault,
    Volume,
    Vpc,
)
from imagesmith_simulator.huaweicloud.store import Store

_BROKEN = ("killed", "deleted")


def new(store: Store) -> list[tuple[str, Resource]]:
    """What exists and did not at the start."""
    return [(kind, item) for kind, item in store.all() if not item.found]


def left(store: Store) -> list[tuple[str, Resource]]:
    """The part of it that a finished build must not leave: all but good images and the backups that they hold."""
    held = {image.backup_id for image in store.images.values() if image.status not in _BROKEN}
    return [(kind, item) for kind, item in new(store) if not _result(item, held)]


def describe(store: Store, kind: str, item: Resource) -> str:
    """One line: what it is, where, and what is special about it."""
    facts = [store.regions.get(item.project_id, ""), *_facts(item)]
    if item.tags:
        facts.append("tags " + " ".join(f"{key}={value}" for key, value in sorted(item.tags.items())))
    if item.enterprise_project_id not in ("", "0"):
        facts.append(f"enterprise project {item.enterprise_project_id}")
    name = f' "{item.name}"' if item.name and item.name != item.id else ""
    return f"{kind} {item.id}{name}: " + ", ".join(fact for fact in facts if fact)


def image_facts(image: Image) -> dict[str, Any]:
    """A private image as plain data."""
    return {
        "id": image.id,
        "name": image.name,
        "description": image.description,
        "project_id": image.project_id,
        "status": image.status,
        "kind": image.kind,
        "os_type": image.os_type,
        "os_version": image.os_version,
        "architecture": image.architecture,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "max_ram": image.max_ram,
        "encrypted": image.encrypted,
        "tags": dict(image.tags),
        "members": dict(image.members),
        "enterprise_project_id": image.enterprise_project_id,
        "backup_id": image.backup_id,
        "source_id": image.source_id,
    }


def _result(item: Resource, held: set[str]) -> bool:
    if isinstance(item, Image):
        return item.status not in _BROKEN
    return isinstance(item, Backup) and item.id in held


def _facts(item: Resource) -> list[str]:
    match item:
        case Server():
            end = f"terminated by itself at {item.auto_terminate_time}" if item.auto_terminate_time else ""
            return [item.status, item.flavor_id, item.availability_zone, end]
        case Volume():
            return [item.status, item.kind, f"{item.size} GiB", item.server_id]
        case Eip():
            return [item.status, item.host, item.port_id]
        case Port():
            return [item.host, item.subnet_id, item.server_id]
        case SecurityGroup():
            return [
                f"{rule.direction} {rule.protocol or 'any'} {rule.port_min}-{rule.port_max} {rule.remote_ip_prefix}"
                for rule in item.rules
            ]
        case Subnet():
            return [item.status, item.vpc_id, item.cidr]
        case Vpc() | Vault() | KeyPair():
            return [getattr(item, "status", "") or getattr(item, "public_key", "").split(" ")[0]]
        case Snapshot() | Backup() | Image():
            return [item.status]
        case _:
            return []
