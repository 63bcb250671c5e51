"""The jobs that make images: begun, found again, waited for, undone.

IMS answers a create with a job only; which image comes of it the job tells later, at the latest when it is over. Until
then the job is what the run owns. Its id is that of the job, or ``image/<id>`` where the answer with the job was lost
and the image was found by its name and the run's tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.errors import Conflict, NotFound, WaitFailed, WaitTimeout
from imagesmith.interfaces import Intent
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import jobs
from imagesmith_huaweicloud.context import RUN_TAG, Context
from imagesmith_huaweicloud.sdk import ims
from imagesmith_huaweicloud.source import list_images

KIND = "image-job"
_FOUND = "image/"
_UNFINISHED = ("queued", "saving")
_FREE_SOON = Patience(timeout_s=300.0, first_s=0.5, growth=1.4, longest_s=5.0)
_OVER_SOON = Patience(timeout_s=600.0, first_s=0.5, growth=1.3, longest_s=5.0)


def begin(context: Context, request: Any, name: str) -> str:
    """Ask for an image; returns the job, which is owned.

    An instance of which another image is just being made is waited for.
    """

    def probe() -> str | Pending:
        try:
            return str(context.cloud.write_once(request)["job_id"])
        except Conflict as error:
            return Pending(f"not ready ({error.code})")

    def make(_token: str) -> str:
        return context.run.wait_until(f"begin of image {name}", probe, _FREE_SOON)

    return context.own(KIND, make, name)


def finish(context: Context, job: str, name: str) -> str:
    """Wait until the image is good and keep it; returns its id."""
    what, hint = f'image "{name}"', "wait_image_ready_timeout sets how long to wait"
    patience = Patience(
        context.options.wait_image_ready_timeout, soon_s=0.5, first_s=0.8, growth=1.3, longest_s=5.0, expected_s=2.0
    )
    if job.startswith(_FOUND):
        made = job.removeprefix(_FOUND)
        try:
            context.run.wait_until(what, lambda: _is_good(context, made), patience)
        except WaitTimeout as error:
            raise WaitTimeout(error.message, hint=hint) from None
    else:
        made = image_of(jobs.wait(context, "ims", job, what, patience, hint=hint))
        if not made:
            raise WaitFailed(f"the job {job} has made {what}, but does not tell its id", hint="see the IMS console")
    context.run.became(KIND, job, "image", made)
    context.run.keep("image", made)
    return made


def image_of(entities: Mapping[str, Any]) -> str:
    """The image that a job makes, "" while it does not tell."""
    if made := entities.get("image_id"):
        return str(made)
    for part in entities.get("sub_jobs_result") or ():
        if made := (part.get("entities") or {}).get("image_id"):
            return str(made)
    return ""


def find(context: Context, intent: Intent) -> str | None:
    """What stands for a job whose answer was lost: the image of its name that carries the run's tag."""
    run_id = intent.scope.get("run", context.run.run_id)
    for image in list_images(context.cloud, name=intent.name, imagetype="private"):
        if {str(image["id"]), _FOUND + str(image["id"])} & intent.besides:
            continue
        tags = context.cloud.read(ims.ListImageTagsRequest(image_id=str(image["id"]))).get("tags") or ()
        if {"key": RUN_TAG, "value": run_id} in [{"key": tag["key"], "value": tag.get("value")} for tag in tags]:
            return _FOUND + str(image["id"])
    return None


def undo(context: Context, job: str) -> None:
    """Wait until the job is over (nothing can end it sooner) and delete what it has made."""
    if job.startswith(_FOUND):
        made = job.removeprefix(_FOUND)
        context.run.wait_until(f"end of image {made}", lambda: _is_over(context, made), _OVER_SOON)
    else:
        answer = context.run.wait_until(f"end of job {job}", lambda: _ended(context, job), _OVER_SOON)
        made = image_of(answer.get("entities") or {})
    if made:
        delete(context, made)


def delete(context: Context, image_id: str) -> None:
    """Delete an image, and with one of a whole instance its backup. One that is gone counts as deleted."""
    body = ims.GlanceDeleteImageRequestBody(delete_backup=True)
    try:
        context.cloud.write(ims.GlanceDeleteImageRequest(image_id=image_id, body=body))
    except NotFound as error:
        context.run.say(f"image {image_id} is gone already ({error.code})", "debug")


def show(context: Context, image_id: str) -> Mapping[str, Any] | None:
    """The image as IMS lists it, in whatever state; None when there is none."""
    return next(iter(list_images(context.cloud, id=image_id)), None)


def _ended(context: Context, job: str) -> Mapping[str, Any] | Pending:
    answer = jobs.show(context, "ims", job)
    status = str(answer.get("status"))
    return answer if status in ("SUCCESS", "FAIL") else Pending(status, jobs.percent_of(answer))


def _is_over(context: Context, image_id: str) -> bool | Pending:
    found = show(context, image_id)
    status = str(found.get("status")) if found else "gone"
    return Pending(status) if status in _UNFINISHED else True


def _is_good(context: Context, image_id: str) -> bool | Pending:
    found = show(context, image_id)
    if found is None:
        raise WaitFailed(f"image {image_id} is gone", hint="somebody has deleted it")
    if found.get("status") == "active":
        return True
    if found.get("status") in _UNFINISHED:
        return Pending(str(found["status"]))
    text = f"image {image_id} has ended as {found.get('status')}"
    raise WaitFailed(text, hint="run the build again; see the IMS console")
