"""Making the source image and the data disk images that builder options name exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.resources import Image

_VISIBILITIES: Mapping[str, Literal["public", "private", "shared", "market"]] = {
    "public": "public",
    "private": "private",
    "shared": "shared",
    "market": "market",
}


def adopt_images(
    account: Account,
    project: str,
    given: Mapping[str, Any],
    *,
    architecture: str,
    is_id: Callable[[object], bool],
) -> None:
    """The source image by id, by name, or such that it passes the filter; the images of data disks."""
    images = account.store.images
    source, name = str(given.get("source_image", "")), str(given.get("source_image_name", ""))
    if is_id(source) and source not in images:
        add_image(account, project, source, architecture=architecture)
    if name and not any(image.name == name for image in images.values()):
        add_image(account, project, account.store.new_id(), name=name, architecture=architecture)
    filters = member(given.get("source_image_filter"), "filters")
    if filters and not source and not name:
        _adopt_filtered(account, project, filters, architecture)
    for disk in given.get("data_disks", ()):
        identity = str(member(disk, "data_image_id") or "")
        if is_id(identity) and identity not in images:
            add_image(account, project, identity, kind="data", architecture=architecture)


def add_image(
    account: Account,
    project: str,
    identity: str,
    *,
    name: str = "",
    kind: Literal["system", "data", "whole"] = "system",
    architecture: str = "x86",
) -> Image:
    """An image that was there before the first call."""
    windows = "windows" in name.lower()
    image = Image(
        id=identity,
        project_id=project,
        owner=project,
        name=name or f"image-{identity[:8]}",
        status="active",
        kind=kind,
        min_disk=10 if kind == "data" else 40,
        os_type="Windows" if windows else "Linux",
        os_version="Windows Server 2022 Standard 64bit" if windows else "Other Linux(64 bit)",
        platform="Windows" if windows else "Other",
        architecture=architecture,
        created=account.store.clock.now() - 86400,
        found=True,
    )
    account.store.images[image.id] = image
    return image


def _adopt_filtered(account: Account, project: str, filters: Any, architecture: str) -> None:
    """An image that passes, unless there is one. What only a regular expression describes is not made up."""
    name, owner, tag = (str(member(filters, part) or "") for part in ("name", "owner", "tag"))
    visibility = str(member(filters, "visibility") or "")
    if not (name or owner or tag) or member(filters, "name_regex"):
        return
    key, _, value = tag.partition(".")
    for image in account.store.images.values():
        passes = name in ("", image.name) and owner in ("", image.owner) and visibility in ("", image.visibility)
        if passes and (not tag or image.tags.get(key) == value):
            return
    image = add_image(account, project, account.store.new_id(), name=name, architecture=architecture)
    image.visibility = _VISIBILITIES.get(visibility, "private")
    image.owner = owner or image.owner
    if image.visibility != "private" and owner != project:
        image.project_id = ""
    if image.visibility == "shared":
        image.members[project] = "accepted"
    if tag:
        image.tags[key] = value


def member(item: Any, name: str) -> Any:
    """A member of an options object or of the mapping that stands for one."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
