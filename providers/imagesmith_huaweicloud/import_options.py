"""The option table of the post-processor ``huaweicloud-import``."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.options import Duration, option
from imagesmith_huaweicloud.access_options import AccessOptions


class HuaweicloudImport(AccessOptions):
    """An image file, uploaded to OBS and registered as an image of IMS."""

    obs_bucket_name: str = option(doc="The OBS bucket to upload to; it must exist.")
    obs_object_name: str = option(
        default="", rendered="run", doc="The object's name; by default packer-import-{{timestamp}} and the format."
    )
    image_name: str = option(doc="The name of the image.")
    image_os_version: str = option(doc="The operating system as IMS names it (CentOS 7.0 64bit).")
    min_disk: int = option(doc="The least system disk in GiB for instances of the image.")
    format: str = option(choices=("raw", "zvhd2", "vmdk", "qcow2"), doc="The file's format, also the end of its name.")
    image_description: str = option(default="", doc="The image's description.")
    image_type: str = option(default="", choices=("ECS", "BMS"), doc="What the image is for.")
    image_tags: Mapping[str, str] = option(default={}, doc="Tags of the image.")
    image_architecture: str = option(default="", choices=("x86", "arm"), doc="The processor architecture.")
    quick_import: bool = option(default=False, doc="Import large raw and zvhd2 files the quick way.")
    skip_clean: bool = option(default=False, doc="Keep the object in OBS.")
    wait_image_ready_timeout: Duration = option(default=3600.0, doc="How long to wait for the image.")
