"""Who shares an image, and its tags (IMS v1 and v2)."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.codes import refusal
from imagesmith_simulator.huaweicloud.handlers.reading import tags_of
from imagesmith_simulator.huaweicloud.routes import Call, operation


@operation("ims", "BatchAddMembers", "POST /v1/cloudimages/members", fields="images[] projects[]")
def add(account: Account, call: Call) -> Any:
    """Share images with projects; accounts and organisations are not simulated."""
    job = account.sharing.add(_images(call), call.body.get("projects") or (), call.project_id)
    return {"job_id": job.id}


@operation("ims", "BatchDeleteMembers", "DELETE /v1/cloudimages/members", fields="images[] projects[]")
def remove(account: Account, call: Call) -> Any:
    """Share images no longer."""
    job = account.sharing.remove(_images(call), call.body.get("projects") or (), call.project_id)
    return {"job_id": job.id}


@operation("ims", "BatchUpdateMembers", "PUT /v1/cloudimages/members", fields="images[] project_id status vault_id")
def answer(account: Account, call: Call) -> Any:
    """Accept or reject images as the project that they are shared with."""
    body = call.body
    job = account.sharing.answer(
        _images(call), body.get("project_id", ""), body.get("status", ""), body.get("vault_id", ""), call.project_id
    )
    return {"job_id": job.id}


@operation("ims", "ListImageMembers", "GET /v1/{project_id}/cloudimages/{image_id}/members", query="limit marker")
def list_members(account: Account, call: Call) -> Any:
    """The projects that an image is shared with."""
    image = account.images.get(call.path["image_id"], call.project_id)
    stamp = account.store.clock.stamp(image.created)
    shown = [
        {
            "member_id": member,
            "image_id": image.id,
            "status": status,
            "member_type": "project",
            "schema": "/v2/schemas/member",
            "created_at": stamp,
            "updated_at": stamp,
        }
        for member, status in sorted(image.members.items())
        if call.project_id in (image.project_id, member) and member > call.query.get("marker", "")
    ][: int(call.query.get("limit", "1000"))]
    return {"members": shown, "schema": "/v2/schemas/members", "page_info": {"current_count": len(shown)}}


@operation(
    "ims",
    "BatchAddOrDeleteTags",
    "POST /v2/{project_id}/images/{image_id}/tags/action",
    fields="action tags[].key tags[].value",
    status=204,
)
def change_tags(account: Account, call: Call) -> None:
    """Put tags on an image or take them off."""
    image = account.images.own(call.path["image_id"], call.project_id)
    given = tags_of(call.body.get("tags") or ())
    if call.body.get("action") == "create":
        image.tags.update(given)
    elif call.body.get("action") == "delete":
        for key in given:
            image.tags.pop(key, None)
    else:
        raise refusal("IMG.0031", "The action is create or delete.")
    account.store.changed(image.id)


@operation("ims", "ListImageTags", "GET /v2/{project_id}/images/{image_id}/tags")
def list_tags(account: Account, call: Call) -> Any:
    """An image's tags."""
    image = account.images.get(call.path["image_id"], call.project_id)
    return {"tags": [{"key": key, "value": value} for key, value in sorted(image.tags.items())]}


@operation("ims", "ListImagesTags", "GET /v2/{project_id}/images/tags")
def list_all_tags(account: Account, call: Call) -> Any:
    """The tags of all images of the project, each key with its values."""
    values: dict[str, set[str]] = {}
    for image in account.store.images.values():
        if image.project_id == call.project_id:
            for key, value in image.tags.items():
                values.setdefault(key, set()).add(value)
    return {"tags": [{"key": key, "values": sorted(found)} for key, found in sorted(values.items())]}


def _images(call: Call) -> list[str]:
    images: list[str] = list(call.body.get("images") or ())
    if not images:
        raise refusal("IMG.0027", "No image is named.")
    return images
