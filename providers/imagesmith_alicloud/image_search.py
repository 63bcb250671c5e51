"""Searching for an image, for the data source ``alicloud-images``. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from imagesmith.errors import ImagesmithError, NotFound
from imagesmith.interfaces import DataContext
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import credentials
from imagesmith_alicloud.context import items, tags_of
from imagesmith_alicloud.data_source import AlicloudImages
from imagesmith_alicloud.sdk import Cloud, ecs

_PAGE = 100
_NAMED = 5
"""How many of the images that fit are named in an error."""

_TEXTS = {
    "id": "ImageId",
    "name": "ImageName",
    "family": "ImageFamily",
    "version": "ImageVersion",
    "description": "Description",
    "creation_time": "CreationTime",
    "owner": "ImageOwnerAlias",
    "status": "Status",
    "architecture": "Architecture",
    "os_type": "OSType",
    "os_name": "OSName",
    "platform": "Platform",
    "boot_mode": "BootMode",
}

ImageEntry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who makes the calls: nobody hears of retries."""

    cancel: CancelToken

    def say(self, text: str, level: str = "info") -> None:
        pass


def search(options: AlicloudImages, context: DataContext) -> Mapping[str, object]:
    """The outputs for the image that the options mean.

    Raises `NotFound` where none fits, `ImagesmithError` where several do and ``most_recent`` isn't set.
    """
    access = credentials.resolve(options)
    found = list(_fitting(options, Cloud(access, _Caller(context.cancel))))
    found.sort(key=lambda image: (str(image.get("CreationTime", "")), str(image.get("ImageId", ""))), reverse=True)
    if not found:
        raise NotFound(f"no image in {access.region} fits", hint=_hint(options))
    if len(found) > 1 and not options.most_recent:
        names = ", ".join(f"{image.get('ImageId')} ({image.get('ImageName')})" for image in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        text = f"{len(found)} images in {access.region} fit: {names}{more}"
        raise ImagesmithError(text, hint="Say more of the image, or set most_recent = true to take the newest")
    chosen = found[0]
    return {
        **{output: str(chosen.get(key) or "") for output, key in _TEXTS.items()},
        "size": int(chosen.get("Size") or 0),
        "region": access.region,
        "tags": tags_of(chosen),
        "ids": [str(image["ImageId"]) for image in found],
    }


def _hint(options: AlicloudImages) -> str:
    if "marketplace" in options.owners or not options.owners:
        return "Check the options; names and ids differ between regions, and retired images are not found"
    return f"Check the options; looked at were images of {', '.join(options.owners)}"


def _fitting(options: AlicloudImages, cloud: Cloud) -> Iterator[ImageEntry]:
    """What the API can't tell apart is looked at here: it searches for names loosely."""
    pattern = re.compile(options.name_regex)
    for owner in options.owners or (None,):
        for image in _described(options, owner, cloud):
            name, tags = str(image.get("ImageName", "")), tags_of(image)
            if options.image_name and not fnmatchcase(name, _literal(options.image_name)):
                continue
            if pattern.search(name) and all(tags.get(key) == value for key, value in options.tags.items()):
                yield image


def _literal(pattern: str) -> str:
    """The name as a pattern in which nothing but * is special."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _described(options: AlicloudImages, owner: str | None, cloud: Cloud) -> Iterator[ImageEntry]:
    page = 1
    while True:
        answer = cloud.read(
            ecs.DescribeImagesRequest(
                image_id=options.image_id or None,
                image_name=options.image_name or None,
                image_family=options.image_family or None,
                image_owner_alias=owner,
                status=options.status,
                architecture=options.architecture or None,
                ostype=options.os_type or None,
                resource_group_id=options.resource_group_id or None,
                tag=[ecs.DescribeImagesRequestTag(key=key, value=value) for key, value in options.tags.items()] or None,
                page_number=page,
                page_size=_PAGE,
            )
        )
        yield from items(answer, "Images", "Image")
        if page * _PAGE >= int(answer.get("TotalCount") or 0):
            return
        page += 1
