"""Deleting what a run has made, by kind. Each deletion is idempotent: what does not exist counts as deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from imagesmith.errors import AccessDenied, CloudError, Conflict, ImagesmithError, NotFound
from imagesmith.interfaces import Resource
from imagesmith.waiting import Patience, Pending
from imagesmith_alicloud import address, image, machine
from imagesmith_alicloud.context import Context
from imagesmith_alicloud.sdk import ecs, vpc

_GONE_SOON = Patience(timeout_s=120.0, first_s=0.3, growth=1.4, longest_s=3.0)


def destroy(context: Context, resource: Resource) -> None:
    """Delete and see it gone. Raises `Conflict` while something still uses it."""
    delete = _DELETERS.get(resource.kind)
    if delete is None:
        raise ImagesmithError(f"a {resource.kind} can't be deleted here", hint="it comes from a newer imagesmith")
    try:
        delete(context.at(resource.scope.get("region", "")), resource.id)
    except NotFound as error:
        if error.code.startswith("InvalidRegionId"):
            raise
        context.run.say(f"{resource.kind} {resource.id} is gone already ({error.code})", "debug")


def delete_instance(context: Context, identity: str) -> None:
    """Release the instance, running or not, and see it gone: it is billed. Its EIP is unbound by this."""
    context.cloud.write(ecs.DeleteInstanceRequest(instance_id=identity, force=True))

    def probe() -> bool | Pending:
        found = machine.describe(context, identity)
        return True if found is None else Pending(str(found.get("Status", "being released")))

    context.run.wait_until(f"release of instance {identity}", probe, _GONE_SOON)


def delete_eip(context: Context, identity: str) -> None:
    """Release the EIP and see it gone: it is billed. One that is still bound is unbound, and is free at a later try."""
    try:
        context.cloud.write(vpc.ReleaseEipAddressRequest(allocation_id=identity))
    except Conflict:
        _unbind(context, identity)
        raise

    def probe() -> bool | Pending:
        found = address.describe(context, identity)
        return True if found is None else Pending(str(found.get("Status", "being released")))

    context.run.wait_until(f"release of EIP {identity}", probe, _GONE_SOON)


def _unbind(context: Context, identity: str) -> None:
    found = address.describe(context, identity)
    if found is None or found.get("Status") != "InUse" or not found.get("InstanceId"):
        return
    request = vpc.UnassociateEipAddressRequest(allocation_id=identity, instance_id=found["InstanceId"])
    try:
        context.cloud.write(request)
    except AccessDenied:
        raise
    except CloudError as error:
        context.run.say(f"EIP {identity} can't be unbound yet: {error}", "debug")


def delete_key_pair(context: Context, identity: str) -> None:
    """Delete the key pair; a missing one is no error of the API."""
    context.cloud.write(ecs.DeleteKeyPairsRequest(key_pair_names=json.dumps([identity])))


def delete_security_group(context: Context, identity: str) -> None:
    """Delete the security group."""
    context.cloud.write(ecs.DeleteSecurityGroupRequest(security_group_id=identity))


def delete_vswitch(context: Context, identity: str) -> None:
    """Delete the vSwitch."""
    context.cloud.write(vpc.DeleteVSwitchRequest(v_switch_id=identity))


def delete_vpc(context: Context, identity: str) -> None:
    """Delete the VPC."""
    context.cloud.write(vpc.DeleteVpcRequest(vpc_id=identity))


def delete_disk(context: Context, identity: str) -> None:
    """Delete a data disk."""
    context.cloud.write(ecs.DeleteDiskRequest(disk_id=identity))


def delete_image(context: Context, identity: str) -> None:
    """Delete the image and then its snapshots, which the API leaves behind."""
    found = image.describe(context, identity)
    if found is not None:
        image.delete(context, found, with_snapshots=True)


_DELETERS: Mapping[str, Callable[[Context, str], None]] = {
    "key-pair": delete_key_pair,
    "vpc": delete_vpc,
    "vswitch": delete_vswitch,
    "security-group": delete_security_group,
    "eip": delete_eip,
    "instance": delete_instance,
    "disk": delete_disk,
    "snapshot": image.delete_snapshot,
    "image": delete_image,
}
