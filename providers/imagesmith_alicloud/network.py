"""The network of the temporary instance: the user's own, or a temporary VPC with one vSwitch and one open port."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imagesmith.errors import NotFound, OutOfStock, UsageError
from imagesmith.interfaces import Network
from imagesmith.ip_ranges import free_subnet
from imagesmith.waiting import Patience, Pending
from imagesmith_alicloud.context import Context, as_tags, items
from imagesmith_alicloud.sdk import ecs, vpc

_AT_HAND = Patience(timeout_s=180.0, first_s=0.15, growth=1.5, longest_s=2.0)
_FIRST_SUBNET = "172.16.0.0/24"
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a vSwitch goes."""

    vpc_id: str
    zone: str
    cidr: str


def network(context: Context) -> Network:
    """Find or make VPC, vSwitch and security group; what is made is deleted with the run."""
    if context.options.vswitch_id:
        vswitch = _given_vswitch(context)
        group = _security_group(context, vswitch["VpcId"])
        return Network(vswitch["VpcId"], vswitch["VSwitchId"], group, vswitch.get("ZoneId", ""))
    found, zones = context.run.together(lambda: _vpc(context), lambda: zones_with_stock(context))
    place = _Place(found["VpcId"], zones[0], _subnet(context, found))
    subnet, group = context.run.together(
        lambda: _make_vswitch(context, place), lambda: _security_group(context, place.vpc_id)
    )
    return Network(place.vpc_id, subnet, group, place.zone)


def in_another_zone(context: Context, network: Network, tried: Iterable[str]) -> Network | None:
    """The same network with its temporary vSwitch in a zone not yet tried; None when there is no other choice."""
    options = context.options
    if options.vswitch_id or options.zone_id:
        return None
    try:
        zones = [zone for zone in zones_with_stock(context) if zone not in set(tried)]
    except (NotFound, OutOfStock):
        return None
    if not zones:
        return None
    from imagesmith_alicloud.destroy import delete_vswitch

    delete_vswitch(context, network.subnet_id)
    context.run.gone("vswitch", network.subnet_id)
    subnet = _subnet(context, _describe_vpc(context, network.vpc_id))
    made = _make_vswitch(context, _Place(network.vpc_id, zones[0], subnet))
    return Network(network.vpc_id, made, network.security_group_id, zones[0])


def zones_with_stock(context: Context) -> Sequence[str]:
    """The zones that offer the instance type now, those with plenty first; the template's zone is taken as it is."""
    options = context.options
    if options.zone_id:
        return [options.zone_id]
    request = ecs.DescribeAvailableResourceRequest(
        destination_resource="InstanceType",
        instance_type=options.instance_type,
        instance_charge_type="PostPaid",
        network_category="vpc",
        io_optimized=io_optimized(context),
    )
    try:
        answer = context.cloud.read(request)
    except NotFound as error:
        if error.code.startswith("InvalidInstanceType"):
            error.message = f'there is no instance type "{options.instance_type}"'
        raise
    return _in_order(context, items(answer, "AvailableZones", "AvailableZone"))


def io_optimized(context: Context) -> str | None:
    """``io_optimized`` as the API writes it; None leaves it to the cloud."""
    wanted = context.options.io_optimized
    return None if wanted is None else ("optimized" if wanted else "none")


def _in_order(context: Context, zones: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    kind, region = context.options.instance_type, context.cloud.region
    if not zones:
        hint = "check instance_type, or take another region"
        raise NotFound(f'no zone of {region} offers the instance type "{kind}"', hint=hint)
    ranks = {"WithStock": 0, "": 0, "ClosedWithStock": 1}
    open_zones = [zone for zone in zones if zone.get("Status", "Available") == "Available"]
    stocked = [zone for zone in open_zones if str(zone.get("StatusCategory", "")) in ranks]
    if not stocked:
        raise OutOfStock(f'no zone of {region} has a "{kind}" left', hint="take another instance_type or region")
    ordered = sorted(stocked, key=lambda zone: ranks[str(zone.get("StatusCategory", ""))])
    return [str(zone["ZoneId"]) for zone in ordered]


def _given_vswitch(context: Context) -> Mapping[str, Any]:
    options = context.options
    answer = context.cloud.read(vpc.DescribeVSwitchesRequest(v_switch_id=options.vswitch_id))
    found = next(iter(items(answer, "VSwitches", "VSwitch")), None)
    if found is None:
        raise NotFound(f'there is no vSwitch "{options.vswitch_id}" in {context.cloud.region}', hint="check vswitch_id")
    if options.vpc_id and found["VpcId"] != options.vpc_id:
        text = f'the vSwitch "{options.vswitch_id}" is in {found["VpcId"]}, not in vpc_id "{options.vpc_id}"'
        raise UsageError(text, hint="leave vpc_id out: it is found from the vSwitch")
    return found


def _vpc(context: Context) -> Mapping[str, Any]:
    options = context.options
    if options.vpc_id:
        return _describe_vpc(context, options.vpc_id)
    name = options.vpc_name or context.name

    def make(token: str) -> str:
        request = vpc.CreateVpcRequest(
            client_token=token,
            cidr_block=options.vpc_cidr_block or None,
            vpc_name=name,
            resource_group_id=options.resource_group_id or None,
            tag=as_tags(vpc.CreateVpcRequestTag, context.marks(token)),
        )
        return str(context.cloud.write(request)["VpcId"])

    made = context.own("vpc", make, name)

    def probe() -> Mapping[str, Any] | Pending:
        answer = context.cloud.read(vpc.DescribeVpcsRequest(vpc_id=made))
        return _available(next(iter(items(answer, "Vpcs", "Vpc")), None))

    return context.run.wait_until(f"VPC {made}", probe, _AT_HAND)


def _describe_vpc(context: Context, vpc_id: str) -> Mapping[str, Any]:
    answer = context.cloud.read(vpc.DescribeVpcsRequest(vpc_id=vpc_id))
    for entry in items(answer, "Vpcs", "Vpc"):
        return entry
    raise NotFound(f'there is no VPC "{vpc_id}" in {context.cloud.region}', hint="check vpc_id")


def _available(entry: Mapping[str, Any] | None) -> Mapping[str, Any] | Pending:
    if entry is None or entry.get("Status") != "Available":
        return Pending(str(entry.get("Status", "Pending")) if entry else "not listed yet")
    return entry


def _subnet(context: Context, entry: Mapping[str, Any]) -> str:
    """The temporary vSwitch's range: the template's, or in a given VPC the first that is free."""
    options = context.options
    if options.vpc_cidr_block or not options.vpc_id:
        return options.vpc_cidr_block or _FIRST_SUBNET
    answer = context.cloud.read(vpc.DescribeVSwitchesRequest(vpc_id=entry["VpcId"], page_size=50))
    taken = [str(vswitch["CidrBlock"]) for vswitch in items(answer, "VSwitches", "VSwitch")]
    return free_subnet(str(entry["CidrBlock"]), taken)


def _make_vswitch(context: Context, place: _Place) -> str:
    name = context.options.vswitch_name or context.name

    def make(token: str) -> str:
        request = vpc.CreateVSwitchRequest(
            client_token=token,
            cidr_block=place.cidr,
            zone_id=place.zone,
            vpc_id=place.vpc_id,
            v_switch_name=name,
            tag=as_tags(vpc.CreateVSwitchRequestTag, context.marks(token)),
        )
        return str(context.cloud.write(request, also=("IncorrectVpcStatus*",))["VSwitchId"])

    made = context.own("vswitch", make, name)

    def probe() -> Mapping[str, Any] | Pending:
        answer = context.cloud.read(vpc.DescribeVSwitchesRequest(v_switch_id=made))
        return _available(next(iter(items(answer, "VSwitches", "VSwitch")), None))

    context.run.wait_until(f"vSwitch {made}", probe, _AT_HAND)
    return made


def _security_group(context: Context, vpc_id: str) -> str:
    options = context.options
    if options.security_group_id:
        return _given_group(context, vpc_id)
    name = options.security_group_name or context.name

    def make(token: str) -> str:
        request = ecs.CreateSecurityGroupRequest(
            client_token=token,
            security_group_name=name,
            vpc_id=vpc_id,
            resource_group_id=options.resource_group_id or None,
            tag=as_tags(ecs.CreateSecurityGroupRequestTag, context.marks(token)),
        )
        return str(context.cloud.write(request, also=("IncorrectVpcStatus*",))["SecurityGroupId"])

    made = context.own("security-group", make, name)
    if options.open_port is not None:
        _open_port(context, made, options.open_port)
    return made


def _open_port(context: Context, group_id: str, port: int) -> None:
    """One rule for each source: TCP to the communicator's port. What leaves the guest is allowed by default."""
    sources = context.options.temporary_security_group_source_cidrs
    if not sources:
        text = f"the temporary security group opens port {port} to every address; "
        context.run.say(text + "temporary_security_group_source_cidrs narrows it", "warning")
    permissions = [
        ecs.AuthorizeSecurityGroupRequestPermissions(
            ip_protocol="TCP",
            port_range=f"{port}/{port}",
            policy="accept",
            description="imagesmith: the way in",
            **({"ipv_6source_cidr_ip": cidr} if ":" in cidr else {"source_cidr_ip": cidr}),
        )
        for cidr in sources or (_ANYWHERE,)
    ]
    context.cloud.write(
        ecs.AuthorizeSecurityGroupRequest(
            security_group_id=group_id, permissions=permissions, client_token=uuid.uuid4().hex
        )
    )


def _given_group(context: Context, vpc_id: str) -> str:
    wanted = context.options.security_group_id
    answer = context.cloud.read(ecs.DescribeSecurityGroupsRequest(security_group_id=wanted, vpc_id=vpc_id))
    if not any(group.get("SecurityGroupId") == wanted for group in items(answer, "SecurityGroups", "SecurityGroup")):
        raise NotFound(f'there is no security group "{wanted}" in {vpc_id}', hint="check security_group_id and vpc_id")
    return wanted
