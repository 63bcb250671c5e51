"""Images (IMS v2 and v1, Glance v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.codes import refusal
from imagesmith_simulator.huaweicloud.handlers.image_views import image_view, matches
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import number, tags_of
from imagesmith_simulator.huaweicloud.resources import Image
from imagesmith_simulator.huaweicloud.routes import Call, operation
from imagesmith_simulator.refusals import ApiError

_USUAL_PAGE = 500
_SORTED_BY = ("id", "name", "status", "size", "created_at", "updated_at", "container_format", "disk_format")
_CHANGEABLE = {"/name": "name", "/__description": "description", "/min_disk": "min_disk", "/min_ram": "min_ram",
               "/max_ram": "max_ram"}  # fmt: skip
_COMMON = "name description enterprise_project_id image_tags[].key image_tags[].value min_ram max_ram"


@operation(
    "ims",
    "ListImages",
    "GET /v2/cloudimages",
    query="__imagetype __isregistered __os_bit __os_type __platform __support_kvm container_format disk_format "
    "enterprise_project_id id limit marker member_status min_disk min_ram name owner protected sort_dir sort_key "
    "status tag virtual_env_type visibility flavor_id created_at updated_at architecture",
)
def list_all(account: Account, call: Call) -> Any:
    """The images that the caller's project can use, the newest first unless the query says otherwise."""
    found = select(account, call)
    images = page(found, call.query, usual=_USUAL_PAGE)
    answer: dict[str, Any] = {"images": [image_view(item, call.project_id, account.store.clock) for item in images]}
    if images and images[-1] is not found[-1]:
        answer["page_info"] = {"next_marker": images[-1].id}
    return answer


def select(account: Account, call: Call) -> list[Image]:
    """All images that a query means, in its order."""
    store, query = account.store, call.query
    key, direction = query.get("sort_key", "created_at"), query.get("sort_dir", "desc")
    if key not in _SORTED_BY or direction not in ("asc", "desc"):
        raise ApiError("IMG.0001", 400, f"Images can't be sorted by {key} {direction}.")
    if query.get("__imagetype", "gold") not in ("gold", "private", "shared", "market"):
        raise refusal("IMG.0024")
    found = [
        image
        for image in store.images.values()
        if account.images.sees(image, call.project_id)
        and image.visible_at <= store.clock.now()
        and matches(image, query, call.project_id, store.world, store.clock)
    ]
    if key in ("created_at", "updated_at"):
        return sorted(found, key=lambda image: (image.created, image.id), reverse=direction == "desc")
    order = {image.id: str(image_view(image, call.project_id, store.clock)[key]) for image in found}
    return sorted(found, key=lambda image: (order[image.id], image.id), reverse=direction == "desc")


@operation("ims", "GlanceShowImage", "GET /v2/images/{image_id}")
def show(account: Account, call: Call) -> Any:
    """One image."""
    image = account.images.get(call.path["image_id"], call.project_id, "IMG.0144")
    return image_view(image, call.project_id, account.store.clock)


@operation(
    "ims",
    "CreateImage",
    "POST /v2/cloudimages/action",
    fields=f"{_COMMON} instance_id data_images[].name data_images[].volume_id data_images[].description "
    "data_images[].tags[]",
)
def create(account: Account, call: Call) -> Any:
    """Begin an image of a server's system disk, or of disks; files can't be imported."""
    body = call.body
    if body.get("instance_id"):
        return {"job_id": account.images.create_system(_new(account, call, body), body["instance_id"]).id}
    if not body.get("data_images"):
        raise refusal("IMG.0021", "Neither instance_id nor data_images is given.")
    wanted = []
    for entry in body["data_images"]:
        image = _new(account, call, {**body, **{name: entry.get(name, "") for name in ("name", "description")}})
        wanted.append((image, str(entry.get("volume_id", ""))))
    return {"job_id": account.images.create_data(wanted).id}


@operation(
    "ims",
    "CreateWholeImage",
    "POST /v1/cloudimages/wholeimages/action",
    fields=f"{_COMMON} instance_id vault_id backup_id whole_image_type",
)
def create_whole(account: Account, call: Call) -> Any:
    """Begin an image of all disks of a server, or of a backup."""
    image = _new(account, call, call.body)
    if backup_id := call.body.get("backup_id"):
        if call.body.get("whole_image_type", "CBR") != "CBR":
            raise refusal("IMG.0021")
        return {"job_id": account.vaults.create_of_backup(image, backup_id).id}
    if not call.body.get("instance_id"):
        raise refusal("IMG.0021", "Neither instance_id nor backup_id is given.")
    return {"job_id": account.vaults.create_whole(image, call.body["instance_id"], call.body.get("vault_id", "")).id}


@operation("ims", "GlanceDeleteImage", "DELETE /v2/images/{image_id}", fields="delete_backup", status=204)
def delete(account: Account, call: Call) -> None:
    """Delete an image, and its backup where the body says so."""
    account.images.delete(call.path["image_id"], call.project_id, delete_backup=call.body.get("delete_backup") is True)


@operation("ims", "UpdateImage", "PATCH /v2/cloudimages/{image_id}", fields="[].op [].path [].value")
def update(account: Account, call: Call) -> Any:
    """Change what a list of JSON patches says."""
    image = account.images.own(call.path["image_id"], call.project_id)
    if not call.items:
        raise ApiError("IMG.0007", 400, "The request body is empty.")
    changes: dict[str, object] = {}
    for patch in call.items:
        path = str(patch.get("path", ""))
        if patch.get("op") not in ("replace", "add") or path not in _CHANGEABLE:
            raise ApiError("IMG.0035", 400, f"The simulator can't {patch.get('op')} {path}.")
        name = _CHANGEABLE[path]
        numeric = name.startswith(("min_", "max_"))
        changes[name] = number(patch.get("value"), name, "IMG.0055") if numeric else str(patch.get("value", ""))
    account.images.update(image, changes)
    return image_view(image, call.project_id, account.store.clock)


@operation("ims", "ShowImageQuota", "GET /v1/cloudimages/quota")
def quota(account: Account, call: Call) -> Any:
    """How many images the project has and may have."""
    held = sum(1 for image in account.store.images.values() if image.project_id == call.project_id)
    allowed = account.store.quotas["image"]
    return {"quotas": {"resources": [{"type": "image", "used": held, "quota": allowed, "min": 0, "max": allowed}]}}


def _new(account: Account, call: Call, body: Mapping[str, Any]) -> Image:
    return Image(
        id=account.store.new_id(),
        project_id=call.project_id,
        owner=call.project_id,
        name=str(body.get("name", "")),
        description=str(body.get("description") or ""),
        enterprise_project_id=str(body.get("enterprise_project_id") or "0"),
        tags=tags_of(body.get("image_tags") or ()),
        min_ram=number(body.get("min_ram") or 0, "min_ram", "IMG.0055"),
        max_ram=number(body.get("max_ram") or 0, "max_ram", "IMG.0055"),
    )
