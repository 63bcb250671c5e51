"""Volumes on servers: attached and detached, each by a job."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.models.servers import ServerModel
from imagesmith_simulator.huaweicloud.resources import Job, Server, Volume
from imagesmith_simulator.huaweicloud.store import Store, get
from imagesmith_simulator.refusals import ApiError

_STATES = ("ACTIVE", "SHUTOFF")
_LETTERS = "bcdefghijklmnopqrstuvwxy"


class AttachmentModel:
    """Attaches volumes to servers and takes them off again."""

    def __init__(self, store: Store, servers: ServerModel) -> None:
        self._store = store
        self._servers = servers

    def check(self, server_id: str, volume_id: str, project_id: str) -> tuple[Server, Volume]:
        """What a dry run does: refuse what would be refused."""
        server = self._server(server_id, project_id)
        volume = get(self._store.volumes, volume_id, project_id, "Ecs.0114", "volume")
        if volume.status != "available":
            raise ApiError("Ecs.0104", 400, f"The volume {volume.id} is {volume.status}; it must be available.")
        if volume.availability_zone != server.availability_zone:
            raise invalid("Ecs.0005", "volumeId", "The volume and the server are in two zones.")
        return server, volume

    def attach(self, server_id: str, volume_id: str, project_id: str, device: str = "") -> Job:
        """Attach a free volume of the server's zone; it is in-use when the job is done."""
        store = self._store
        server, volume = self.check(server_id, volume_id, project_id)
        volume.status, volume.server_id = "attaching", server.id
        volume.device = device or self.next_device(server.id)

        def done(_: Job) -> None:
            volume.status = "in-use"

        def failed(_: Job) -> None:
            volume.status, volume.server_id, volume.device = "available", "", ""

        job = store.job("ecs", "attachVolume", project_id, "attach", done, failed=failed)
        job.entities = {"server_id": server.id, "volume_id": volume.id}
        store.changed(volume.id)
        store.used(server.id)
        return job

    def detach(self, server_id: str, volume_id: str, project_id: str) -> Job:
        """Take a data disk off; it is available when the job is done."""
        store = self._store
        server = self._server(server_id, project_id)
        volume = store.volumes.get(volume_id)
        if volume is None or volume.server_id != server.id:
            raise ApiError("Ecs.0116", 404, f"The volume {volume_id} is not attached to {server.id}.")
        if volume.kind == "system":
            raise ApiError("Ecs.0101", 400, "The system disk can't be detached.")
        if volume.status != "in-use":
            raise ApiError("Ecs.0104", 400, f"The volume {volume.id} is {volume.status}; it must be in-use.")
        volume.status = "detaching"

        def done(_: Job) -> None:
            if volume.server_id == server.id:
                volume.status, volume.server_id, volume.device = "available", "", ""

        def failed(_: Job) -> None:
            volume.status = "in-use"

        job = store.job("ecs", "detachVolume", project_id, "attach", done, failed=failed)
        job.entities = {"server_id": server.id, "volume_id": volume.id}
        store.changed(volume.id)
        store.used(server.id)
        return job

    def next_device(self, server_id: str) -> str:
        """The first free device name of a server."""
        taken = {volume.device for volume in self._store.volumes.values() if volume.server_id == server_id}
        free = (f"/dev/vd{letter}" for letter in _LETTERS)
        device = next((device for device in free if device not in taken), "")
        if not device:
            raise ApiError("Ecs.0107", 400, "The server has as many disks as it takes.")
        return device

    def _server(self, identity: str, project_id: str) -> Server:
        server = self._servers.get(identity, project_id)
        if server.status not in _STATES or server.deleting:
            raise ApiError("Ecs.0100", 400, f"Instance {server.id} is {server.status} {server.task_state}".strip())
        return server
