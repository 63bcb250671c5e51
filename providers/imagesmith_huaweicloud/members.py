"""Sharing the images with other projects, and accepting them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from imagesmith.errors import AnswerLost, WaitTimeout
from imagesmith.interfaces import Image
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import jobs
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import Cloud, ims

_SOON = Patience(timeout_s=300.0, first_s=0.3, growth=1.4, longest_s=5.0)
_LISTED_SOON = Patience(timeout_s=4.0, first_s=0.4, growth=1.5, longest_s=2.0)
_ATTEMPTS = 4


def share(context: Context, image: Image) -> None:
    """Share every image of the build with ``image_members``, and accept them there where the template says so."""
    members = list(dict.fromkeys(context.options.image_members))
    if not members:
        return
    images = [image.id, *image.more_ids]
    _add(context, images, members)
    if context.options.image_auto_accept_members:
        for member in members:
            _accept(context, images, member)


def _add(context: Context, images: Sequence[str], members: Sequence[str], attempts: int = _ATTEMPTS) -> None:
    """Share them and see it done. Sharing twice is refused, so after a lost answer only what is missing is shared."""
    body = ims.BatchAddMembersRequestBody(images=list(images), projects=list(members))
    try:
        job = str(context.cloud.write_once(ims.BatchAddMembersRequest(body=body))["job_id"])
    except AnswerLost:
        if attempts == 1:
            raise
        for identity, rest in _missing(context, images, members).items():
            _add(context, [identity], rest, attempts - 1)
        return
    jobs.wait(context, "ims", job, f"sharing with {', '.join(members)}", _SOON)


def _missing(context: Context, images: Sequence[str], members: Sequence[str]) -> Mapping[str, list[str]]:
    """The images that are not shared with all, each with the projects that it lacks.

    What a call without an answer has begun is given a moment.
    """
    found: dict[str, list[str]] = {}

    def look() -> bool | Pending:
        found.clear()
        for identity in images:
            answer = context.cloud.read(ims.ListImageMembersRequest(image_id=identity))
            shared = {str(entry["member_id"]) for entry in answer.get("members") or ()}
            if rest := [member for member in members if member not in shared]:
                found[identity] = rest
        return Pending("not shared yet") if found else True

    try:
        context.run.wait_until(f"sharing with {', '.join(members)}", look, _LISTED_SOON)
    except WaitTimeout:
        context.run.say(f"not shared: {', '.join(found)}", "debug")
    return dict(found)


def _accept(context: Context, images: Sequence[str], member: str) -> None:
    """Accept in the name of the project: the call is signed for it, which the account must be allowed to."""
    access = dataclasses.replace(context.access, project_id=member)
    there = dataclasses.replace(context, access=access, cloud=Cloud(access, context.run))
    body = ims.BatchUpdateMembersRequestBody(images=list(images), project_id=member, status="accepted")
    job = str(there.cloud.write(ims.BatchUpdateMembersRequest(body=body))["job_id"])
    jobs.wait(there, "ims", job, f"acceptance by {member}", _SOON)
