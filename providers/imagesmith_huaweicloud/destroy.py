"""Deleting what a run has made, by kind. Each deletion is idempotent: what does not exist counts as deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from imagesmith.errors import CloudError, Conflict, ImagesmithError, NotFound, WaitFailed
from imagesmith.interfaces import Resource
from imagesmith.waiting import Patience
from imagesmith_huaweicloud import address, disks, image_jobs, jobs
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import ecs, eip, evs, vpc

_GONE_SOON = Patience(timeout_s=300.0, soon_s=0.2, first_s=0.3, growth=1.12, longest_s=3.0)


def destroy(context: Context, resource: Resource) -> None:
    """Delete and see it gone. Raises `Conflict` while something still uses it."""
    delete = _DELETERS.get(resource.kind)
    if delete is None:
        raise ImagesmithError(f"a {resource.kind} can't be deleted here", hint="it comes from a newer imagesmith")
    try:
        delete(context.at(resource.scope.get("region", "")), resource)
    except NotFound as error:
        if error.code.startswith("APIGW"):
            raise  # the address is wrong, which says nothing of the resource
        context.run.say(f"{resource.kind} {resource.id} is gone already ({error.code})", "debug")


def delete_instance(context: Context, resource: Resource) -> None:
    """Delete the instance, running or not, with the disks that were made to go with it, and see it gone.

    Disks that stay are taken off first. Where that fails none is deleted with the instance: one that should have gone
    is deleted by itself afterwards, one that should not is never in danger. Those are owned from then on, because
    nothing else tells of them once the instance is gone.
    """
    goes, stays = _disks_of(context, resource.id)
    is_safe = _detach_all(context, resource.id, stays)
    if not is_safe:
        for volume_id in goes:
            context.own("volume", partial(_already_made, volume_id), server=resource.id)
    _delete_server(context, resource.id, with_disks=bool(goes) and is_safe)


def _already_made(identity: str, _token: str) -> str:
    return identity


def delete_failed_instance(context: Context, server_id: str) -> None:
    """Delete an instance that could not be made: all that it has was made with it a moment ago."""
    try:
        _delete_server(context, server_id, with_disks=True)
    except NotFound as error:
        context.run.say(f"instance {server_id} is gone already ({error.code})", "debug")


def _disks_of(context: Context, server_id: str) -> tuple[list[str], list[str]]:
    """The data disks that go with the instance and those that stay: the user's, and those to be kept."""
    found = context.cloud.read(ecs.ShowServerRequest(server_id=server_id))["server"]
    users = {disk.volume_id for disk in context.options.data_disks}
    goes: list[str] = []
    stays: list[str] = []
    for entry in found.get("os-extended-volumes:volumes_attached") or ():
        if str(entry.get("bootIndex")) == "0":
            continue
        is_ours = str(entry.get("delete_on_termination")).lower() == "true" and entry["id"] not in users
        (goes if is_ours else stays).append(str(entry["id"]))
    return goes, stays


def _detach_all(context: Context, server_id: str, volumes: list[str]) -> bool:
    for volume_id in volumes:
        try:
            disks.detach(context, server_id, volume_id)
        except (CloudError, WaitFailed) as error:
            context.run.say(f"volume {volume_id} can't be taken off {server_id}: {error}", "warning")
            return False
    return True


def _delete_server(context: Context, server_id: str, *, with_disks: bool) -> None:
    body = ecs.DeleteServersRequestBody(
        servers=[ecs.ServerId(id=server_id)], delete_publicip=False, delete_volume=with_disks
    )
    job = str(context.cloud.write(ecs.DeleteServersRequest(body=body))["job_id"])
    jobs.wait(context, "ecs", job, f"deletion of instance {server_id}", _GONE_SOON)


def delete_attachment(context: Context, resource: Resource) -> None:
    """Take a volume of the user's off the instance."""
    server_id, _, volume_id = resource.id.partition("/")
    disks.detach(context, server_id, volume_id)


def delete_volume(context: Context, resource: Resource) -> None:
    """Delete a data disk; one that is attached is taken off first."""
    volume_id = resource.id
    try:
        for entry in disks.show(context, volume_id).get("attachments") or ():
            disks.detach(context, str(entry["server_id"]), volume_id)
        job = str(context.cloud.write(evs.DeleteVolumeRequest(volume_id=volume_id))["job_id"])
    except NotFound:
        return
    jobs.wait(context, "evs", job, f"deletion of volume {volume_id}", _GONE_SOON)


def delete_binding(context: Context, resource: Resource) -> None:
    """Take an EIP of the user's off the instance, unless it is bound to something else by now."""
    eip_id, _, port_id = resource.id.partition("/")
    if address.show(context, eip_id).get("port_id") == port_id:
        address.unbind(context, eip_id)


def delete_eip(context: Context, resource: Resource) -> None:
    """Release the EIP. One that is still bound is unbound, and is free at a later try."""
    try:
        context.cloud.write(eip.DeletePublicipRequest(publicip_id=resource.id))
    except Conflict:
        if address.show(context, resource.id).get("port_id"):
            address.unbind(context, resource.id)
        raise


def delete_key_pair(context: Context, resource: Resource) -> None:
    """Delete the key pair."""
    context.cloud.write(ecs.NovaDeleteKeypairRequest(keypair_name=resource.id))


def delete_security_group(context: Context, resource: Resource) -> None:
    """Delete the security group."""
    context.cloud.write(vpc.DeleteSecurityGroupRequest(security_group_id=resource.id))


def delete_subnet(context: Context, resource: Resource) -> None:
    """Delete the subnet."""
    context.cloud.write(vpc.DeleteSubnetRequest(vpc_id=resource.scope.get("vpc", ""), subnet_id=resource.id))


def delete_vpc(context: Context, resource: Resource) -> None:
    """Delete the VPC."""
    context.cloud.write(vpc.DeleteVpcRequest(vpc_id=resource.id))


def delete_image(context: Context, resource: Resource) -> None:
    """Delete the image, and with one of a whole instance its backup."""
    image_jobs.delete(context, resource.id)


def delete_image_job(context: Context, resource: Resource) -> None:
    """Wait for the job's image and delete it."""
    image_jobs.undo(context, resource.id)


_DELETERS: Mapping[str, Callable[[Context, Resource], Any]] = {
    "instance": delete_instance,
    "attachment": delete_attachment,
    "volume": delete_volume,
    "binding": delete_binding,
    "eip": delete_eip,
    "key-pair": delete_key_pair,
    "security-group": delete_security_group,
    "subnet": delete_subnet,
    "vpc": delete_vpc,
    "image": delete_image,
    image_jobs.KIND: delete_image_job,
}
