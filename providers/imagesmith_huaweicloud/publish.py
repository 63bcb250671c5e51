"""What is done with the finished images: their least disk is set, they are shared. Nothing here can cost an image."""

from __future__ import annotations

from imagesmith.errors import CloudError, ImagesmithError
from imagesmith.interfaces import Artifact, Image
from imagesmith_huaweicloud import members
from imagesmith_huaweicloud.context import STATE_TAG, Context
from imagesmith_huaweicloud.sdk import ims

BUILDER_ID = "huawei.huaweicloud"


def publish(context: Context, image: Image) -> Artifact:
    """The artifact. When a call fails the images are marked as partial, and the error goes on."""
    try:
        _set_least_disk(context, image)
        members.share(context, image)
    except ImagesmithError:
        _mark_partial(context, image)
        raise
    return artifact(context, image)


def artifact(context: Context, image: Image) -> Artifact:
    """Id and builder id are the plugin's: the ids of all images joined by semicolons, the system's first."""
    identity = ";".join((image.id, *image.more_ids))
    return Artifact(
        builder_id=BUILDER_ID,
        id=identity,
        description=f"An image was created: {identity}",
        images={image.region: image.id},
        name=context.options.image_name,
        tags=context.options.image_tags,
    )


def _set_least_disk(context: Context, image: Image) -> None:
    """``image_min_disk``; creating an image of an instance does not take it."""
    least = context.options.image_min_disk
    if not least or context.options.capture == "data-disk":
        return
    patch = ims.UpdateImageRequestBody(op="replace", path="/min_disk", value=str(least))
    context.cloud.write(ims.UpdateImageRequest(image_id=image.id, body=[patch]))


def _mark_partial(context: Context, image: Image) -> None:
    tags = [ims.ResourceTag(key=STATE_TAG, value="partial")]
    for identity in (image.id, *image.more_ids):
        body = ims.BatchAddOrDeleteTagsRequestBody(action="create", tags=tags)
        try:
            context.cloud.write(ims.BatchAddOrDeleteTagsRequest(image_id=identity, body=body))
        except CloudError as error:
            context.run.say(f"image {identity} could not be marked as partial: {error}", "warning")
