"""The security groups: the user's own, or a temporary one with a single open port."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith.errors import Conflict, NotFound, UsageError
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import vpc

_PAGE = 200
_ANYWHERE = "0.0.0.0/0"

Entry = Mapping[str, Any]


def groups(context: Context) -> Sequence[str]:
    """The ids of the groups that the instance gets."""
    if context.options.security_groups:
        found = _given(context)
        _warn_if_closed(context, found)
        return [str(group["id"]) for group in found]
    if context.options.ports and not context.options.subnet_names:
        return []  # interfaces that exist have their groups
    return [_temporary(context)]


def listed(context: Context) -> list[Entry]:
    """Every security group of the project."""
    found: list[Entry] = []
    marker: str | None = None
    while True:
        request = vpc.ListSecurityGroupsRequest(limit=_PAGE, marker=marker)
        page: list[Entry] = list(context.cloud.read(request).get("security_groups") or ())
        found += page
        if len(page) < _PAGE:
            return found
        marker = str(page[-1]["id"])


def _given(context: Context) -> list[Entry]:
    """The named groups in order; the plugin applied only the last one."""
    everything = listed(context)
    found: list[Entry] = []
    for text in context.options.security_groups:
        matching = [group for group in everything if text == group["id"]]
        matching = matching or [group for group in everything if text == group.get("name")]
        if not matching:
            hint = "check security_groups: an id or a name in this project"
            raise NotFound(f'there is no security group "{text}" in {context.cloud.region}', hint=hint)
        if len(matching) > 1:
            raise UsageError(f'there are {len(matching)} security groups named "{text}"', hint="give its id instead")
        found.append(matching[0])
    return found


def _warn_if_closed(context: Context, found: Sequence[Entry]) -> None:
    port = context.options.open_port
    if port is None or any(_lets_in(rule, port) for group in found for rule in group.get("security_group_rules") or ()):
        return
    names = ", ".join(str(group.get("name") or group["id"]) for group in found)
    text = f"no rule of the security group {names} lets anybody reach TCP port {port}; "
    context.run.say(text + "connecting will only work from inside the group", "warning")


def _lets_in(rule: Entry, port: int) -> bool:
    if rule.get("direction") != "ingress" or rule.get("protocol") not in (None, "", "tcp", "any"):
        return False
    lowest = rule.get("port_range_min")
    if lowest is not None and not int(lowest) <= port <= int(rule.get("port_range_max") or lowest):
        return False
    return not rule.get("remote_group_id")


def _temporary(context: Context) -> str:
    options = context.options
    wanted = vpc.CreateSecurityGroupOption(
        name=context.name, enterprise_project_id=options.enterprise_project_id or None
    )
    request = vpc.CreateSecurityGroupRequest(body=vpc.CreateSecurityGroupRequestBody(security_group=wanted))
    made = context.own(
        "security-group", lambda _: str(context.cloud.write_once(request)["security_group"]["id"]), context.name
    )
    if options.open_port is not None:
        _open_port(context, made, options.open_port)
    return made


def _open_port(context: Context, group_id: str, port: int) -> None:
    """One rule for each source: TCP to the communicator's port. What leaves the guest is allowed by default."""
    sources = context.options.temporary_security_group_source_cidrs
    if not sources:
        text = f"the temporary security group opens port {port} to every address; "
        context.run.say(text + "temporary_security_group_source_cidrs narrows it", "warning")
    for cidr in sources or (_ANYWHERE,):
        rule = vpc.CreateSecurityGroupRuleOption(
            security_group_id=group_id,
            direction="ingress",
            ethertype="IPv6" if ipaddress.ip_network(cidr, strict=False).version == 6 else "IPv4",
            protocol="tcp",
            port_range_min=port,
            port_range_max=port,
            remote_ip_prefix=cidr,
            description="imagesmith: the way in",
        )
        body = vpc.CreateSecurityGroupRuleRequestBody(security_group_rule=rule)
        try:
            context.cloud.write(vpc.CreateSecurityGroupRuleRequest(body=body))
        except Conflict as error:
            # The rule of a first try whose answer was lost.
            context.run.say(f"the rule for {cidr} is there already ({error.code})", "debug")
