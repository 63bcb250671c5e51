"""The options that say what the image is called, what it holds and what becomes of an older one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from imagesmith.errors import Diagnostic
from imagesmith.options import Options, option
from imagesmith_alicloud.disk_options import LATER_KMS, Disk, SystemDisk

_LATER_COPIES = "Copies to other regions come with a later release"
_LATER_SHARING = "Sharing comes with a later release"
_LATER_ENCRYPTION = "Encrypted copies come with a later release"
_FAMILY = re.compile(r"[^\W\d_][\w\-.:]{1,127}")


class Tag(Options):
    """One tag, as a block."""

    key: str = option(doc="The tag's key.")
    value: str = option(default="", doc="The tag's value.")


class ImageOptions(Options):
    """The image and its disks."""

    image_name: str = option(doc="The name of the image: 2 to 128 bytes without white space.")
    image_version: str = option(default="", doc="The image's version.")
    image_description: str = option(default="", doc="The image's description.")
    target_image_family: str = option(default="", doc="The family that the image becomes part of.")
    boot_mode: str = option(
        default="", choices=("BIOS", "UEFI", "UEFI-Preferred"), doc="How instances of the image boot."
    )
    resource_group_id: str = option(
        default="", doc="The resource group of the image and of everything temporary that can be in one."
    )
    tags: Mapping[str, str] = option(default={}, doc="Tags of the image and of its snapshots.")
    tag: Sequence[Tag] = option(default=(), doc="The same as blocks; they win over tags.")
    image_force_delete: bool = option(
        default=False,
        doc="Replace an image of the same name, even one that is in use. The old one is deleted only after the new "
        "one is good. -force sets it too.",
    )
    image_force_delete_snapshots: bool = option(
        default=False, doc="With image_force_delete: delete the old image's snapshots too. -force sets it too."
    )
    image_force_delete_instances: bool = option(
        default=False,
        doc="Kept for templates that set it.",
        no_effect="Instances of an old image are never deleted, by Packer neither",
    )
    image_ignore_data_disks: bool = option(
        default=False, doc="Make the image of a snapshot of the system disk, without the data disks."
    )
    skip_create_image: bool = option(default=False, doc="Provision, but make no image.")
    wait_snapshot_ready_timeout: int = option(
        default=3600, doc="Seconds to wait for the system disk's snapshot, and again for the image; 0 for 3600."
    )
    wait_copying_image_ready_timeout: int = option(
        default=3600, doc="Seconds to wait for a copied image.", not_yet=_LATER_COPIES
    )
    image_share_account: Sequence[str] = option(
        default=(), doc="Accounts that may use the image.", not_yet=_LATER_SHARING
    )
    image_unshare_account: Sequence[str] = option(
        default=(), doc="Accounts that may no longer use it.", not_yet=_LATER_SHARING
    )
    image_copy_regions: Sequence[str] = option(default=(), doc="Regions to copy the image to.", not_yet=_LATER_COPIES)
    image_copy_names: Sequence[str] = option(default=(), doc="The copies' names.", not_yet=_LATER_COPIES)
    image_encrypted: bool | None = option(
        default=None,
        doc="Whether the image is encrypted. false makes no second copy. (true comes with a later release.)",
    )
    kms_key_id: str = option(default="", doc="The KMS key of the encrypted image.", not_yet=LATER_KMS)
    kms_key_copy_ids: Sequence[str] = option(default=(), doc="The KMS keys of the copies.", not_yet=LATER_KMS)
    image_copy_kms_ids: Sequence[str] = option(default=(), doc="The KMS keys of the copies.", not_yet=LATER_KMS)
    disk_kms_key_id: str = option(default="", doc="The KMS key of the instance's disks.", not_yet=LATER_KMS)
    system_disk_mapping: SystemDisk | None = option(default=None, doc="The system disk of the temporary instance.")
    image_disk_mappings: Sequence[Disk] = option(default=(), doc="Data disks of the temporary instance.")

    @property
    def snapshot_timeout_s(self) -> float:
        """How long to wait for a snapshot or an image."""
        return float(self.wait_snapshot_ready_timeout) if self.wait_snapshot_ready_timeout > 0 else 3600.0

    @property
    def image_tags(self) -> dict[str, str]:
        """``tags`` and ``tag`` together."""
        return dict(self.tags) | {tag.key: tag.value for tag in self.tag}

    def problems(self) -> Iterator[Diagnostic]:
        if reason := image_name_problem(self.image_name):
            yield Diagnostic(f'image_name can\'t be "{self.image_name}"', hint=reason)
        if reason := family_problem(self.target_image_family):
            yield Diagnostic(f'target_image_family can\'t be "{self.target_image_family}"', hint=reason)
        if self.image_encrypted:
            yield Diagnostic('the option "image_encrypted" is not supported yet', hint=_LATER_ENCRYPTION)
        if len(self.image_tags) > 20 - 1:
            yield Diagnostic("there are too many tags", hint="an image takes 19, beside the one that names its run")
        yield from super().problems()


def image_name_problem(name: str) -> str:
    """Why ECS would not take an image name; "" when it would."""
    if not name:
        return ""
    if not 2 <= len(name.encode()) <= 128:
        return "It must be 2 to 128 bytes long"
    if name.startswith(("http://", "https://")):
        return "It can't begin with http:// or https://"
    if any(character.isspace() for character in name):
        return "It can't contain white space"
    return ""


def family_problem(name: str) -> str:
    """Why ECS would not take an image family; "" when it would."""
    if not name:
        return ""
    if name.startswith(("http://", "https://", "acs:", "aliyun")):
        return "It can't begin with http://, https://, acs: or aliyun"
    if not _FAMILY.fullmatch(name):
        return "It must be a letter and 1 to 127 letters, digits, and _ - . :"
    return ""
