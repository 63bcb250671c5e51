"""How IMS and Glance tell of images, and which of them a query means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.huaweicloud.resources import Image
from imagesmith_simulator.huaweicloud.world import World
from imagesmith_simulator.refusals import ApiError

_ALWAYS: Mapping[str, object] = {
    "size": 0,
    "container_format": "bare",
    "disk_format": "zvhd2",
    "schema": "/v2/schemas/image",
    "hw_firmware_type": "bios",
    "__os_bit": "64",
    "__image_source_type": "uds",
    "__isregistered": "true",
    "__support_kvm": "true",
}
_TYPES = {"public": "gold", "market": "market"}
_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}


def image_view(image: Image, project_id: str, clock: SimulatedClock) -> Mapping[str, Any]:
    """An image as a project sees it; what a member sees is shared."""
    kind = type_of(image, project_id)
    view = {
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "visibility": kind if kind in ("private", "shared") else image.visibility,
        "owner": image.owner or image.project_id,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "max_ram": str(image.max_ram),
        "protected": kind in _TYPES.values(),
        "created_at": clock.stamp(image.created),
        "updated_at": clock.stamp(image.created),
        "active_at": clock.stamp(image.created) if image.status == "active" else "",
        "tags": tag_words(image),
        "virtual_env_type": "DataImage" if image.kind == "data" else "FusionCompute",
        "file": f"/v2/images/{image.id}/file",
        "self": f"/v2/images/{image.id}",
        "enterprise_project_id": image.enterprise_project_id,
        "__imagetype": kind,
    }
    return {**_ALWAYS, **view, **_extras(image)}


def _extras(image: Image) -> Mapping[str, str]:
    """What IMS has beyond Glance; an image shows only what it has."""
    extras = {
        "__description": image.description,
        "__os_type": image.os_type,
        "__os_version": image.os_version,
        "__platform": image.platform,
        "__image_size": str(image.min_disk << 30),
        "__data_origin": f"instance,{image.source_id}" if image.kind == "system" and image.source_id else "",
        "__originalimagename": image.source_id,
        "__backup_id": image.backup_id,
        "__support_arm": "true" if image.architecture == "arm" else "",
        "__system__encrypted": "1" if image.encrypted else "",
    }
    return {name: value for name, value in extras.items() if value}


def type_of(image: Image, project_id: str) -> str:
    """The ``__imagetype`` for a project: gold, market, private, or shared, which what one shares oneself is too."""
    if image.visibility in ("public", "market"):
        return _TYPES[image.visibility]
    return "private" if image.project_id == project_id and not image.members else "shared"


def tag_words(image: Image) -> list[str]:
    """The tags as words, ``key.value``."""
    return [f"{key}.{value}" if value else key for key, value in sorted(image.tags.items())]


def _has_tag(image: Image, wanted: str) -> bool:
    """A tag is asked for by its key, or by key and value, with a dot or an equals sign between them."""
    return any(wanted in (key, f"{key}.{value}", f"{key}={value}") for key, value in image.tags.items())


def matches(image: Image, query: Mapping[str, str], project_id: str, world: World, clock: SimulatedClock) -> bool:
    """Whether a query of ListImages means this image."""
    view = image_view(image, project_id, clock)
    flavor = world.flavors.get(query.get("flavor_id", ""))
    if "flavor_id" in query and (flavor is None or flavor.is_arm != (image.architecture == "arm")):
        return False
    if query.get("architecture", image.architecture) != image.architecture:
        return False
    wanted = query.get("enterprise_project_id", "all_granted_eps")
    if image.visibility == "private" and wanted not in ("all_granted_eps", image.enterprise_project_id):
        return False
    if "tag" in query and not _has_tag(image, query["tag"]):
        return False
    return _membership(image, query, project_id) and all(
        _same(name, view.get(name, ""), value) for name, value in query.items() if name not in _ELSEWHERE
    )


_ELSEWHERE = frozenset(
    [
        "flavor_id",
        "architecture",
        "enterprise_project_id",
        "tag",
        "member_status",
        "limit",
        "marker",
        "sort_key",
        "sort_dir",
    ]
)


def _membership(image: Image, query: Mapping[str, str], project_id: str) -> bool:
    status = image.members.get(project_id)
    return status is None or query.get("member_status", "accepted") in (status, "all")


def _same(name: str, value: object, wanted: str) -> bool:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if name not in ("created_at", "updated_at"):
        return text == wanted
    comparison, _, stamp = wanted.partition(":")
    if comparison not in _COMPARED:
        raise ApiError("IMG.0001", 400, f"{name} is not gt, gte, lt, lte, eq or neq with a time.")
    return {">": text > stamp, ">=": text >= stamp, "<": text < stamp, "<=": text <= stamp, "==": text == stamp}.get(
        _COMPARED[comparison], text != stamp
    )
