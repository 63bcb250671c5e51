"""Images: published, made of servers, disks and backups, changed, deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from imagesmith_simulator.huaweicloud.codes import failure, refusal
from imagesmith_simulator.huaweicloud.resources import Image, Job, Server, Volume
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.huaweicloud.world import PUBLIC_IMAGES
from imagesmith_simulator.machines.hosting import Content, done
from imagesmith_simulator.refusals import ApiError

PUBLIC_OWNER = "0000000000000000000000000000cafe"
"""The project that public images belong to."""

_NAME = re.compile(r"[\w.()\-]([\w .()\-]*[\w.()\-])?")
_UNFINISHED = ("queued", "saving")
_LONGEST_NAME, _LONGEST_DESCRIPTION = 128, 1024


def publish(store: Store) -> None:
    """Put the world's public images there."""
    for public in PUBLIC_IMAGES:
        store.images[public.id] = Image(
            id=public.id,
            project_id="",
            name=public.name,
            status="active",
            visibility="public",
            owner=PUBLIC_OWNER,
            min_disk=public.min_disk,
            os_type="Windows" if public.os_type == "Windows" else "Linux",
            os_version=public.os_version,
            platform=public.platform,
            architecture=public.architecture,
            created=store.clock.now(),
            found=True,
        )


class ImageModel:
    """Makes and deletes images. Only a system disk has contents; a data disk's image is empty."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, identity: str, project_id: str, code: str = "IMG.0027") -> Image:
        """The image with an id that a project can see: its own, a public or a shared one."""
        image = self._store.images.get(identity)
        if image is None or not self.sees(image, project_id):
            raise refusal(code, f"No image found with ID {identity}")
        return image

    def own(self, identity: str, project_id: str, code: str = "IMG.0027") -> Image:
        """The image with an id that belongs to a project."""
        image = self.get(identity, project_id, code)
        if image.project_id != project_id:
            raise refusal("IMG.0047")
        return image

    def sees(self, image: Image, project_id: str) -> bool:
        """Whether an image is public, a project's own, or shared with it."""
        return image.visibility in ("public", "market") or project_id in (image.project_id, *image.members)

    def content(self, image: Image) -> Content | None:
        """What is on the image's system disk; None for public images, which are the host's root."""
        return image.content

    def for_launch(self, identity: str, project_id: str) -> Image:
        """The image that a server or a volume is made of: active and, where it is shared, accepted."""
        image = self.get(identity, project_id)
        if image.status != "active":
            raise refusal("IMG.0046", f"The image is {image.status}.")
        if project_id in image.members and image.members[project_id] != "accepted":
            raise refusal("IMG.0046", f"The shared image is {image.members[project_id]}.")
        self._store.used(image.id)
        return image

    def create_system(self, image: Image, server_id: str) -> Job:
        """An image of the system disk of a server that is SHUTOFF or ACTIVE; its content is what the disk has now."""
        server = self.source_server(server_id, image.project_id)
        disk = next((disk for disk in self.disks_of(server) if disk.kind == "system"), None)
        if disk is None or disk.status != "in-use":
            raise refusal("IMG.0006")
        self.check_new([image])
        self.describe(image, server, disk)
        content = self._store.machines.snapshot(server.id)
        return self.write("createImageByInstance", [image], "image", content, used=[server.id, disk.id])

    def create_data(self, wanted: Sequence[tuple[Image, str]]) -> Job:
        """An image of each of some disks, which are not system disks and all of one server or of none."""
        store = self._store
        images = [image for image, _ in wanted]
        disks = [self._data_disk(volume_id, image.project_id) for image, volume_id in wanted]
        if len({disk.server_id for disk in disks}) > 1:
            raise refusal("IMG.0140")
        self.check_new(images)
        for image, disk in zip(images, disks, strict=True):
            image.kind, image.min_disk, image.encrypted, image.source_id = "data", disk.size, disk.encrypted, disk.id
            image.os_type, image.status = "Linux", "saving"
        store.used(*{disk.server_id for disk in disks})
        return self.write("createDataImageByDisk", images, "image", done(None), used=[disk.id for disk in disks])

    def delete(self, identity: str, project_id: str, *, delete_backup: bool) -> None:
        """Delete an image of the project's own that is finished and of which nothing is just being made.

        The backup of a whole image stays unless ``delete_backup`` says otherwise.
        """
        store = self._store
        image = self.own(identity, project_id, "IMG.0144")
        if image.status in _UNFINISHED:
            raise refusal("IMG.0116", "The image is being created.")
        if any(server.image_id == image.id and server.status == "BUILD" for server in store.servers.values()):
            raise refusal("IMG.0116", "A server is being created from the image.")
        if any(disk.image_id == image.id and disk.status == "creating" for disk in store.volumes.values()):
            raise refusal("IMG.0116", "A disk is being created from the image.")
        self._drop(image)
        backup = store.backups.get(image.backup_id)
        if backup and delete_backup:
            self.drop_backup(backup.id)
        store.changed(image.id)

    def drop_backup(self, identity: str) -> None:
        """Remove a backup, which gives its room in the vault back."""
        store = self._store
        backup = store.backups.pop(identity)
        if vault := store.vaults.get(backup.vault_id):
            vault.used -= backup.size
        if backup.content:
            backup.content.release()
        store.changed(identity)

    def update(self, image: Image, changes: Mapping[str, object]) -> None:
        """Change the name, the description, the smallest disk (GiB) or memory (MiB), or the largest memory."""
        before = (image.name, image.description, image.min_disk, image.min_ram, image.max_ram)
        for name, value in changes.items():
            setattr(image, name, value)
        try:
            self._check_facts(image)
        except ApiError:
            image.name, image.description, image.min_disk, image.min_ram, image.max_ram = before
            raise
        self._store.changed(image.id)

    def source_server(self, identity: str, project_id: str) -> Server:
        """The server that an image shall be made of. Raises `ApiError` for one that is not ready for it."""
        server = self._store.servers.get(identity)
        if server is None or server.project_id != project_id or server.deleting or server.status == "DELETED":
            raise refusal("IMG.0005")
        if server.status in ("BUILD", "REBOOT") or server.task_state or self.is_imaging(server.id):
            raise refusal("IMG.0010")
        if server.status not in ("SHUTOFF", "ACTIVE"):
            raise refusal("IMG.0008")
        return server

    def is_imaging(self, server_id: str) -> bool:
        """Whether an image of a server is just being made."""
        images = self._store.images.values()
        return any(image.source_id == server_id and image.status in _UNFINISHED for image in images)

    def disks_of(self, server: Server) -> list[Volume]:
        """The server's disks, the system disk first."""
        disks = [disk for disk in self._store.volumes.values() if disk.server_id == server.id]
        return sorted(disks, key=lambda disk: (disk.kind != "system", disk.device))

    def describe(self, image: Image, server: Server, disk: Volume) -> None:
        """Take over from the server and its system disk what an image of it is like."""
        image.source_id, image.os_type, image.min_disk = server.id, server.os_type, disk.size
        image.encrypted, image.status = disk.encrypted, "saving"
        if base := self._store.images.get(server.image_id):
            image.platform, image.os_version, image.architecture = base.platform, base.os_version, base.architecture

    def check_new(self, images: Sequence[Image]) -> None:
        """Refuse names and numbers that an image can't have, and more images than the quota allows."""
        for image in images:
            self._check_facts(image)
        held = sum(1 for image in self._store.images.values() if image.project_id == images[0].project_id)
        if held + len(images) > self._store.quotas["image"]:
            raise refusal("IMG.0015")

    def write(
        self,
        kind: str,
        images: Sequence[Image],
        takes: str | float,
        content: Future[Content | None],
        *,
        used: Sequence[str],
        reason: tuple[str, str] | None = None,
    ) -> Job:
        """Begin the job that makes images; the first of them gets the content. With a ``reason`` it fails."""
        store = self._store
        for image in images:
            store.images[image.id] = image
            store.made(image)
        store.used(*used)
        if store.journal.doomed:
            reason = failure("IMG.0014")
        job = store.job(
            "ims",
            kind,
            images[0].project_id,
            takes,
            lambda job: self._finish(job, images, content),
            work=content,
            failure=reason,
            failed=lambda job: self._fail(job, images, content),
        )
        _show(job, images, apart=kind.startswith("createData"))
        return job

    def _check_facts(self, image: Image) -> None:
        if not image.name:
            raise refusal("IMG.0013")
        if len(image.name) > _LONGEST_NAME or not _NAME.fullmatch(image.name):
            raise refusal("IMG.0003")
        if len(image.description) > _LONGEST_DESCRIPTION or re.search(r"[<>\r]", image.description):
            raise refusal("IMG.0054")
        if image.min_ram < 0 or image.max_ram < 0 or (image.max_ram and image.max_ram < image.min_ram):
            raise refusal("IMG.0055")
        if not 1 <= image.min_disk <= 32768:
            raise refusal("IMG.0055")

    def _data_disk(self, identity: str, project_id: str) -> Volume:
        disk = self._store.volumes.get(identity)
        if disk is None or disk.project_id != project_id:
            raise refusal("IMG.0031", f"The volume {identity} could not be found.")
        if disk.status not in ("available", "in-use") or disk.kind == "system":
            raise refusal("IMG.0022")
        return disk

    def _finish(self, job: Job, images: Sequence[Image], content: Future[Content | None]) -> None:
        if content.cancelled() or content.exception() is not None:
            raise refusal("IMG.0014", "The snapshot of the system disk has failed.")
        for image in images:
            image.status = "active"
        images[0].content = content.result()
        backup = self._store.backups.get(images[0].backup_id)
        if backup and backup.status == "protecting":
            backup.status = "available"
            backup.content = images[0].content.hold() if images[0].content else None
        for part in job.sub_jobs:
            part.status, part.ended = "SUCCESS", self._store.clock.now()

    def _fail(self, job: Job, images: Sequence[Image], content: Future[Content | None]) -> None:
        for image in images:
            image.status = "killed"
            if backup := self._store.backups.get(image.backup_id):
                backup.status = "error" if backup.status == "protecting" else backup.status
        if content.done() and not content.cancelled() and not content.exception() and (held := content.result()):
            held.release()
        for part in job.sub_jobs:
            part.status, part.ended = "FAIL", self._store.clock.now()
            part.error_code, part.fail_reason = job.error_code, job.fail_reason

    def _drop(self, image: Image) -> None:
        del self._store.images[image.id]
        if image.content:
            image.content.release()
            image.content = None


def _show(job: Job, images: Sequence[Image], *, apart: bool) -> None:
    """What the job tells: the image, or with images of several disks a part for each of them."""
    if not apart:
        job.entities = {"image_id": images[0].id, "image_name": images[0].name}
        return
    for number, image in enumerate(images):
        part = Job(id=f"{job.id[:-2]}{number:02x}", service="ims", kind=job.kind, project_id=job.project_id, began=0.0)
        part.began, part.takes_s = job.began, job.takes_s
        part.entities = {"image_id": image.id, "image_name": image.name}
        job.sub_jobs.append(part)
