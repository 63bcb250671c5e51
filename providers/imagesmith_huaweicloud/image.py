"""The images: of the system disk, of each data disk, or of the whole instance; each is kept as soon as it is good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imagesmith.errors import BuildTimeout, Cancelled, ImagesmithError, WaitFailed
from imagesmith.interfaces import Image, Machine
from imagesmith_huaweicloud import disks, image_jobs
from imagesmith_huaweicloud.context import RUN_TAG, Context
from imagesmith_huaweicloud.sdk import ims


@dataclass(frozen=True, slots=True)
class Part:
    """One image to be made: its name and the call that begins it."""

    name: str
    request: Any


def capture(context: Context, machine: Machine) -> Image:
    """The finished images, the system's first. All are begun before the first is waited for.

    When one fails the others are finished and kept nevertheless; the error names them.
    """
    parts = _parts(context, machine)
    failures: list[ImagesmithError] = []
    begun: list[tuple[Part, str]] = []
    made: list[str] = []
    for part in parts:
        with _collected(failures):
            begun.append((part, image_jobs.begin(context, part.request, part.name)))
    for part, job in begun:
        with _collected(failures):
            made.append(image_jobs.finish(context, job, part.name))
    if failures:
        raise _partial(failures, made, len(parts))
    first, *more = made
    return Image(first, parts[0].name, context.cloud.region, more_ids=tuple(more))


@contextmanager
def _collected(failures: list[ImagesmithError]) -> Iterator[None]:
    try:
        yield
    except (Cancelled, BuildTimeout):
        raise
    except ImagesmithError as error:
        failures.append(error)


def _partial(failures: Sequence[ImagesmithError], made: Sequence[str], wanted: int) -> ImagesmithError:
    if wanted == 1:
        return failures[0]
    told = "; ".join(str(failure) for failure in failures)
    rest = f"; finished and kept: {', '.join(made)}" if made else ""
    text = f"{len(failures)} of {wanted} images could not be made: {told}{rest}"
    return WaitFailed(text, hint="run the build again; delete the images that you don't want to keep")


def _parts(context: Context, machine: Machine) -> list[Part]:
    name, kind = context.options.image_name, context.options.capture
    if kind == "full-ecs":
        return [Part(name, _whole(context, machine, name))]
    system = [Part(name, _system(context, machine, name))] if kind in ("system", "system-data") else []
    if kind == "system":
        return system
    data = [_data(context, disk, name) for disk in disks.attached(context, machine.id)]
    if not data:
        raise WaitFailed(f"instance {machine.id} has no data disk to make an image of", hint="check data_disks")
    return system + data


def _system(context: Context, machine: Machine, name: str) -> Any:
    body = ims.CreateImageRequestBody(instance_id=machine.id, **_common(context, name), **_memory(context))
    return ims.CreateImageRequest(body=body)


def _whole(context: Context, machine: Machine, name: str) -> Any:
    body = ims.CreateWholeImageRequestBody(
        instance_id=machine.id, vault_id=context.options.vault_id, **_common(context, name), **_memory(context)
    )
    return ims.CreateWholeImageRequest(body=body)


def _data(context: Context, disk: Mapping[str, Any], name: str) -> Part:
    """An image of one data disk, named after its device: web-vdb."""
    device = str(disk.get("device", "")).rpartition("/")[2]
    own_name = f"{name}-{device}"
    description = context.options.image_description or None
    data = ims.CreateDataImage(name=own_name, volume_id=str(disk["volumeId"]), description=description)
    common = {key: value for key, value in _common(context, own_name).items() if key not in ("name", "description")}
    return Part(own_name, ims.CreateImageRequest(body=ims.CreateImageRequestBody(data_images=[data], **common)))


def _common(context: Context, name: str) -> dict[str, Any]:
    options = context.options
    tags = {**options.image_tags, RUN_TAG: context.run.run_id}
    return {
        "name": name,
        "description": options.image_description or None,
        "image_tags": [ims.TagKeyValue(key=key, value=value) for key, value in tags.items()],
        "enterprise_project_id": options.enterprise_project_id or None,
    }


def _memory(context: Context) -> dict[str, Any]:
    options = context.options
    return {"min_ram": options.image_min_ram or None, "max_ram": options.image_max_ram or None}
