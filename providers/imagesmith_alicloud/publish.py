"""What is done with a finished image: it gets its name, its snapshots get its tags. Nothing here can cost the image."""

from __future__ import annotations

from imagesmith.errors import CloudError
from imagesmith.interfaces import Artifact, Image
from imagesmith_alicloud.context import STATE_TAG, Context, as_tags
from imagesmith_alicloud.image import delete
from imagesmith_alicloud.sdk import ecs
from imagesmith_alicloud.source import images_named

BUILDER_ID = "alibaba.alicloud"
_IDS_PER_CALL = 50


def publish(context: Context, image: Image) -> Artifact:
    """The artifact. When a call fails the image is marked as partial, and the error goes on."""
    try:
        if image.name != context.options.image_name:
            _take_over_name(context, image)
        _tag_snapshots(context, image)
    except CloudError:
        _mark_partial(context, image)
        raise
    return artifact(context, {image.region: image.id})


def artifact(context: Context, images: dict[str, str]) -> Artifact:
    """Id and builder id are the plugin's: ``region:image`` sorted and joined by commas."""
    places = sorted(images.items())
    return Artifact(
        builder_id=BUILDER_ID,
        id=",".join(f"{region}:{image}" for region, image in places),
        description="Images on Alibaba Cloud:\n\n" + "\n".join(f"{region}: {image}" for region, image in places),
        images=dict(places),
        name=context.options.image_name,
        tags=context.options.image_tags,
    )


def _take_over_name(context: Context, image: Image) -> None:
    """Delete the older images of the wanted name, then rename the new one."""
    wanted = context.options.image_name
    with_snapshots = context.options.image_force_delete_snapshots or context.run.force
    for old in images_named(context, wanted):
        if old["ImageId"] != image.id:
            context.run.say(f'deleting the older image "{wanted}" ({old["ImageId"]})')
            delete(context, old, with_snapshots=with_snapshots)
    rename = ecs.ModifyImageAttributeRequest(image_id=image.id, image_name=wanted)
    context.cloud.write(rename, also=("InvalidImageName.Duplicate*",))


def _tag_snapshots(context: Context, image: Image) -> None:
    """The image got its tags when it was created; its snapshots get the same, all in one call.

    A snapshot that was made first (``image_ignore_data_disks``) has them from its own creation.
    """
    tags = context.options.image_tags
    if not tags or context.options.image_ignore_data_disks:
        return
    for start in range(0, len(image.snapshot_ids), _IDS_PER_CALL):
        context.cloud.write(
            ecs.TagResourcesRequest(
                resource_type="snapshot",
                resource_id=list(image.snapshot_ids[start : start + _IDS_PER_CALL]),
                tag=as_tags(ecs.TagResourcesRequestTag, tags),
            )
        )


def _mark_partial(context: Context, image: Image) -> None:
    request = ecs.TagResourcesRequest(
        resource_type="image",
        resource_id=[image.id],
        tag=as_tags(ecs.TagResourcesRequestTag, {STATE_TAG: "partial"}),
    )
    try:
        context.cloud.write(request)
    except CloudError as error:
        context.run.say(f"image {image.id} could not be marked as partial: {error}", "warning")
