"""The blocks ``system_disk_mapping`` and ``image_disk_mappings``."""

from __future__ import annotations

from imagesmith.options import Options, option

LATER_KMS = "Encryption keys come with a later release"
_DATA_DISKS_ONLY = "It applies to data disks (image_disk_mappings) only"


class SystemDisk(Options):
    """The disk that the guest boots from."""

    disk_name: str = option(default="", doc="The disk's name.")
    disk_category: str = option(
        default="", doc="cloud_efficiency, cloud_ssd, cloud_essd, …; unset: the cloud's default."
    )
    disk_size: int = option(default=0, doc="The size in GiB; 0 for the size of the source image.")
    disk_description: str = option(default="", doc="The disk's description.")
    disk_encrypted: bool | None = option(
        default=None, doc="Whether the disk is encrypted; unset: the account's default."
    )
    disk_kms_key_id: str = option(default="", doc="The KMS key of an encrypted disk.", not_yet=LATER_KMS)
    disk_snapshot_id: str = option(default="", doc="A snapshot to make the disk from.", no_effect=_DATA_DISKS_ONLY)
    disk_device: str = option(default="", doc="The device name.", no_effect=_DATA_DISKS_ONLY)
    disk_delete_with_instance: bool = option(
        default=False, doc="The system disk always goes with its instance.", no_effect=_DATA_DISKS_ONLY
    )


class Disk(Options):
    """A data disk of the instance, which also becomes part of the image unless ``image_ignore_data_disks`` is set."""

    disk_name: str = option(default="", doc="The disk's name.")
    disk_category: str = option(
        default="", doc="cloud_efficiency, cloud_ssd, cloud_essd, …; unset: the cloud's default."
    )
    disk_size: int = option(default=0, doc="The size in GiB; 0 for the size of the snapshot.")
    disk_snapshot_id: str = option(default="", doc="A snapshot to make the disk from.")
    disk_description: str = option(default="", doc="The disk's description.")
    disk_delete_with_instance: bool | None = option(
        default=None,
        doc="Delete the disk with the temporary instance. Unset means true (Packer's default leaves the disk behind, "
        "billed); an explicit false keeps it.",
    )
    disk_device: str = option(default="", doc="The device name, /dev/xvdb.")
    disk_encrypted: bool | None = option(
        default=None, doc="Whether the disk is encrypted; unset: the account's default."
    )
    disk_kms_key_id: str = option(default="", doc="The KMS key of an encrypted disk.", not_yet=LATER_KMS)
