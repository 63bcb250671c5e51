"""Alibaba Cloud ECS for imagesmith. Importing this package imports nothing else; least of all the SDK."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagesmith_alicloud.data_source import AlicloudImages
    from imagesmith_alicloud.disk_options import Disk, SystemDisk
    from imagesmith_alicloud.image_options import Tag
    from imagesmith_alicloud.options import AlicloudEcs

__all__ = ["AlicloudEcs", "AlicloudImages", "Disk", "SystemDisk", "Tag"]

_HOMES = {
    "AlicloudEcs": "options",
    "AlicloudImages": "data_source",
    "Disk": "disk_options",
    "SystemDisk": "disk_options",
    "Tag": "image_options",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'imagesmith_alicloud' has no attribute {name!r}")
    return getattr(importlib.import_module(f"imagesmith_alicloud.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
