"""Huawei Cloud ECS for imagesmith. Importing this package imports no SDK."""

from __future__ import annotations

from imagesmith_huaweicloud.data_source import HuaweicloudImages
from imagesmith_huaweicloud.disk_options import DataDisk
from imagesmith_huaweicloud.import_options import HuaweicloudImport
from imagesmith_huaweicloud.options import HuaweicloudEcs
from imagesmith_huaweicloud.source_options import ImageFilters, SourceImageFilter

__all__ = ["DataDisk", "HuaweicloudEcs", "HuaweicloudImages", "HuaweicloudImport", "ImageFilters", "SourceImageFilter"]
