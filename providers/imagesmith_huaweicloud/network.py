"""The network of the temporary instance: the user's own, or a temporary VPC with one subnet and one open port."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith.errors import NotFound, UsageError, WaitFailed
from imagesmith.interfaces import Network
from imagesmith.ip_ranges import free_subnet
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import security_groups
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.private_dns import servers_of
from imagesmith_huaweicloud.sdk import vpc

_AT_HAND = Patience(timeout_s=180.0, first_s=0.15, growth=1.25, longest_s=2.0)
_PAGE = 2000
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Entry = Mapping[str, Any]


def network(context: Context) -> Network:
    """Find or make VPC, subnet and security group; what is made is deleted with the run."""
    (vpc_id, found), groups = context.run.together(
        lambda: _vpc_and_subnets(context), lambda: security_groups.groups(context)
    )
    first, *more = found or [""]
    return Network(
        vpc_id=vpc_id,
        subnet_id=first,
        security_group_id=groups[0] if groups else "",
        more_subnet_ids=tuple(more),
        more_security_group_ids=tuple(groups[1:]),
    )


def is_id(text: str) -> bool:
    """Whether a text is an id and not a name."""
    return bool(_ID.fullmatch(text))


def _vpc_and_subnets(context: Context) -> tuple[str, Sequence[str]]:
    options = context.options
    wanted = options.vpc_id or (_vpc_named(context, options.vpc_name) if options.vpc_name else "")
    if options.subnet_names:
        found = [_subnet(context, text, wanted) for text in options.subnet_names]
        owners = {str(subnet["vpc_id"]) for subnet in found}
        if len(owners) > 1:
            raise UsageError("the subnets are in different VPCs", hint=f"all must be in one of {', '.join(owners)}")
        return owners.pop(), [str(subnet["id"]) for subnet in found]
    if options.ports:
        return wanted or _vpc_of_port(context, options.ports[0]), []
    if wanted:
        whole = context.cloud.read(vpc.ShowVpcRequest(vpc_id=wanted))["vpc"]
        taken = [str(subnet["cidr"]) for subnet in subnets(context, wanted)]
        return wanted, [_make_subnet(context, wanted, free_subnet(str(whole["cidr"]), taken))]
    made = _make_vpc(context)
    return made, [_make_subnet(context, made, free_subnet(options.vpc_cidr_block, []))]


def _vpc_named(context: Context, name: str) -> str:
    found = [entry for entry in vpcs(context) if entry.get("name") == name]
    if len(found) == 1:
        return str(found[0]["id"])
    if found:
        raise UsageError(f'there are {len(found)} VPCs named "{name}"', hint="give vpc_id instead of vpc_name")
    raise NotFound(f'there is no VPC "{name}" in {context.cloud.region}', hint="check vpc_name")


def vpcs(context: Context) -> list[Entry]:
    """The project's VPCs."""
    return list(context.cloud.read(vpc.ListVpcsRequest(limit=_PAGE)).get("vpcs") or ())


def subnets(context: Context, vpc_id: str) -> list[Entry]:
    """The project's subnets, or those of one VPC."""
    return list(context.cloud.read(vpc.ListSubnetsRequest(limit=_PAGE, vpc_id=vpc_id or None)).get("subnets") or ())


def _subnet(context: Context, text: str, vpc_id: str) -> Entry:
    """The subnet with this network id, or this name. Source: the API's subnet id is Neutron's network id."""
    if is_id(text):
        try:
            entry: Entry = context.cloud.read(vpc.ShowSubnetRequest(subnet_id=text))["subnet"]
        except NotFound as error:
            hint = "subnets are named by their network id, which the console shows beside the subnet id"
            raise NotFound(f'there is no subnet "{text}"', code=error.code, hint=hint) from None
        found = [entry]
    else:
        found = [entry for entry in subnets(context, vpc_id) if entry.get("name") == text]
    if not found:
        raise NotFound(f'there is no subnet "{text}" in {context.cloud.region}', hint="check subnets")
    if len(found) > 1:
        raise UsageError(f'there are {len(found)} subnets named "{text}"', hint="give the network id instead")
    if vpc_id and found[0]["vpc_id"] != vpc_id:
        text = f'the subnet "{text}" is in {found[0]["vpc_id"]}, not in the VPC "{vpc_id}"'
        raise UsageError(text, hint="leave vpc_id out: it is found from the subnet")
    return found[0]


def _vpc_of_port(context: Context, port_id: str) -> str:
    listed = context.cloud.read(vpc.ListPortsRequest(id=port_id)).get("ports") or ()
    if not listed:
        raise NotFound(f'there is no network interface "{port_id}"', hint="check ports")
    entry = context.cloud.read(vpc.ShowSubnetRequest(subnet_id=str(listed[0]["network_id"])))["subnet"]
    return str(entry["vpc_id"])


def _make_vpc(context: Context) -> str:
    options = context.options
    wanted = vpc.CreateVpcOption(
        name=context.name,
        cidr=options.vpc_cidr_block,
        description="imagesmith: temporary",
        enterprise_project_id=options.enterprise_project_id or None,
    )
    request = vpc.CreateVpcRequest(body=vpc.CreateVpcRequestBody(vpc=wanted))
    made = context.own("vpc", lambda _: str(context.cloud.write_once(request)["vpc"]["id"]), context.name)

    def probe() -> bool | Pending:
        return _ready(context.cloud.read(vpc.ShowVpcRequest(vpc_id=made))["vpc"], "OK", f"VPC {made}")

    context.run.wait_until(f"VPC {made}", probe, _AT_HAND)
    return made


def _make_subnet(context: Context, vpc_id: str, cidr: str) -> str:
    wanted = vpc.CreateSubnetOption(
        name=context.name,
        cidr=cidr,
        vpc_id=vpc_id,
        gateway_ip=_gateway(cidr),
        dns_list=list(servers_of(context.cloud.region)),
        ipv6_enable=True if context.options.ssh_ip_version == "6" else None,
        description="imagesmith: temporary",
    )
    request = vpc.CreateSubnetRequest(body=vpc.CreateSubnetRequestBody(subnet=wanted))
    made = context.own(
        "subnet", lambda _: str(context.cloud.write_once(request)["subnet"]["id"]), context.name, vpc=vpc_id
    )

    def probe() -> bool | Pending:
        return _ready(context.cloud.read(vpc.ShowSubnetRequest(subnet_id=made))["subnet"], "ACTIVE", f"subnet {made}")

    context.run.wait_until(f"subnet {made}", probe, _AT_HAND)
    return made


def _ready(entry: Entry, wanted: str, what: str) -> bool | Pending:
    status = str(entry.get("status", ""))
    if status == "ERROR":
        raise WaitFailed(f"{what} has ended as ERROR", hint="run the build again; see the VPC console")
    return True if status == wanted else Pending(status or "being created")


def _gateway(cidr: str) -> str:
    import ipaddress

    return str(ipaddress.ip_network(cidr)[1])
