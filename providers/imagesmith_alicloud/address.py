"""The address by which the instance is reached: an EIP by default, the user's EIP, or the private address."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from imagesmith.errors import Conflict, NotFound, WaitFailed
from imagesmith.interfaces import Address, Machine, ReservedAddress
from imagesmith.waiting import Patience, Pending
from imagesmith_alicloud import machine as instances
from imagesmith_alicloud.context import Context, as_tags, items
from imagesmith_alicloud.sdk import vpc

_AT_HAND = Patience(timeout_s=180.0, first_s=0.2, growth=1.5, longest_s=2.0)


def reserve(context: Context) -> ReservedAddress:
    """Allocate the EIP, or check the user's; nothing where the private address is enough."""
    options = context.options
    if not options.wants_eip:
        return ReservedAddress()
    if options.eip_id:
        return _given(context, options.eip_id)
    host = ""

    def make(token: str) -> str:
        nonlocal host
        request = vpc.AllocateEipAddressRequest(
            client_token=token,
            name=context.name,
            bandwidth=str(options.internet_max_bandwidth_out) if options.internet_max_bandwidth_out > 0 else None,
            internet_charge_type=options.internet_charge_type or None,
            resource_group_id=options.resource_group_id or None,
            tag=as_tags(vpc.AllocateEipAddressRequestTag, context.marks(token)),
        )
        answer = context.cloud.write(request)
        host = str(answer.get("EipAddress", ""))
        return str(answer["AllocationId"])

    return ReservedAddress(context.own("eip", make, context.name), host)


def reach(context: Context, machine: Machine, reserved: ReservedAddress) -> Address:
    """Wait until the instance runs, attach the EIP, return where to connect to."""
    running = instances.wait_running(context, machine)
    public = _attach(context, machine, reserved) if reserved.id else ""
    options = context.options
    if options.given_host:
        return Address.parse(options.given_host, "given")
    if options.ssh_private_ip or not public:
        return Address.parse(_private(context, machine, running), "private")
    return Address.parse(public, "eip")


def describe(context: Context, allocation_id: str) -> Mapping[str, Any] | None:
    """The EIP as the cloud sees it; None when there is none."""
    answer = context.cloud.read(vpc.DescribeEipAddressesRequest(allocation_id=allocation_id))
    return next(iter(items(answer, "EipAddresses", "EipAddress")), None)


def _given(context: Context, eip_id: str) -> ReservedAddress:
    found = describe(context, eip_id)
    if found is None:
        raise NotFound(f'there is no EIP "{eip_id}" in {context.cloud.region}', hint="check eip_id")
    if found.get("Status") != "Available":
        user = found.get("InstanceId") or "something"
        raise Conflict(f'the EIP "{eip_id}" is {found.get("Status")}, bound to {user}', hint="give one that is free")
    return ReservedAddress(eip_id, str(found["IpAddress"]))


def _attach(context: Context, machine: Machine, reserved: ReservedAddress) -> str:
    request = vpc.AssociateEipAddressRequest(
        allocation_id=reserved.id,
        instance_id=machine.id,
        instance_type="EcsInstance",
        client_token=uuid.uuid4().hex,
    )
    try:
        context.cloud.write(request, also=("IncorrectInstanceStatus*",))
    except Conflict:
        # A repeated call after a lost answer is refused when the first has done it.
        found = describe(context, reserved.id)
        if found is None or found.get("InstanceId") != machine.id:
            raise

    def probe() -> str | Pending:
        found = describe(context, reserved.id)
        if found is None:
            raise WaitFailed(f"EIP {reserved.id} is gone")
        return str(found["IpAddress"]) if found.get("Status") == "InUse" else Pending(str(found.get("Status")))

    return context.run.wait_until(f"EIP {reserved.id}", probe, _AT_HAND)


def _private(context: Context, machine: Machine, running: Mapping[str, Any]) -> str:
    def of(entry: Mapping[str, Any]) -> str:
        return next(iter(((entry.get("VpcAttributes") or {}).get("PrivateIpAddress") or {}).get("IpAddress") or []), "")

    def probe() -> str | Pending:
        return of(instances.describe(context, machine.id) or {}) or Pending("without a private address")

    return of(running) or context.run.wait_until(f"private address of {machine.id}", probe, _AT_HAND)
