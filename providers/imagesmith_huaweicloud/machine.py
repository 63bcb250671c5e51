"""The temporary instance: launched in one call, kept alive by a lease, stopped."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imagesmith.errors import Conflict, NotFound, OutOfStock, WaitFailed, WaitTimeout
from imagesmith.interfaces import Login, Machine, Network, SourceImage
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import destroy, disks, jobs, launch_request
from imagesmith_huaweicloud.context import Context, utc
from imagesmith_huaweicloud.sdk import ecs
from imagesmith_huaweicloud.zones import zones_in_order

_HARD_STOP_S = 120.0
_LOST = "it may have been deleted by hand or by its auto-terminate time"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is found out before anything is made: the zones to try, and the data disks that the template names."""

    zones: Sequence[str]
    disks: disks.Survey


def prepare(context: Context) -> Preparation:
    """Look up zones, flavor and disks. Raises `OutOfStock`, `NotFound` and `Conflict` while nothing is made yet."""
    zones, found = context.run.together(lambda: zones_in_order(context), lambda: disks.survey(context))
    return Preparation(found.only(zones), found)


def launch(
    context: Context, source: SourceImage, login: Login, network: Network, prepared: Preparation | None = None
) -> Machine:
    """Create the instance, in another zone where one turns out to be sold out; it runs when this returns.

    That a zone is sold out is often told only by the job that makes the instance.
    """
    prepared = prepared or prepare(context)
    name = launch_request.instance_name(context)
    reasons: list[str] = []
    code = ""
    for number, zone in enumerate(prepared.zones):
        request = launch_request.build(context, source, login, network, zone, prepared.disks)
        try:
            made = _create(context, request, name)
        except OutOfStock as error:
            code = error.code
            reasons.append(f"{zone} ({error.message})")
            others = prepared.zones[number + 1 :]
            context.run.say(
                f"{zone} is sold out ({error.code}); " + (f"trying {others[0]}" if others else ""), "warning"
            )
            continue
        machine = Machine(made, name, zone)
        disks.attach_rest(context, machine, prepared.disks)
        return machine
    flavor = context.options.flavor
    hint = "take another flavor or region" if len(reasons) > 1 else "take another availability_zone or flavor"
    raise OutOfStock(f'the flavor "{flavor}" is sold out in {"; ".join(reasons)}', code=code, hint=hint)


def _create(context: Context, request: Any, name: str) -> str:
    """One instance, owned as soon as its id is told, and awaited. One that could not be made is deleted at once."""
    job = ""
    tags = list(request.body.server.server_tags or ())

    def make(token: str) -> str:
        nonlocal job
        request.x_client_token = str(uuid.UUID(token))
        marks = [ecs.PostPaidServerTag(key=key, value=value) for key, value in context.marks(token).items()]
        request.body.server.server_tags = [*marks, *tags]
        answer = context.cloud.write(request)
        job = str(answer.get("job_id", ""))
        return str(answer["serverIds"][0])

    made = context.own("instance", make, name)
    try:
        _wait_made(context, made, job)
    except OutOfStock:
        destroy.delete_failed_instance(context, made)
        context.run.gone("instance", made)
        raise
    return made


def _wait_made(context: Context, server_id: str, job: str) -> None:
    """Wait for the job; where its id was lost with the answer, look at the instance itself."""
    what = f"instance {server_id}"
    timeout_s = context.options.instance_ready_timeout
    patience = Patience(timeout_s, soon_s=0.6, first_s=0.3, growth=1.04, longest_s=3.0, expected_s=1.5)
    hint = "instance_ready_timeout sets how long to wait"
    if job:
        jobs.wait(context, "ecs", job, what, patience, hint=hint)
        return

    def probe() -> bool | Pending:
        found = show(context, server_id)
        if found is None:
            raise WaitFailed(f"{what} is gone", hint=_LOST)
        if found.get("status") == "ERROR":
            raise jobs.failure({"fail_reason": (found.get("fault") or {}).get("message")}, what)
        return True if found.get("status") == "ACTIVE" else Pending(str(found.get("status")))

    context.run.wait_until(what, probe, patience)


def show(context: Context, server_id: str) -> Mapping[str, Any] | None:
    """The instance as the cloud sees it; None when there is none."""
    try:
        return dict(context.cloud.read(ecs.ShowServerRequest(server_id=server_id))["server"])
    except NotFound:
        return None


def renew(context: Context, machine: Machine) -> None:
    """Push the auto-terminate time back by the lease."""
    body = ecs.UpdateServerAutoTerminateTimeRequestBody(
        auto_terminate_time=utc(time.time() + context.options.release_after)
    )
    context.cloud.write(ecs.UpdateServerAutoTerminateTimeRequest(server_id=machine.id, body=body))


def console(context: Context, machine: Machine) -> str:
    """The guest's console text so far, its last lines."""
    answer = context.cloud.read(ecs.ShowServerConsoleOutputRequest(server_id=machine.id, length=500))
    return str(answer.get("output") or "")


def stop(context: Context, machine: Machine) -> None:
    """Stop the instance, or wait until it stops by itself (``disable_stop_instance``).

    A guest that does not listen has its power cut after ``stop_timeout``: an image is never taken of what runs.
    """
    options = context.options
    if options.disable_stop_instance:
        try:
            _wait_stopped(context, machine, options.stop_timeout)
        except WaitTimeout as error:
            hint = "disable_stop_instance is set: a provisioner has to shut the guest down"
            raise WaitTimeout(error.message, hint=hint) from None
        return
    _ask_to_stop(context, machine, "SOFT")
    try:
        _wait_stopped(context, machine, options.stop_timeout)
    except WaitTimeout as error:
        context.run.say(f"{error.message}: cutting its power (stop_timeout)", "warning")
        _ask_to_stop(context, machine, "HARD")
        _wait_stopped(context, machine, _HARD_STOP_S)


def _wait_stopped(context: Context, machine: Machine, timeout_s: float) -> None:
    def probe() -> bool | Pending:
        found = show(context, machine.id)
        if found is None:
            raise WaitFailed(f"instance {machine.id} is gone", hint=_LOST)
        status = str(found.get("status"))
        return True if status == "SHUTOFF" else Pending(status)

    patience = Patience(timeout_s, soon_s=0.5, first_s=0.3, growth=1.04, longest_s=3.0)
    context.run.wait_until(f"instance {machine.id} (stop)", probe, patience)


def _ask_to_stop(context: Context, machine: Machine, kind: str) -> None:
    option = ecs.BatchStopServersOption(servers=[ecs.ServerId(id=machine.id)], type=kind)
    request = ecs.BatchStopServersRequest(body=ecs.BatchStopServersRequestBody(os_stop=option))
    try:
        context.cloud.write(request)
    except Conflict as error:
        # A second try after a lost answer, or a guest that shut itself down: whether it stops is seen by waiting.
        context.run.say(f"instance {machine.id} stops already ({error.code})", "debug")
    except NotFound as error:
        raise WaitFailed(f"instance {machine.id} is gone ({error.code})", hint=_LOST) from None
