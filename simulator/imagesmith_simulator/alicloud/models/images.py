"""Snapshots and images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future

from imagesmith_simulator.alicloud.errors import ApiError, conflict, not_found
from imagesmith_simulator.alicloud.models.network import check_name
from imagesmith_simulator.alicloud.resources import Disk, Image, ImageDisk, Snapshot
from imagesmith_simulator.alicloud.store import Store, find
from imagesmith_simulator.machines.hosting import Content, done


class SnapshotModel:
    """Makes and deletes snapshots. Only a system disk has contents; a data disk's snapshot is empty."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, disk_id: str, *, name: str, description: str, group: str, tags: Mapping[str, str]) -> Snapshot:
        """Begin a snapshot of a disk in use whose instance is Running or Stopped."""
        store = self._store
        disk = find(store.disks, disk_id, "InvalidDiskId.NotFound")
        check_name("SnapshotName", name)
        if instance := store.instances.get(disk.instance_id):
            if instance.status not in ("Running", "Stopped") or instance.releasing:
                raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
            store.used(instance.id)
        if any(other.disk_id == disk.id and other.status == "progressing" for other in store.snapshots.values()):
            raise conflict("CreatingSnapshot", "A previous snapshot of the disk is still being created.")
        store.check_quota("snapshot", disk.region, store.snapshots, "QuotaExceed.Snapshot")
        return self.begin(disk, name=name, description=description, group=group, tags=tags)

    def begin(
        self, disk: Disk, *, name: str, description: str, group: str = "", tags: Mapping[str, str] | None = None
    ) -> Snapshot:
        """Begin a snapshot without asking whether it may be made."""
        store = self._store
        content: Future[Content | None] = done(None)
        if disk.kind == "system" and disk.instance_id:
            content = store.machines.snapshot(disk.instance_id)
        snapshot = Snapshot(
            id=store.new_id("s"),
            region=disk.region,
            name=name,
            description=description,
            tags=dict(tags or {}),
            resource_group=group,
            created=store.clock.now(),
            disk_id=disk.id,
            disk_kind=disk.kind,
            size=disk.size,
            encrypted=disk.encrypted,
        )
        store.snapshots[snapshot.id] = snapshot
        doomed = store.journal.doomed
        snapshot.takes = store.begin("snapshot", lambda: self._finish(snapshot, content, failed=doomed), job=content)
        store.made(snapshot)
        store.used(disk.id)
        return snapshot

    def add_finished(self, snapshot: Snapshot) -> None:
        """A snapshot that is accomplished at once."""
        snapshot.status = "accomplished"
        self._store.snapshots[snapshot.id] = snapshot

    def delete(self, identity: str, *, force: bool) -> None:
        """Delete a snapshot, finished or not, that no image holds and, without ``force``, no disk was made of."""
        store = self._store
        snapshot = find(store.snapshots, identity, "InvalidSnapshotId.NotFound")
        if any(disk.snapshot_id == snapshot.id for image in store.images.values() for disk in image.disks):
            raise conflict("SnapshotCreatedImage", "The snapshot has been used to create an image.")
        if not force and any(disk.snapshot_id == snapshot.id for disk in store.disks.values()):
            raise conflict("SnapshotCreatedDisk", "The snapshot has been used to create a disk.")
        self.drop(snapshot)
        store.changed(snapshot.id)

    def drop(self, snapshot: Snapshot) -> None:
        """Remove a snapshot and let its contents go."""
        self._store.snapshots.pop(snapshot.id, None)
        if snapshot.content:
            snapshot.content.release()
            snapshot.content = None

    def percent(self, snapshot: Snapshot) -> int:
        """How far it is, 0 to 100."""
        return _percent(self._store, snapshot.created, snapshot.takes, ended=snapshot.status == "accomplished")

    def _finish(self, snapshot: Snapshot, content: Future[Content | None], *, failed: bool) -> None:
        wrong = content.cancelled() or content.exception() is not None
        held = None if wrong else content.result()
        if snapshot.id not in self._store.snapshots:
            if held:
                held.release()
            return
        snapshot.content = held
        snapshot.status = "failed" if failed or wrong else "accomplished"


class ImageModel:
    """Makes, copies, shares and deletes images."""

    def __init__(self, store: Store, snapshots: SnapshotModel) -> None:
        self._store = store
        self._snapshots = snapshots

    def create_from_instance(self, template: Image, instance_id: str) -> Image:
        """An image of all disks of an instance that is Running or Stopped: their snapshots come first."""
        store = self._store
        instance = find(store.instances, instance_id, "InvalidInstanceId.NotFound", template.region)
        if instance.status not in ("Running", "Stopped") or instance.releasing:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        self._check_new(template)
        doomed, store.journal.doomed = store.journal.doomed, False
        disks = [disk for disk in store.disks.values() if disk.instance_id == instance.id]
        snapshots = [
            self._snapshots.begin(disk, name=f"{template.id}_{disk.kind}", description=f"of {template.id}")
            for disk in sorted(disks, key=lambda disk: (disk.kind != "system", disk.device))
        ]
        template.os_type, template.os_name = instance.os_type, instance.os_name
        base = store.images.get((instance.region, instance.image_id))
        template.platform = base.platform if base else ""
        template.disks = [
            ImageDisk(device=disk.device, kind=disk.kind, size=disk.size, snapshot_id=snap.id, encrypted=disk.encrypted)
            for disk, snap in zip(
                sorted(disks, key=lambda disk: (disk.kind != "system", disk.device)), snapshots, strict=True
            )
        ]
        template.size = next(disk.size for disk in template.disks if disk.kind == "system")
        store.used(instance.id)
        self._write(template, store.latencies["snapshot"] + store.latencies["image"], failed=doomed)
        return template

    def create_from_snapshot(self, template: Image, snapshot_id: str) -> Image:
        """An image of the system disk that an accomplished snapshot holds."""
        store = self._store
        snapshot = find(store.snapshots, snapshot_id, "InvalidSnapshotId.NotFound", template.region)
        if snapshot.status != "accomplished":
            raise ApiError("InvalidSnapshotId.NotReady", 400, f"The snapshot is {snapshot.status}.")
        if snapshot.disk_kind != "system":
            raise ApiError("InvalidSnapshotId.DataDisk", 400, "The snapshot is not one of a system disk.")
        self._check_new(template)
        disk = store.disks.get(snapshot.disk_id)
        base = store.images.get((snapshot.region, disk.image_id)) if disk else None
        if base:
            template.os_type, template.os_name, template.platform = base.os_type, base.os_name, base.platform
        template.size = snapshot.size
        template.disks = [ImageDisk(device="/dev/xvda", kind="system", size=snapshot.size, snapshot_id=snapshot.id)]
        store.used(snapshot.id)
        self._write(template, store.latencies["image"], failed=store.journal.doomed)
        return template

    def copy(self, source_region: str, source_id: str, template: Image) -> Image:
        """A copy of a custom image in the same or another region, with snapshots of its own."""
        store = self._store
        source = self.get(source_region, source_id)
        if source.owner != "self" or source.status != "Available":
            raise conflict("IncorrectImageStatus", f"The image is {source.status} and its owner is {source.owner}.")
        self._check_new(template)
        template.copied, template.copied_from = True, source.id
        for name in ("size", "os_type", "os_name", "platform", "architecture", "boot_mode"):
            setattr(template, name, getattr(source, name))
        template.disks = [self._copy_disk(disk, template) for disk in source.disks]
        store.used(source.id)
        self._write(template, store.latencies["copy"], failed=store.journal.doomed)
        return template

    def delete(self, region: str, identity: str, *, force: bool) -> None:
        """Delete a custom image that is finished or failed, not shared and, without ``force``, not in use.

        Its snapshots stay.
        """
        store = self._store
        image = self._own(region, identity)
        if image.status in ("Creating", "Waiting") and not image.copied:
            raise conflict("ImageIsCreating", "The specified image is being created.")
        if any(
            image.id in (item.id, item.copied_from) and item.copied and item.status == "Creating"
            for item in store.images.values()
        ):
            raise conflict("OperationDenied.ImageCopying", "The image is being copied.")
        if image.shared_with:
            raise conflict("ImageUseShared", "The specified image has been shared to others.")
        in_use = any(item.image_id == image.id and item.region == region for item in store.instances.values())
        if in_use and not force:
            raise conflict("ImageUsingByInstance", "The specified image has been used to create instances.")
        del store.images[region, image.id]
        store.changed(image.id)

    def cancel_copy(self, region: str, identity: str) -> None:
        """End a copy that is being made; the image and its snapshots are gone."""
        image = self._own(region, identity)
        if not image.copied or image.status != "Creating":
            raise conflict("IncorrectImageStatus", f"The image is {image.status}.")
        del self._store.images[region, image.id]
        for disk in image.disks:
            if snapshot := self._store.snapshots.get(disk.snapshot_id):
                self._snapshots.drop(snapshot)
        self._store.changed(image.id)

    def share(self, region: str, identity: str, add: list[str], remove: list[str]) -> None:
        """Share with accounts and take sharing away. Of each list only the first ten are heard, silently."""
        image = self._own(region, identity)
        if image.encrypted and add:
            raise ApiError("InvalidOperation.EncryptedImage", 403, "An encrypted image can't be shared.")
        kept = [account for account in image.shared_with if account not in remove[:10]]
        image.shared_with = kept + [account for account in add[:10] if account not in kept]
        self._store.used(image.id)

    def modify(self, region: str, identity: str, changes: Mapping[str, str]) -> None:
        """Change a custom image's name, description, family, boot mode, IMDS support or status."""
        image = self._own(region, identity)
        if name := changes.get("name"):
            if name != image.name:
                self._check_free(region, name)
            image.name = name
        for attribute in ("description", "family", "boot_mode", "imds_support"):
            if attribute in changes:
                setattr(image, attribute, changes[attribute])
        status = changes.get("status", "")
        if status:
            if image.status not in ("Available", "Deprecated") or status not in ("Available", "Deprecated"):
                raise conflict("IncorrectImageStatus", f"The image is {image.status}.")
            image.status = "Deprecated" if status == "Deprecated" else "Available"
        self._store.used(image.id)

    def for_launch(self, region: str, identity: str, family: str) -> Image:
        """The image that an instance is made of, by id or as the newest of a family."""
        if not identity and family:
            return self.newest(region, family)
        if not identity:
            raise ApiError("MissingParameter", 400, 'The input parameter "ImageId" is not supplied.')
        image = self.get(region, identity)
        if image.status != "Available":
            raise conflict("IncorrectImageStatus", f"The image is {image.status}.")
        return image

    def newest(self, region: str, family: str) -> Image:
        """The newest Available image of a family. Raises InvalidImageFamily.NotFound."""
        images = self._store.images.values()
        members = [item for item in images if item.region == region and item.family == family]
        available = [item for item in members if item.status == "Available"]
        if not available:
            raise not_found("InvalidImageFamily.NotFound", family)
        return max(available, key=lambda item: item.created)

    def get(self, region: str, identity: str) -> Image:
        """The image with an id. Raises InvalidImageId.NotFound."""
        if image := self._store.images.get((region, identity)):
            return image
        raise not_found("InvalidImageId.NotFound", identity)

    def content(self, image: Image) -> Content | None:
        """What is on the image's system disk; None for public images, which are the host's root."""
        for disk in image.disks:
            if disk.kind == "system" and (snapshot := self._store.snapshots.get(disk.snapshot_id)):
                return snapshot.content
        return None

    def percent(self, image: Image) -> int:
        """How far it is, 0 to 100."""
        return _percent(self._store, image.created, image.takes, ended=image.status == "Available")

    def _own(self, region: str, identity: str) -> Image:
        image = self.get(region, identity)
        if image.owner != "self":
            raise ApiError("InvalidImageId.NotFound", 404, "The specified image is not a custom image of yours.")
        return image

    def _check_new(self, template: Image) -> None:
        self._check_free(template.region, template.name)
        self._store.check_quota("image", template.region, self._store.images, "QuotaExceed.Image")

    def _check_free(self, region: str, name: str) -> None:
        check_name("ImageName", name)
        mine = [item for item in self._store.images.values() if item.region == region and item.owner == "self"]
        if name and any(item.name == name for item in mine):
            raise ApiError("InvalidImageName.Duplicated", 400, f'The image name "{name}" already exists.')

    def _write(self, image: Image, seconds: float, *, failed: bool) -> None:
        """The image is Creating until its snapshots are accomplished and its time has come."""
        store = self._store
        image.created = store.clock.now()
        store.images[image.region, image.id] = image
        image.takes = store.begin(seconds, self._finisher(image, failed=failed))
        store.made(image)

    def _finisher(self, image: Image, *, failed: bool) -> Callable[[], None]:
        def finish() -> None:
            parts = [self._store.snapshots.get(disk.snapshot_id) for disk in image.disks]
            if any(part is not None and part.status == "progressing" for part in parts):
                self._store.clock.after(0.02, finish)
                return
            broken = failed or any(part is None or part.status == "failed" for part in parts)
            image.status = "CreateFailed" if broken else "Available"

        return finish

    def _copy_disk(self, disk: ImageDisk, template: Image) -> ImageDisk:
        source = self._store.snapshots[disk.snapshot_id]
        made = Snapshot(
            id=self._store.new_id("s"),
            region=template.region,
            name=f"{template.id}_{disk.kind}",
            description=f"of {template.id}",
            created=self._store.clock.now(),
            disk_id="",
            disk_kind=disk.kind,
            size=disk.size,
            encrypted=template.encrypted,
            content=source.content.hold() if source.content else None,
        )
        self._snapshots.add_finished(made)
        self._store.made(made)
        return ImageDisk(
            device=disk.device, kind=disk.kind, size=disk.size, snapshot_id=made.id, encrypted=template.encrypted
        )


def _percent(store: Store, begun: float, takes: float, *, ended: bool) -> int:
    if ended:
        return 100
    return min(99, int(100 * (store.clock.now() - begun) / takes)) if takes > 0 else 99
