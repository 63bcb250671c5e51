"""Alibaba Cloud ECS for imagesmith. Importing this package imports no SDK."""

from __future__ import annotations

from imagesmith_alicloud.data_source import AlicloudImages
from imagesmith_alicloud.disk_options import Disk, SystemDisk
from imagesmith_alicloud.image_options import Tag
from imagesmith_alicloud.options import AlicloudEcs

__all__ = ["AlicloudEcs", "AlicloudImages", "Disk", "SystemDisk", "Tag"]
