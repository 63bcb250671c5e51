"""The blocks ``data_disks``, and what they share with the system disk."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.errors import Diagnostic
from imagesmith.options import Options, option

_ORIGINS = ("volume_size", "volume_id", "snapshot_id", "data_image_id")


class DataDisk(Options):
    """One data disk of the temporary instance: a new one, or one of the user's."""

    volume_size: int = option(default=0, doc="The size of a new, empty disk in GiB.")
    volume_id: str = option(
        default="", doc="An existing volume to attach. It is detached at the end, and never deleted."
    )
    snapshot_id: str = option(default="", doc="A snapshot to make the disk from.")
    data_image_id: str = option(default="", doc="A data disk image to make the disk from.")
    volume_type: str = option(default="SSD", doc="SAS, SSD, GPSSD, ESSD, GPSSD2, ESSD2, …")
    kms_key_id: str = option(default="", doc="The KMS key of an encrypted disk; not with volume_id.")
    iops: int = option(default=0, doc="The IOPS of a GPSSD2 or ESSD2 disk.")
    throughput: int = option(default=0, doc="The throughput of a GPSSD2 disk in MiB/s.")
    delete_on_termination: bool = option(
        default=True, doc="Delete a disk that the build has made with the instance; false keeps it."
    )

    def problems(self) -> Iterator[Diagnostic]:
        given = [name for name in _ORIGINS if getattr(self, name)]
        known = "volume_size, volume_id, snapshot_id, data_image_id"
        if not given:
            yield Diagnostic("data_disks: a disk has no origin", hint=f"give one of {known}")
        if len(given) > 1:
            yield Diagnostic(f"data_disks: {' and '.join(given)} exclude each other", hint=f"give one of {known}")
        if self.volume_id and self.kms_key_id:
            yield Diagnostic(
                "data_disks: kms_key_id does not apply to an existing volume", hint="leave it out with volume_id"
            )
        if self.volume_size < 0:
            yield Diagnostic(f"data_disks: volume_size can't be {self.volume_size}", hint="it is in GiB")
        yield from super().problems()
