"""Images shared with other projects, and what those say to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imagesmith_simulator.huaweicloud.codes import failure, refusal
from imagesmith_simulator.huaweicloud.models.images import ImageModel
from imagesmith_simulator.huaweicloud.resources import Image, Job
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.refusals import ApiError

Outcome = tuple[str, str, str]
"""Image, project, and what went wrong: a code or ""."""


class SharingModel:
    """Adds members to images and lets members accept them; both are jobs that may fail for some and not for others."""

    def __init__(self, store: Store, images: ImageModel) -> None:
        self._store = store
        self._images = images

    def add(self, image_ids: Sequence[str], projects: Sequence[str], project_id: str) -> Job:
        """Share the project's own images, each with each of the projects; they are pending there."""
        images = [self._shareable(identity, project_id) for identity in image_ids]
        if not projects:
            raise refusal("IMG.0041")

        def work() -> list[Outcome]:
            return [(image.id, member, _add(image, member)) for image in images for member in projects]

        return self._job("addImageMembers", project_id, images, work)

    def remove(self, image_ids: Sequence[str], projects: Sequence[str], project_id: str) -> Job:
        """Share images no longer."""
        images = [self._images.own(identity, project_id) for identity in image_ids]

        def work() -> list[Outcome]:
            found = [(image, member, image.members.pop(member, None)) for image in images for member in projects]
            return [(image.id, member, "" if status else "IMG.0031") for image, member, status in found]

        return self._job("deleteImageMembers", project_id, images, work)

    def answer(self, image_ids: Sequence[str], member: str, status: str, vault_id: str, project_id: str) -> Job:
        """Accept or reject images that others share with the member; a whole image needs a vault to be accepted."""
        if member != project_id:
            raise refusal("IMG.0031", "The project is not that of the caller.")
        if status not in ("accepted", "rejected"):
            raise refusal("IMG.0031", f"The status {status} is not one of accepted and rejected.")
        images = [self._images.get(identity, member) for identity in image_ids]
        for image in images:
            if member not in image.members:
                raise refusal("IMG.0027", f"The image {image.id} is not shared with {member}.")
            if image.kind == "whole" and status == "accepted" and not vault_id:
                raise refusal("IMG.0170", "A whole image is accepted into a vault.")

        def work() -> list[Outcome]:
            for image in images:
                image.members[member] = status
            return [(image.id, member, "") for image in images]

        return self._job("updateImageMembers", project_id, images, work)

    def _shareable(self, identity: str, project_id: str) -> Image:
        image = self._images.own(identity, project_id)
        if image.status != "active":
            raise refusal("IMG.0046", f"The image is {image.status}.")
        if image.encrypted:
            raise refusal("IMG.0115")
        return image

    def _job(self, kind: str, project_id: str, images: Sequence[Image], work: Callable[[], list[Outcome]]) -> Job:
        store = self._store

        def end(job: Job) -> None:
            outcomes = work()
            job.entities["results"] = [
                {"image_id": image, "project_id": project, "status": "failed" if wrong else "success"}
                for image, project, wrong in outcomes
            ]
            if wrong := next((code for _, _, code in outcomes if code), ""):
                raise ApiError(wrong, 400, failure(wrong)[1])

        doomed = failure("IMG.0014") if store.journal.doomed else None
        job = store.job("ims", kind, project_id, 0.0, end, failure=doomed)
        store.changed(*(image.id for image in images))
        return job


def _add(image: Image, member: str) -> str:
    if not member or member == image.project_id:
        return "IMG.0108"
    if member in image.members:
        return "IMG.0107"
    image.members[member] = "pending"
    return ""
