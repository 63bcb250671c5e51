"""The data disks: looked up before anything is made, made with the instance, or attached to it afterwards.

The disks of the template keep its order on the instance: those before the first one that can only be attached are made
with the instance, the rest follow one by one. The user's own volumes are attached and never owned; owned is the
attachment, which is undone before the instance is deleted.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from imagesmith.errors import Conflict, NotFound, UsageError, WaitFailed
from imagesmith.interfaces import Machine
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import jobs
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.disk_options import DataDisk
from imagesmith_huaweicloud.sdk import ecs, evs
from imagesmith_huaweicloud.source import list_images

ATTACHED_SOON = Patience(timeout_s=600.0, soon_s=0.2, first_s=0.3, growth=1.3, longest_s=5.0)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found of the disks that the template names: the size of each in GiB, and the zones that they are in."""

    sizes: tuple[int, ...] = ()
    zones: Mapping[str, str] | None = None
    """Zone -> the volume or snapshot that is there."""

    def only(self, zones: Sequence[str]) -> Sequence[str]:
        """The zones that the disks leave. Raises `UsageError` when they leave none."""
        found = self.zones or {}
        if len(found) > 1:
            places = ", ".join(f"{thing} in {zone}" for zone, thing in found.items())
            raise UsageError(f"data_disks are in different zones: {places}", hint="all must be in one")
        left = [zone for zone in zones if not found or zone in found]
        if not left:
            zone, thing = next(iter(found.items()))
            text = f"data_disks: {thing} is in the zone {zone}, which is not the instance's: {', '.join(zones)}"
            raise UsageError(text, hint="leave availability_zone out, or take a flavor that this zone sells")
        return left


def survey(context: Context) -> Survey:
    """Look up what the data disks name. Raises `NotFound`, and `Conflict` for a volume that is in use."""
    sizes: list[int] = []
    zones: dict[str, str] = {}
    for number, disk in enumerate(context.options.data_disks):
        size, zone, thing = _look_up(context, disk, f"data_disks[{number}]")
        sizes.append(size)
        if zone:
            zones[zone] = thing
    return Survey(tuple(sizes), zones)


def _look_up(context: Context, disk: DataDisk, where: str) -> tuple[int, str, str]:
    """Size, zone and name of what a disk is made of."""
    if disk.volume_id:
        volume = _show(context, disk.volume_id, where)
        if volume.get("status") != "available":
            text = f"{where}: the volume {disk.volume_id} is {volume.get('status')} instead of available"
            raise Conflict(text, hint="detach it from its instance first")
        return int(volume["size"]), str(volume["availability_zone"]), f"volume {disk.volume_id}"
    if disk.snapshot_id:
        snapshot = _snapshot(context, disk.snapshot_id, where)
        volume = _show(context, str(snapshot["volume_id"]), where)
        return int(snapshot["size"]), str(volume["availability_zone"]), f"snapshot {disk.snapshot_id}"
    if disk.data_image_id:
        images = list_images(context.cloud, id=disk.data_image_id)
        if not images:
            raise NotFound(f'{where}: there is no image "{disk.data_image_id}"', hint="check data_image_id")
        return int(images[0].get("min_disk") or 0), "", ""
    return disk.volume_size, "", ""


def _show(context: Context, volume_id: str, where: str) -> Mapping[str, Any]:
    try:
        return dict(context.cloud.read(evs.ShowVolumeRequest(volume_id=volume_id))["volume"])
    except NotFound as error:
        text = f'{where}: there is no volume "{volume_id}" in {context.cloud.region}'
        raise NotFound(text, code=error.code, hint="check volume_id") from None


def _snapshot(context: Context, snapshot_id: str, where: str) -> Mapping[str, Any]:
    listed = context.cloud.read(evs.ListSnapshotsRequest(id=snapshot_id)).get("snapshots") or ()
    if not listed:
        text = f'{where}: there is no snapshot "{snapshot_id}" in {context.cloud.region}'
        raise NotFound(text, hint="check snapshot_id")
    return dict(listed[0])


def with_instance(context: Context, found: Survey) -> list[Any]:
    """The disks that are made with the instance, as its request has them."""
    return [
        ecs.PostPaidServerDataVolume(
            volumetype=disk.volume_type,
            size=size,
            iops=disk.iops or None,
            throughput=disk.throughput or None,
            data_image_id=disk.data_image_id or None,
            delete_on_termination=disk.delete_on_termination,
            metadata=encryption(ecs.PostPaidServerDataVolumeMetadata, disk.kms_key_id),
        )
        for disk, size in _leading(context, found)
    ]


def encryption(model: Any, kms_key_id: str) -> Any:
    """The metadata of a disk encrypted with a key; None without one."""
    return model(system__encrypted="1", system__cmkid=kms_key_id) if kms_key_id else None


def attach_rest(context: Context, machine: Machine, found: Survey) -> None:
    """Make and attach the other disks, in the template's order."""
    leading = len(_leading(context, found))
    _keep_leading(context, machine, leading)
    rest = list(zip(context.options.data_disks, found.sizes, strict=True))[leading:]
    for number, (disk, size) in enumerate(rest, start=leading + 1):
        if disk.volume_id:
            attach(context, machine, disk.volume_id)
        else:
            _make(context, machine, disk, size, f"{context.name}-{number:04d}")


def attach(context: Context, machine: Machine, volume_id: str) -> None:
    """Attach a volume of the user's; the attachment is owned, the volume is not."""
    option = ecs.AttachServerVolumeOption(volume_id=volume_id)
    request = ecs.AttachServerVolumeRequest(
        server_id=machine.id, body=ecs.AttachServerVolumeRequestBody(volume_attachment=option)
    )
    job = ""

    def make(_token: str) -> str:
        nonlocal job
        job = str(context.cloud.write_once(request)["job_id"])
        return f"{machine.id}/{volume_id}"

    context.own("attachment", make, volume_id, server=machine.id)
    _wait_in_use(context, "ecs", job, volume_id, f"attaching volume {volume_id}")


def detach(context: Context, server_id: str, volume_id: str) -> None:
    """Take a volume off its instance and see it free; one that is not attached counts as free."""
    request = ecs.DetachServerVolumeRequest(server_id=server_id, volume_id=volume_id)
    try:
        job = str(context.cloud.write(request)["job_id"])
        jobs.wait(context, "ecs", job, f"detaching volume {volume_id}", ATTACHED_SOON)
    except NotFound as error:
        context.run.say(f"volume {volume_id} is not attached to {server_id} ({error.code})", "debug")


def attached(context: Context, server_id: str) -> list[Mapping[str, Any]]:
    """The data disks of an instance in the order of their devices, the system disk left out."""
    answer = context.cloud.read(ecs.ListServerBlockDevicesRequest(server_id=server_id))
    disks = [dict(entry) for entry in answer.get("volumeAttachments") or () if str(entry.get("bootIndex")) != "0"]
    return sorted(disks, key=lambda entry: str(entry.get("device", "")))


def show(context: Context, volume_id: str) -> Mapping[str, Any]:
    """The volume as EVS sees it. Raises `NotFound`."""
    return dict(context.cloud.read(evs.ShowVolumeRequest(volume_id=volume_id))["volume"])


def _wait_in_use(context: Context, service: Literal["ecs", "evs"], job: str, volume_id: str, what: str) -> None:
    """Wait for the job; where its id was lost with the answer, look at the volume itself."""
    if job:
        jobs.wait(context, service, job, what, ATTACHED_SOON)
        return

    def probe() -> bool | Pending:
        status = str(show(context, volume_id).get("status"))
        if status.startswith("error"):
            raise WaitFailed(f"{what} has failed: it is {status}", hint="see the EVS console")
        return True if status == "in-use" else Pending(status)

    context.run.wait_until(what, probe, ATTACHED_SOON)


def _leading(context: Context, found: Survey) -> list[tuple[DataDisk, int]]:
    pairs = zip(context.options.data_disks, found.sizes, strict=True)
    return list(itertools.takewhile(lambda pair: pair[0].volume_size or pair[0].data_image_id, pairs))


def _keep_leading(context: Context, machine: Machine, leading: int) -> None:
    """Write down which of the disks that were made with the instance stay when it goes."""
    kept = [
        number for number, disk in enumerate(context.options.data_disks[:leading]) if not disk.delete_on_termination
    ]
    if not kept:
        return
    made = attached(context, machine.id)
    for number in kept:
        _stays(context, str(made[number]["volumeId"]))


def _stays(context: Context, volume_id: str, *, is_owned: bool = False) -> None:
    if not is_owned:
        context.own("volume", lambda _: volume_id, server="")
    context.run.keep("volume", volume_id)
    context.run.say(
        f"the data disk {volume_id} stays after the build, billed (delete_on_termination = false)", "warning"
    )


def _make(context: Context, machine: Machine, disk: DataDisk, size: int, name: str) -> None:
    metadata = {"create_for_volume_id": "true"}
    if disk.kms_key_id:
        metadata |= {"__system__encrypted": "1", "__system__cmkid": disk.kms_key_id}
    volume = evs.CreateVolumeOption(
        availability_zone=machine.zone,
        volume_type=disk.volume_type,
        size=size,
        name=name,
        description="imagesmith: temporary",
        image_ref=disk.data_image_id or None,
        snapshot_id=disk.snapshot_id or None,
        iops=disk.iops or None,
        throughput=disk.throughput or None,
        enterprise_project_id=context.options.enterprise_project_id or None,
        metadata=metadata,
    )
    request = evs.CreateVolumeRequest(body=evs.CreateVolumeRequestBody(volume=volume, server_id=machine.id))
    job = ""

    def make(token: str) -> str:
        nonlocal job
        request.x_client_token = str(uuid.UUID(token))
        answer = context.cloud.write_once(request)
        job = str(answer["job_id"])
        return str(answer["volume_ids"][0])

    made = context.own("volume", make, name)
    _wait_in_use(context, "evs", job, made, f"data disk {made}")
    if not disk.delete_on_termination:
        _stays(context, made, is_owned=True)
