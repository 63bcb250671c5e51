"""The source image, and the checks that spare a build that could only fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.errors import AlreadyExists, NotFound
from imagesmith.interfaces import SourceImage
from imagesmith_alicloud.context import Context, items
from imagesmith_alicloud.sdk import ecs

EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"
_PAGE = 100

ImageEntry = Mapping[str, Any]


def source_image(context: Context) -> SourceImage:
    """The image to start from. Raises `NotFound`, and `AlreadyExists` when the new image's name is taken."""
    found, _ = context.run.together(lambda: _look_up(context), lambda: _refuse_taken_name(context))
    return SourceImage(
        id=found["ImageId"],
        name=found.get("ImageName", ""),
        os="windows" if str(found.get("OSType", "")).lower() == "windows" else "linux",
        size_gib=int(found.get("Size") or 0),
        architecture=found.get("Architecture", ""),
    )


def images_named(context: Context, name: str) -> list[ImageEntry]:
    """The account's own images of exactly this name, in every status (the API itself matches loosely)."""
    found: list[ImageEntry] = []
    page = 1
    while True:
        answer = context.cloud.read(
            ecs.DescribeImagesRequest(
                image_name=name, image_owner_alias="self", status=EVERY_STATUS, page_number=page, page_size=_PAGE
            )
        )
        found += [image for image in items(answer, "Images", "Image") if image.get("ImageName") == name]
        if page * _PAGE >= int(answer.get("TotalCount") or 0):
            return found
        page += 1


def _refuse_taken_name(context: Context) -> None:
    options = context.options
    if context.force or options.skip_create_image:
        return
    if taken := images_named(context, options.image_name):
        raise AlreadyExists(
            f'there is already an image named "{options.image_name}" in {context.cloud.region}: {taken[0]["ImageId"]}',
            hint="take another image_name, or set image_force_delete (-force) to replace it",
        )


def _look_up(context: Context) -> ImageEntry:
    options = context.options
    if options.image_family:
        return _newest_of_family(context, options.image_family)
    expired = True if options.skip_image_validation else None
    for owner in (None, "marketplace"):
        request = ecs.DescribeImagesRequest(
            image_id=options.source_image, show_expired=expired, image_owner_alias=owner
        )
        if found := items(context.cloud.read(request), "Images", "Image"):
            return found[0]
    hint = "check source_image: images are retired, and ids differ between regions"
    if not options.skip_image_validation:
        hint += "; skip_image_validation also finds retired ones"
    raise NotFound(f'there is no image "{options.source_image}" in {context.cloud.region}', hint=hint)


def _newest_of_family(context: Context, family: str) -> ImageEntry:
    """DescribeImageFromFamily knows custom families; system ones are found as images with that family."""
    answer = context.cloud.read(ecs.DescribeImageFromFamilyRequest(image_family=family))
    found: ImageEntry = answer.get("Image") or {}
    if found.get("ImageId"):
        return found
    listed = items(
        context.cloud.read(ecs.DescribeImagesRequest(image_family=family, page_size=_PAGE)), "Images", "Image"
    )
    if not listed:
        text = f'there is no image of the family "{family}" in {context.cloud.region}'
        raise NotFound(text, hint="check image_family")
    return max(listed, key=lambda image: str(image.get("CreationTime", "")))
