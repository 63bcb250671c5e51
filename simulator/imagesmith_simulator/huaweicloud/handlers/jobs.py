"""Jobs: ECS, IMS and EVS have the same path for them, so that one handler serves all three."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.resources import Job
from imagesmith_simulator.huaweicloud.routes import Call, operation
from imagesmith_simulator.refusals import ApiError


@operation("ims", "ShowJobProgress", "GET /v1/cloudimages/job/{job_id}")
@operation("ecs", "ShowJob", "GET /v1/{project_id}/jobs/{job_id}")
def show(account: Account, call: Call) -> Any:
    """A job of any of the three services, as its service shows it."""
    job = account.store.jobs.get(call.path["job_id"])
    if job is None or job.project_id != call.project_id:
        raise ApiError("Common.0011", 400, "jobId is invalid.")
    found = _job(account, job)
    if job.service == "ims":
        found["entities"] = {**_image_entities(account, job), "process_percent": account.store.percent(job)}
    return found


def _image_entities(account: Account, job: Job) -> dict[str, Any]:
    """What an image job tells: which image it is making only when that is over."""
    found = dict(job.entities) if job.ended else {}
    if job.sub_jobs:
        parts = [_job(account, sub) for sub in job.sub_jobs]
        found["sub_jobs_result"] = parts if job.ended else [{**part, "entities": {}} for part in parts]
        found["sub_jobs_list"] = [sub.id for sub in job.sub_jobs]
    return found


def _job(account: Account, job: Job) -> dict[str, Any]:
    store = account.store
    found: dict[str, Any] = {
        "job_id": job.id,
        "job_type": job.kind,
        "status": store.status(job),
        "begin_time": _precise(store.clock.stamp(job.began)),
        "end_time": _precise(store.clock.stamp(job.ended)) if job.ended else "",
        "error_code": job.error_code or None,
        "fail_reason": job.fail_reason or None,
        "entities": dict(job.entities),
    }
    if job.sub_jobs and job.service == "ecs":
        for sub in job.sub_jobs:
            sub.status, sub.ended, sub.takes_s = job.status, job.ended, job.takes_s
        found["entities"] = {
            **job.entities,
            "sub_jobs_total": len(job.sub_jobs),
            "sub_jobs": [_job(account, sub) for sub in job.sub_jobs],
        }
    return found


def _precise(stamp: str) -> str:
    return stamp.replace("Z", ".000Z")
