"""Images."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, action
from imagesmith_simulator.alicloud.errors import invalid, missing
from imagesmith_simulator.alicloud.handlers.image_views import brief_image_view, image_view, matches
from imagesmith_simulator.alicloud.handlers.paging import page, with_tags
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Image

_STATUSES = ("Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated", "ALL")
_BOOT_MODES = ("BIOS", "UEFI", "UEFI-Preferred")


@action(
    ECS,
    "CreateImage",
    accepts=f"ClientToken ImageName ImageVersion ImageFamily Description InstanceId SnapshotId ResourceGroupId "
    f"BootMode Features.ImdsSupport {TAGS}",
    requires="RegionId",
)
def create(account: Account, p: Parameters) -> dict[str, Any]:
    """Begin an image of an instance or of a system disk's snapshot."""
    identity = account.store.new_id("m")
    template = Image(
        id=identity,
        region=p.required("RegionId"),
        name=p.text("ImageName", identity),
        description=p.text("Description"),
        tags=p.tags(),
        resource_group=p.text("ResourceGroupId"),
        family=p.text("ImageFamily"),
        version=p.text("ImageVersion"),
        boot_mode=p.choice("BootMode", _BOOT_MODES),
        imds_support=p.choice("Features.ImdsSupport", ("v1", "v2"), "v1"),
    )
    if snapshot_id := p.text("SnapshotId"):
        account.images.create_from_snapshot(template, snapshot_id)
    elif instance_id := p.text("InstanceId"):
        account.images.create_from_instance(template, instance_id)
    else:
        raise missing("InstanceId")
    return {"ImageId": template.id}


@action(
    ECS,
    "DescribeImages",
    accepts=f"ImageId ImageName ImageFamily ImageOwnerAlias Status ShowExpired Architecture OSType SnapshotId IsPublic "
    f"ResourceGroupId {TAGS} {PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The images of a region. Only Available ones are shown unless Status says otherwise; a name is searched for."""
    region = p.required("RegionId")
    statuses = [part.strip() for part in p.text("Status", "Available").split(",")]
    if unknown := [status for status in statuses if status not in _STATUSES]:
        raise invalid("Status", f"There is no image status {unknown[0]}.")
    found = [image for image in account.store.images.values() if image.region == region and matches(image, p)]
    shown = [image for image in found if image.status in statuses or "ALL" in statuses]
    return {
        **page(p, with_tags(shown, p.tags()), "Images", "Image", lambda image: image_view(account, image)),
        "RegionId": region,
    }


@action(ECS, "DescribeImageFromFamily", accepts="ImageFamily", requires="RegionId ImageFamily", mutates=False)
def describe_from_family(account: Account, p: Parameters) -> dict[str, Any]:
    """The newest image of a family; nothing for a family that has none."""
    region, family = p.required("RegionId"), p.required("ImageFamily")
    if not any(image.family == family and image.region == region for image in account.store.images.values()):
        return {"Image": {}}
    return {"Image": brief_image_view(account, account.images.newest(region, family))}


@action(
    ECS,
    "CopyImage",
    accepts=f"ClientToken ImageId DestinationRegionId DestinationImageName DestinationDescription Encrypted KMSKeyId "
    f"ResourceGroupId {TAGS}",
    requires="RegionId ImageId",
)
def copy(account: Account, p: Parameters) -> dict[str, Any]:
    """Begin a copy in another region, or an encrypted one in the same."""
    region = p.required("RegionId")
    destination = p.text("DestinationRegionId", region)
    if not account.store.world.zones(destination):
        raise invalid("DestinationRegionId", f"The region {destination} does not exist.")
    identity = account.store.new_id("m")
    template = Image(
        id=identity,
        region=destination,
        name=p.text("DestinationImageName", identity),
        description=p.text("DestinationDescription"),
        tags=p.tags(),
        resource_group=p.text("ResourceGroupId"),
        encrypted=p.boolean("Encrypted") or bool(p.text("KMSKeyId")),
    )
    return {"ImageId": account.images.copy(region, p.required("ImageId"), template).id}


@action(ECS, "CancelCopyImage", accepts="ImageId", requires="RegionId ImageId")
def cancel_copy(account: Account, p: Parameters) -> dict[str, Any]:
    """End a copy that is being made."""
    account.images.cancel_copy(p.required("RegionId"), p.required("ImageId"))
    return {}


@action(ECS, "DeleteImage", accepts="ImageId Force", requires="RegionId ImageId")
def delete(account: Account, p: Parameters) -> dict[str, Any]:
    """Delete a custom image; its snapshots stay."""
    account.images.delete(p.required("RegionId"), p.required("ImageId"), force=p.boolean("Force"))
    return {}


@action(
    ECS,
    "ModifyImageAttribute",
    accepts="ImageId ImageName ImageFamily Description BootMode Status Features.ImdsSupport",
    requires="RegionId ImageId",
)
def modify(account: Account, p: Parameters) -> dict[str, Any]:
    """Change what is known about a custom image."""
    p.choice("BootMode", _BOOT_MODES)
    p.choice("Status", ("Available", "Deprecated"))
    p.choice("Features.ImdsSupport", ("v1", "v2"))
    names = {
        "ImageName": "name",
        "ImageFamily": "family",
        "Description": "description",
        "BootMode": "boot_mode",
        "Status": "status",
        "Features.ImdsSupport": "imds_support",
    }
    changes = {attribute: p.flat[name] for name, attribute in names.items() if name in p.flat}
    account.images.modify(p.required("RegionId"), p.required("ImageId"), changes)
    return {}


@action(ECS, "ModifyImageSharePermission", accepts="ImageId AddAccount.N RemoveAccount.N", requires="RegionId ImageId")
def share(account: Account, p: Parameters) -> dict[str, Any]:
    """Share an image with accounts, and end that."""
    region, identity = p.required("RegionId"), p.required("ImageId")
    account.images.share(region, identity, p.listed("AddAccount"), p.listed("RemoveAccount"))
    return {}


@action(
    ECS,
    "DescribeImageSharePermission",
    accepts=f"ImageId {PAGES}",
    requires="RegionId ImageId",
    mutates=False,
)
def describe_share(account: Account, p: Parameters) -> dict[str, Any]:
    """Whom an image is shared with."""
    image = account.images.get(p.required("RegionId"), p.required("ImageId"))
    size = min(max(p.integer("PageSize", 10), 1), 100)
    number = max(p.integer("PageNumber", 1), 1)
    shown = image.shared_with[(number - 1) * size : number * size]
    return {
        "ImageId": image.id,
        "RegionId": image.region,
        "TotalCount": len(image.shared_with),
        "PageNumber": number,
        "PageSize": size,
        "Accounts": {"Account": [{"AliyunId": account_id} for account_id in shown]},
        "ShareGroups": {"ShareGroup": []},
    }
