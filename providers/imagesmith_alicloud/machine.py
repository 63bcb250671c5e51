"""The temporary instance: launched in one call, kept alive by a lease, stopped."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

from imagesmith.cloud_calls.watch import Watch
from imagesmith.errors import Conflict, NotFound, OutOfStock, WaitFailed, WaitTimeout
from imagesmith.interfaces import Login, Machine, Network, SourceImage
from imagesmith.passwords import fill_password
from imagesmith.waiting import Patience, Pending
from imagesmith_alicloud.context import Context, as_tags, items, utc
from imagesmith_alicloud.network import in_another_zone, io_optimized
from imagesmith_alicloud.sdk import ecs

_STOPPED_LOOKS = 25
_LOST = "it may have been released by hand or by its auto-release time"


def launch(context: Context, source: SourceImage, login: Login, network: Network) -> Machine:
    """Run the instance, in another zone where the first has none left; returns as soon as it is owned."""
    name = context.options.instance_name or context.name
    tried = [network.zone]
    while True:
        try:
            made = _run(context, source, login, network, name)
        except OutOfStock as error:
            other = in_another_zone(context, network, tried)
            if other is None:
                raise
            context.run.say(f"{network.zone} has none left ({error.code}), trying {other.zone}", "warning")
            network = other
            tried.append(network.zone)
        else:
            return Machine(made, name, network.zone)


def describe(context: Context, instance_id: str) -> Mapping[str, Any] | None:
    """The instance as the cloud sees it; None when there is none."""
    answer = context.cloud.read(ecs.DescribeInstancesRequest(instance_ids=f'["{instance_id}"]'))
    return next(iter(items(answer, "Instances", "Instance")), None)


def wait_running(context: Context, machine: Machine) -> Mapping[str, Any]:
    """The instance once it runs. Raises `WaitFailed` when it is gone or has stopped, and `WaitTimeout`."""
    watch = Watch(f"instance {machine.id}")
    before = ""
    stopped = 0

    def probe() -> Mapping[str, Any] | Pending:
        nonlocal before, stopped
        found = watch.see(describe(context, machine.id))
        if isinstance(found, Pending) or found.get("Status") == "Running":
            return found
        status = str(found.get("Status"))
        # A new instance may be listed as Stopped until it is started, but not for long.
        stopped = stopped + 1 if status == "Stopped" else 0
        if status == "Stopping" or (stopped and before == "Starting") or stopped > _STOPPED_LOOKS:
            raise WaitFailed(f"instance {machine.id} is {status} instead of running")
        before = status
        return Pending(status)

    return context.run.wait_until(watch.what, probe, _pace(context.options.instance_ready_timeout, expected_s=4.5))


def _pace(timeout_s: float, *, expected_s: float) -> Patience:
    """Hardly an instance starts or stops sooner; from then on it is looked at often enough to lose little time."""
    return Patience(timeout_s, soon_s=0.6, first_s=0.38, growth=1.03, longest_s=3.0, expected_s=expected_s)


def renew(context: Context, machine: Machine) -> None:
    """Push the auto-release time back by the lease."""
    context.cloud.write(
        ecs.ModifyInstanceAutoReleaseTimeRequest(instance_id=machine.id, auto_release_time=_release_time(context))
    )


def console(context: Context, machine: Machine) -> str:
    """The guest's console text so far."""
    answer = context.cloud.read(ecs.GetInstanceConsoleOutputRequest(instance_id=machine.id))
    text = str(answer.get("ConsoleOutput") or "")
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:
        return text


def stop(context: Context, machine: Machine) -> None:
    """Stop the instance, or wait until it stops by itself (``disable_stop_instance``)."""
    options = context.options
    if not options.disable_stop_instance:
        _ask_to_stop(context, machine)

    def probe() -> bool | Pending:
        found = describe(context, machine.id)
        if found is None:
            raise WaitFailed(f"instance {machine.id} is gone", hint=_LOST)
        return True if found.get("Status") == "Stopped" else Pending(str(found.get("Status")))

    try:
        context.run.wait_until(f"instance {machine.id} (stop)", probe, _pace(options.stop_timeout, expected_s=3.0))
    except WaitTimeout as error:
        if options.disable_stop_instance:
            hint = "disable_stop_instance is set: a provisioner has to shut the guest down"
        else:
            hint = "force_stop_instance stops a guest that does not listen"
        raise WaitTimeout(error.message, hint=hint) from None


def _ask_to_stop(context: Context, machine: Machine) -> None:
    request = ecs.StopInstanceRequest(
        instance_id=machine.id,
        force_stop=context.options.force_stop_instance or None,
        stopped_mode="KeepCharging",
    )
    try:
        context.cloud.write(request)
    except Conflict as error:
        # A second try after a lost answer, or a guest that shut itself down: whether it stops is seen by waiting.
        context.run.say(f"instance {machine.id} stops already ({error.code})", "debug")
    except NotFound as error:
        raise WaitFailed(f"instance {machine.id} is gone ({error.code})", hint=_LOST) from None


def _run(context: Context, source: SourceImage, login: Login, network: Network, name: str) -> str:
    request = _request(context, source, login, network, name)

    def make(token: str) -> str:
        request.client_token = token
        request.tag = as_tags(ecs.RunInstancesRequestTag, dict(context.options.run_tags) | context.marks(token))
        answer = context.cloud.write(request)
        return str(items(answer, "InstanceIdSets", "InstanceIdSet")[0])

    return context.own("instance", make, name)


def _request(context: Context, source: SourceImage, login: Login, network: Network, name: str) -> Any:
    """Built once for all tries: a client token is refused when anything else differs, the auto-release time too."""
    options = context.options
    own_bandwidth = options.internet_max_bandwidth_out if not options.wants_eip else 0
    return ecs.RunInstancesRequest(
        image_id=source.id,
        instance_type=options.instance_type,
        instance_name=name,
        v_switch_id=network.subnet_id,
        security_group_id=network.security_group_id,
        zone_id=network.zone or None,
        key_pair_name=login.key_name or None,
        password=login.password or options.instance_password or None,
        user_data=user_data(context, login) or None,
        ram_role_name=options.ecs_ram_role_name or None,
        security_enhancement_strategy=options.security_enhancement_strategy or None,
        io_optimized=io_optimized(context),
        internet_max_bandwidth_out=own_bandwidth if own_bandwidth > 0 else None,
        internet_charge_type=options.internet_charge_type or None if own_bandwidth > 0 else None,
        resource_group_id=options.resource_group_id or None,
        auto_release_time=_release_time(context),
        system_disk=_system_disk(context),
        data_disk=_data_disks(context) or None,
        amount=1,
    )


def user_data(context: Context, login: Login) -> str:
    """The user data in base64, with the password where they ask for it; "" where there are none."""
    password = login.password or context.options.instance_password
    return base64.b64encode(fill_password(context.options.raw_user_data(), password)).decode()


def _release_time(context: Context) -> str:
    return utc(time.time() + context.options.release_after)


def _system_disk(context: Context) -> Any:
    disk = context.options.system_disk_mapping
    if disk is None:
        return None
    return ecs.RunInstancesRequestSystemDisk(
        disk_name=disk.disk_name or None,
        category=disk.disk_category or None,
        size=str(disk.disk_size) if disk.disk_size > 0 else None,
        description=disk.disk_description or None,
        encrypted=_written(disk.disk_encrypted),
    )


def _data_disks(context: Context) -> list[Any]:
    kept = [disk for disk in context.options.image_disk_mappings if disk.disk_delete_with_instance is False]
    if kept:
        text = f"{len(kept)} data disk(s) stay after the build, billed, because disk_delete_with_instance is false"
        context.run.say(text, "warning")
    return [
        ecs.RunInstancesRequestDataDisk(
            disk_name=disk.disk_name or None,
            category=disk.disk_category or None,
            size=disk.disk_size if disk.disk_size > 0 else None,
            snapshot_id=disk.disk_snapshot_id or None,
            description=disk.disk_description or None,
            device=disk.disk_device or None,
            delete_with_instance=disk.disk_delete_with_instance is not False,
            encrypted=_written(disk.disk_encrypted),
        )
        for disk in context.options.image_disk_mappings
    ]


def _written(value: bool | None) -> str | None:
    """A boolean in a field that the API types as a string."""
    return None if value is None else str(value).lower()
