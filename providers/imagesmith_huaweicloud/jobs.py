"""Waiting for the asynchronous jobs of ECS, IMS and EVS, and telling why one has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from imagesmith.errors import ImagesmithError, OutOfStock, QuotaExceeded, WaitFailed, WaitTimeout
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.error_codes import told
from imagesmith_huaweicloud.sdk import Answer, ecs, evs, ims

Service = Literal["ecs", "ims", "evs"]
_MODELS = {"ecs": ecs, "ims": ims, "evs": evs}


def show(context: Context, service: Service, job_id: str) -> Answer:
    """The job as its service tells it (ShowJob)."""
    return context.cloud.read(_MODELS[service].ShowJobRequest(job_id=job_id))


def wait(
    context: Context, service: Service, job_id: str, what: str, patience: Patience, *, hint: str = ""
) -> Mapping[str, Any]:
    """The entities of the job once it has succeeded.

    Raises `OutOfStock` and `QuotaExceeded` where the job says so, `WaitFailed` with its reason for any other failure,
    and `WaitTimeout`; ``hint`` says which option sets the time.
    """

    def probe() -> Mapping[str, Any] | Pending:
        answer = show(context, service, job_id)
        status = str(answer.get("status", ""))
        entities: Mapping[str, Any] = answer.get("entities") or {}
        if status == "SUCCESS":
            return entities
        if status == "FAIL":
            raise failure(answer, what)
        return Pending(status or "INIT", percent_of(answer))

    try:
        return context.run.wait_until(what, probe, patience)
    except WaitTimeout as error:
        raise WaitTimeout(error.message, hint=hint) from None


def percent_of(answer: Mapping[str, Any]) -> float | None:
    """How far a job is; jobs of IMS tell it."""
    percent = (answer.get("entities") or {}).get("process_percent")
    return float(percent) if percent else None


def failure(answer: Mapping[str, Any], what: str) -> ImagesmithError:
    """Why a job has failed: its own reason, or that of the sub-job that failed."""
    code, reason = next(_reasons(answer), ("", "the job does not say why"))
    error = told("", code, reason, status=None)
    text = f"{what} has failed: {reason.rstrip('.')}" + (f" [{code}]" if code else "")
    if isinstance(error, OutOfStock | QuotaExceeded):
        return type(error)(text, code=code, hint=error.hint)
    return WaitFailed(text, hint=error.hint)


def _reasons(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and reason of every failure in a job, the innermost first: the outer one often says only that it failed."""
    entities = answer.get("entities") or {}
    for name in ("sub_jobs", "sub_jobs_result"):
        for part in entities.get(name) or ():
            yield from _reasons(part)
    reason = entities.get("errorcode_message") or entities.get("error") or answer.get("fail_reason")
    code = answer.get("error_code") or entities.get("error_code") or ""
    if reason or code:
        yield str(code), str(reason or code)
