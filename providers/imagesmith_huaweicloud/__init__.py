"""Huawei Cloud ECS for imagesmith. Importing this package imports nothing else; least of all the SDK."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagesmith_huaweicloud.data_source import HuaweicloudImages
    from imagesmith_huaweicloud.disk_options import DataDisk
    from imagesmith_huaweicloud.import_options import HuaweicloudImport
    from imagesmith_huaweicloud.options import HuaweicloudEcs
    from imagesmith_huaweicloud.source_options import ImageFilters, SourceImageFilter

__all__ = ["DataDisk", "HuaweicloudEcs", "HuaweicloudImages", "HuaweicloudImport", "ImageFilters", "SourceImageFilter"]

_HOMES = {
    "DataDisk": "disk_options",
    "HuaweicloudEcs": "options",
    "HuaweicloudImages": "data_source",
    "HuaweicloudImport": "import_options",
    "ImageFilters": "source_options",
    "SourceImageFilter": "source_options",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'imagesmith_huaweicloud' has no attribute {name!r}")
    return getattr(importlib.import_module(f"imagesmith_huaweicloud.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
