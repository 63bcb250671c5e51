"""Snapshot and image: made, waited for, and kept as soon as the image is good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from imagesmith.cloud_calls.watch import Watch
from imagesmith.errors import NotFound, WaitFailed, WaitTimeout
from imagesmith.interfaces import Image, Machine
from imagesmith.waiting import Patience, Pending
from imagesmith_alicloud.context import RUN_TAG, Context, as_tags, items
from imagesmith_alicloud.sdk import ecs
from imagesmith_alicloud.source import EVERY_STATUS, images_named

T = TypeVar("T")


def capture(context: Context, machine: Machine) -> Image | None:
    """The finished image, kept whatever happens after; None with ``skip_create_image``."""
    options = context.options
    if options.skip_create_image:
        return None
    snapshot = _system_snapshot(context, machine) if options.image_ignore_data_disks else ""
    name = _image_name(context)
    made = _create(context, machine, snapshot, name)
    owned = {snapshot} if snapshot else set()
    snapshots = _wait(context, made, owned)
    for identity in sorted(owned):
        context.run.keep("snapshot", identity)
    context.run.keep("image", made)
    return Image(made, name, context.cloud.region, tuple(snapshots))


def describe(context: Context, image_id: str) -> Mapping[str, Any] | None:
    """The image as the cloud sees it, in whatever state; None when there is none."""
    answer = context.cloud.read(ecs.DescribeImagesRequest(image_id=image_id, status=EVERY_STATUS))
    return next(iter(items(answer, "Images", "Image")), None)


def snapshots_of(entry: Mapping[str, Any]) -> list[str]:
    """The snapshots that an image consists of."""
    disks = items(entry, "DiskDeviceMappings", "DiskDeviceMapping")
    return [str(disk["SnapshotId"]) for disk in disks if disk.get("SnapshotId")]


def _image_name(context: Context) -> str:
    """The image's name; the run's own while an older image still has the wanted one (it goes only afterwards)."""
    wanted = context.options.image_name
    return context.name if context.force and images_named(context, wanted) else wanted


def _system_snapshot(context: Context, machine: Machine) -> str:
    answer = context.cloud.read(ecs.DescribeDisksRequest(instance_id=machine.id, disk_type="system"))
    disks = items(answer, "Disks", "Disk")
    if not disks:
        raise WaitFailed(f"instance {machine.id} has no system disk to make a snapshot of")

    def make(token: str) -> str:
        request = ecs.CreateSnapshotRequest(
            client_token=token,
            disk_id=disks[0]["DiskId"],
            snapshot_name=context.name,
            resource_group_id=context.options.resource_group_id or None,
            tag=as_tags(ecs.CreateSnapshotRequestTag, context.options.image_tags | {RUN_TAG: context.run.run_id}),
        )
        return str(context.cloud.write(request)["SnapshotId"])

    made = context.own("snapshot", make, context.name)
    watch = Watch(f"snapshot {made}")
    _patiently(context, watch.what, lambda: _probe_snapshot(context, made, watch))
    return made


def _probe_snapshot(context: Context, snapshot_id: str, watch: Watch) -> bool | Pending:
    answer = context.cloud.read(ecs.DescribeSnapshotsRequest(snapshot_ids=f'["{snapshot_id}"]'))
    found = watch.see(next(iter(items(answer, "Snapshots", "Snapshot")), None))
    if isinstance(found, Pending):
        return found
    if found.get("Status") == "accomplished":
        return True
    if found.get("Status") == "failed":
        raise WaitFailed(
            f"snapshot {snapshot_id} has failed", hint="run the build again; local disks have no snapshots"
        )
    return Pending(str(found.get("Status")), _percent(found))


def _create(context: Context, machine: Machine, snapshot: str, name: str) -> str:
    options = context.options

    def make(token: str) -> str:
        request = ecs.CreateImageRequest(
            client_token=token,
            image_name=name,
            image_version=options.image_version or None,
            description=options.image_description or None,
            image_family=options.target_image_family or None,
            boot_mode=options.boot_mode or None,
            resource_group_id=options.resource_group_id or None,
            snapshot_id=snapshot or None,
            instance_id=None if snapshot else machine.id,
            tag=as_tags(ecs.CreateImageRequestTag, options.image_tags | {RUN_TAG: context.run.run_id}),
        )
        return str(context.cloud.write(request)["ImageId"])

    return context.own("image", make, name)


def _wait(context: Context, image_id: str, owned: set[str]) -> Sequence[str]:
    """Wait until the image is good. Each snapshot that it shows meanwhile is owned, so that none outlives a failure."""
    watch = Watch(f"image {image_id}")

    def probe() -> Sequence[str] | Pending:
        found = watch.see(describe(context, image_id))
        if isinstance(found, Pending):
            return found
        _own_new(context, snapshots_of(found), owned)
        status = str(found.get("Status"))
        if status == "Available":
            return snapshots_of(found)
        if status in ("CreateFailed", "UnAvailable"):
            raise WaitFailed(f"image {image_id} has ended as {status}", hint="run the build again; see the ECS console")
        return Pending(status, _percent(found))

    return _patiently(context, f"image {image_id}", probe)


def _own_new(context: Context, snapshots: Sequence[str], owned: set[str]) -> None:
    for snapshot in snapshots:
        if snapshot not in owned:
            owned.add(context.own("snapshot", partial(_already_made, snapshot)))


def _already_made(identity: str, _token: str) -> str:
    return identity


def _patiently(context: Context, what: str, probe: Callable[[], T | Pending]) -> T:
    patience = Patience(context.options.snapshot_timeout_s, first_s=0.8, growth=1.3, longest_s=5.0, expected_s=2.0)
    try:
        return context.run.wait_until(what, probe, patience)
    except WaitTimeout as error:
        raise WaitTimeout(error.message, hint="wait_snapshot_ready_timeout sets how long to wait") from None


def _percent(entry: Mapping[str, Any]) -> float | None:
    """``Progress`` is written as "37%"."""
    try:
        return float(str(entry.get("Progress", "")).rstrip("%"))
    except ValueError:
        return None


def delete(context: Context, entry: Mapping[str, Any], *, with_snapshots: bool) -> None:
    """Delete an image, even one in use, and what it consists of."""
    context.cloud.write(ecs.DeleteImageRequest(image_id=entry["ImageId"], force=True))
    if with_snapshots:
        for snapshot in snapshots_of(entry):
            delete_snapshot(context, snapshot)


def delete_snapshot(context: Context, snapshot_id: str) -> None:
    """Delete a snapshot; one that is gone counts as deleted."""
    try:
        context.cloud.write(ecs.DeleteSnapshotRequest(snapshot_id=snapshot_id, force=True))
    except NotFound as error:
        context.run.say(f"snapshot {snapshot_id} is gone already ({error.code})", "debug")
