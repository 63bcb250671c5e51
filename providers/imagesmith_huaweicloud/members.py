"""Sharing the images with other projects, and accepting them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from imagesmith.interfaces import Image
from imagesmith.waiting import Patience
from imagesmith_huaweicloud import jobs
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import Cloud, ims

_SOON = Patience(timeout_s=300.0, first_s=0.3, growth=1.4, longest_s=5.0)


def share(context: Context, image: Image) -> None:
    """Share every image of the build with ``image_members``, and accept them there where the template says so."""
    members = list(dict.fromkeys(context.options.image_members))
    if not members:
        return
    images = [image.id, *image.more_ids]
    body = ims.BatchAddMembersRequestBody(images=images, projects=members)
    job = str(context.cloud.write_once(ims.BatchAddMembersRequest(body=body))["job_id"])
    jobs.wait(context, "ims", job, f"sharing with {', '.join(members)}", _SOON)
    if context.options.image_auto_accept_members:
        for member in members:
            _accept(context, images, member)


def _accept(context: Context, images: Sequence[str], member: str) -> None:
    """Accept in the name of the project: the call is signed for it, which the account must be allowed to."""
    access = dataclasses.replace(context.access, project_id=member)
    there = dataclasses.replace(context, access=access, cloud=Cloud(access, context.run))
    body = ims.BatchUpdateMembersRequestBody(images=list(images), project_id=member, status="accepted")
    job = str(there.cloud.write(ims.BatchUpdateMembersRequest(body=body))["job_id"])
    jobs.wait(there, "ims", job, f"acceptance by {member}", _SOON)
