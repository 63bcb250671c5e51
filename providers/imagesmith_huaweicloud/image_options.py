"""The options that say what the image is called, what is captured and who may use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, Options, option
from imagesmith_huaweicloud.disk_options import DataDisk

IMAGE_TYPES = ("system", "data-disk", "system-data", "full-ecs")
_TAGS = 10


class ImageOptions(Options):
    """The image and its disks."""

    image_name: str = option(doc="The name of the image.")
    image_description: str = option(default="", doc="The image's description: up to 1,024 characters on one line.")
    image_type: str = option(
        default="",
        choices=IMAGE_TYPES,
        doc="What is captured: the system disk, the data disks, both (one image each), or the whole instance with a "
        "backup in vault_id. Unset: system; with data_disks system-data; with data_disks and vault_id full-ecs.",
    )
    image_tags: Mapping[str, str] = option(default={}, doc="Tags of the images.")
    image_members: Sequence[str] = option(default=(), doc="The ids of projects that the images are shared with.")
    image_auto_accept_members: bool = option(
        default=False, doc="Accept the shared images in those projects, where the account may."
    )
    image_min_disk: int = option(
        default=0, doc="The least system disk in GiB for instances of the image; 0: IMS's own."
    )
    image_min_ram: int = option(default=0, doc="The least memory in MiB for instances of the image; 0 for none.")
    image_max_ram: int = option(default=0, doc="The most memory in MiB for instances of the image; 0 for none.")
    vault_id: str = option(default="", doc="The CBR vault that holds the backup of a full-ecs image.")
    wait_image_ready_timeout: Duration = option(default=1800.0, doc="How long to wait for each image.")
    volume_type: str = option(default="SSD", doc="The system disk's type: SAS, SSD, GPSSD, ESSD, GPSSD2, ESSD2, …")
    volume_size: int = option(default=0, doc="The system disk's size in GiB; 0 for what the source image needs.")
    volume_iops: int = option(default=0, doc="The IOPS of a GPSSD2 or ESSD2 system disk.")
    volume_throughput: int = option(default=0, doc="The throughput of a GPSSD2 system disk in MiB/s.")
    volume_name: str = option(
        default="",
        doc="The system disk's name (0.4.0).",
        no_effect="The disk is made with the instance, which names it",
    )
    use_blockstorage_volume: bool = option(
        default=True,
        doc="Boot from a volume (0.4.0).",
        no_effect="Instances always boot from a volume",
    )
    kms_key_id: str = option(default="", doc="The KMS key of an encrypted system disk.")
    data_disks: Sequence[DataDisk] = option(default=(), doc="Data disks of the temporary instance.")

    @property
    def capture(self) -> str:
        """What is captured, with what an unset ``image_type`` stands for.

        The plugin takes only the data disks where there are some and no vault, and throws away what was provisioned.
        """
        if self.image_type:
            return self.image_type
        if not self.data_disks:
            return "system"
        return "full-ecs" if self.vault_id else "system-data"

    def problems(self) -> Iterator[Diagnostic]:
        if self.image_name and not 1 <= len(self.image_name) <= 128:
            yield Diagnostic("image_name is too long", hint="IMS takes 128 characters")
        if len(self.image_description) > 1024 or any(c in self.image_description for c in "<>\r"):
            yield Diagnostic(
                "image_description can't be used",
                hint="IMS takes 1,024 characters without < and > and carriage returns",
            )
        if self.image_type == "full-ecs" and not self.vault_id:
            yield Diagnostic("a full-ecs image needs a vault_id", hint="name the CBR vault that holds the backup")
        if self.image_type in ("data-disk", "system-data") and not self.data_disks:
            yield Diagnostic(
                f'image_type = "{self.image_type}" needs data_disks', hint='add data_disks, or write "system"'
            )
        yield from self._number_problems()
        yield from super().problems()

    def _number_problems(self) -> Iterator[Diagnostic]:
        if len(self.image_tags) > _TAGS - 1:
            yield Diagnostic(
                "there are too many image_tags", hint="an image takes 9, beside the one that names its run"
            )
        for name in ("image_min_disk", "image_min_ram", "image_max_ram", "volume_size"):
            if (value := getattr(self, name)) < 0:
                yield Diagnostic(f"{name} can't be {value}", hint="0 leaves it to the cloud")
        if self.volume_size > 1024:
            yield Diagnostic(f"volume_size can't be {self.volume_size}", hint="a system disk has 1 to 1024 GiB")
        if self.image_max_ram and self.image_min_ram > self.image_max_ram:
            yield Diagnostic("image_min_ram is more than image_max_ram")
