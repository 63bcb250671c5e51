"""EVS disks: made, attached to a server at once where one is named, deleted."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith_simulator.huaweicloud.codes import failure, refusal
from imagesmith_simulator.huaweicloud.models.attachments import AttachmentModel
from imagesmith_simulator.huaweicloud.models.images import ImageModel
from imagesmith_simulator.huaweicloud.models.launch import VOLUME_TYPES
from imagesmith_simulator.huaweicloud.resources import Job, Server, Snapshot, Volume
from imagesmith_simulator.huaweicloud.store import Store

_SMALLEST, _LARGEST = 10, 32768
_FASTEST: Mapping[str, tuple[int, int]] = {"GPSSD2": (128_000, 1000), "ESSD2": (256_000, 0)}
"""The most IOPS and MiB/s of the types that have them chosen; 0 where there is no choice."""


class VolumeModel:
    """Makes and deletes disks; the servers' own come with the servers."""

    def __init__(self, store: Store, images: ImageModel, attachments: AttachmentModel) -> None:
        self._store = store
        self._images = images
        self._attachments = attachments

    def get(self, identity: str, project_id: str) -> Volume:
        """The disk with an id."""
        volume = self._store.volumes.get(identity)
        if volume is None or volume.project_id != project_id:
            raise refusal("EVS.5404", f"Volume {identity} could not be found.")
        return volume

    def create(self, volume: Volume, server_id: str = "") -> Job:
        """Begin a disk, empty or with the content of an image or a snapshot, and attach it to a server if one is named.

        What is made for a server is in-use when the job is done, else available.
        """
        store = self._store
        self._check(volume)
        server = self._server(server_id, volume) if server_id else None
        held = sum(1 for other in store.volumes.values() if other.project_id == volume.project_id)
        if held >= store.quotas["volume"]:
            raise refusal("EVS.5413")
        takes = store.latencies["volume"] + (store.latencies["attach"] if server else 0.0)
        if server:
            volume.server_id, volume.device = server.id, self._attachments.next_device(server.id)
            store.used(server.id)
        store.volumes[volume.id] = volume
        job = store.job(
            "evs",
            "createVolume",
            volume.project_id,
            takes,
            lambda _: self._finish(volume),
            failure=failure("EVS.2024") if store.journal.doomed else None,
            failed=lambda _: self._fail(volume),
        )
        job.entities = {
            "volume_id": volume.id,
            "volume_type": volume.volume_type,
            "size": volume.size,
            "name": volume.name,
        }
        store.made(volume)
        return job

    def delete(self, identity: str, project_id: str) -> Job:
        """Begin to delete a disk that is attached to nothing and has no snapshots."""
        store = self._store
        volume = self.get(identity, project_id)
        if volume.status not in ("available", "error"):
            text = f"Invalid volume: Volume status must be available or error, but current status is: {volume.status}."
            raise refusal("EVS.5400", text)
        if any(snapshot.volume_id == volume.id for snapshot in store.snapshots.values()):
            raise refusal("EVS.5400", "Invalid volume: Volume still has dependent snapshots.")
        before, volume.status = volume.status, "deleting"

        def gone(_: Job) -> None:
            store.volumes.pop(volume.id, None)

        def stays(_: Job) -> None:
            volume.status = before

        job = store.job("evs", "deleteVolume", project_id, "delete", gone, failed=stays)
        job.entities = {"volume_id": volume.id}
        store.changed(volume.id)
        return job

    def _check(self, volume: Volume) -> None:
        store = self._store
        if len(volume.name) > 64:
            raise refusal("EVS.1003")
        if volume.volume_type not in VOLUME_TYPES:
            raise refusal("EVS.5400", f"Invalid volume type: {volume.volume_type}")
        if not _SMALLEST <= volume.size <= _LARGEST:
            raise refusal("EVS.1010", f"invalid volume size! A data disk has {_SMALLEST} to {_LARGEST} GB.")
        zones = store.world.zones(store.regions[volume.project_id])
        if volume.availability_zone not in zones or volume.availability_zone in store.world.unavailable:
            raise refusal("EVS.5400", f"Availability zone '{volume.availability_zone}' is invalid.")
        if volume.encrypted != bool(volume.kms_key_id):
            raise refusal("EVS.5400", "__system__encrypted and __system__cmkid go together.")
        self._check_speed(volume)
        self._check_source(volume)

    def _check_speed(self, volume: Volume) -> None:
        iops, throughput = _FASTEST.get(volume.volume_type, (0, 0))
        if bool(volume.iops) != bool(iops) or not 0 <= volume.iops <= iops:
            raise refusal("EVS.5400", f"A disk of type {volume.volume_type} can't have {volume.iops} IOPS.")
        if not 0 <= volume.throughput <= throughput:
            raise refusal("EVS.5400", f"A disk of type {volume.volume_type} can't have {volume.throughput} MiB/s.")

    def _check_source(self, volume: Volume) -> None:
        least = 0
        if volume.image_id and volume.snapshot_id:
            raise refusal("EVS.1009", "A disk is made of an image or of a snapshot.")
        if volume.image_id:
            least = self._images.for_launch(volume.image_id, volume.project_id).min_disk
        if volume.snapshot_id:
            snapshot = self._snapshot(volume)
            least = snapshot.size
        if volume.size < least:
            raise refusal("EVS.1010", f"invalid volume size! The source needs {least} GB.")

    def _snapshot(self, volume: Volume) -> Snapshot:
        snapshot = self._store.snapshots.get(volume.snapshot_id)
        if snapshot is None or snapshot.project_id != volume.project_id:
            raise refusal("EVS.5404", f"Snapshot {volume.snapshot_id} could not be found.")
        if snapshot.status != "available" or snapshot.availability_zone != volume.availability_zone:
            raise refusal("EVS.5400", "The snapshot must be available and in the same zone.")
        self._store.used(snapshot.id)
        return snapshot

    def _server(self, identity: str, volume: Volume) -> Server:
        server = self._store.servers.get(identity)
        if server is None or server.project_id != volume.project_id or server.deleting:
            raise refusal("EVS.5404", f"Instance {identity} could not be found.")
        if server.status not in ("ACTIVE", "SHUTOFF"):
            raise refusal("EVS.5400", f"The server is {server.status}.")
        if server.availability_zone != volume.availability_zone:
            raise refusal("EVS.5400", "The server and the disk must be in the same zone.")
        return server

    def _finish(self, volume: Volume) -> None:
        server = self._store.servers.get(volume.server_id)
        if server is None or server.deleting:
            volume.server_id = volume.device = ""
        volume.status = "in-use" if volume.server_id else "available"

    def _fail(self, volume: Volume) -> None:
        volume.status, volume.server_id, volume.device = "error", "", ""
