"""VPCs, vSwitches and security groups."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

from imagesmith_simulator.alicloud.errors import ApiError, conflict, invalid
from imagesmith_simulator.alicloud.resources import Rule, SecurityGroup, Vpc, VSwitch
from imagesmith_simulator.alicloud.store import Store, find

_PRIVATE = tuple(ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_NAME = re.compile(r"^(?!https?://)[^\W\d_][\w.:\-]{1,127}$")


class NetworkModel:
    """Makes, shows and deletes networks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_vpc(
        self, region: str, *, cidr: str, name: str, description: str, group: str, tags: Mapping[str, str]
    ) -> Vpc:
        """A VPC, Pending until its time has come. The default block is 172.16.0.0/12."""
        store = self._store
        block = _network(cidr or "172.16.0.0/12", 8, 28)
        if not any(block.subnet_of(private) for private in _PRIVATE):
            raise ApiError("InvalidCidrBlock.Malformed", 400, f"The CidrBlock {cidr} is not a private one.")
        check_name("VpcName", name)
        store.check_quota("vpc", region, store.vpcs, "QuotaExceeded.Vpc")
        vpc = Vpc(
            id=store.new_id("vpc"),
            region=region,
            name=name,
            description=description,
            tags=dict(tags),
            resource_group=group,
            created=store.clock.now(),
            cidr=str(block),
        )
        store.vpcs[vpc.id] = vpc
        store.made(vpc)

        def available() -> None:
            vpc.status = "Available"

        store.begin("vpc", available)
        return vpc

    def delete_vpc(self, region: str, identity: str) -> None:
        """Delete an empty VPC. Raises DependencyViolation.* while something is in it."""
        store = self._store
        vpc = find(store.vpcs, identity, "InvalidVpcId.NotFound", region)
        if any(item.vpc_id == vpc.id for item in store.instances.values()):
            raise conflict("DependencyViolation.Instance", "There are still instances in the VPC.", status=400)
        if any(item.vpc_id == vpc.id for item in store.vswitches.values()):
            raise conflict("DependencyViolation.VSwitch", "There are still vSwitches in the specified VPC.", status=400)
        if any(item.vpc_id == vpc.id for item in store.security_groups.values()):
            raise conflict(
                "DependencyViolation.SecurityGroup", "There are still security groups in the specified VPC.", status=400
            )
        del store.vpcs[vpc.id]
        store.changed(vpc.id)

    def create_vswitch(
        self, region: str, *, vpc_id: str, zone: str, cidr: str, name: str, description: str, tags: Mapping[str, str]
    ) -> VSwitch:
        """A vSwitch in a VPC that is Available; its block lies in the VPC's and overlaps no other."""
        store = self._store
        vpc = find(store.vpcs, vpc_id, "InvalidVpcId.NotFound", region)
        if vpc.status != "Available":
            raise conflict("IncorrectVpcStatus", f"The VPC is {vpc.status}.", status=400)
        if zone not in store.world.zones(region):
            raise ApiError("InvalidZoneId.NotFound", 404, f"The zone {zone} does not exist.")
        block = self._free_block(vpc, cidr)
        check_name("VSwitchName", name)
        store.check_quota("vswitch", region, store.vswitches, "QuotaExceeded.VSwitch")
        vswitch = VSwitch(
            id=store.new_id("vsw"),
            region=region,
            name=name,
            description=description,
            tags=dict(tags),
            created=store.clock.now(),
            vpc_id=vpc.id,
            zone=zone,
            cidr=str(block),
        )
        store.vswitches[vswitch.id] = vswitch
        store.made(vswitch)
        store.used(vpc.id)

        def available() -> None:
            vswitch.status = "Available"

        store.begin("vswitch", available)
        return vswitch

    def _free_block(self, vpc: Vpc, cidr: str) -> ipaddress.IPv4Network:
        block = _network(cidr, 16, 29)
        if not block.subnet_of(ipaddress.IPv4Network(vpc.cidr)):
            raise ApiError("InvalidCidrBlock.Malformed", 400, f"{cidr} does not lie in the VPC's block {vpc.cidr}.")
        others = [item for item in self._store.vswitches.values() if item.vpc_id == vpc.id]
        if any(block.overlaps(ipaddress.IPv4Network(item.cidr)) for item in others):
            raise ApiError("InvalidCidrBlock.Overlapped", 400, f"{cidr} overlaps with another vSwitch's block.")
        return block

    def delete_vswitch(self, region: str, identity: str) -> None:
        """Delete an empty vSwitch. Raises DependencyViolation while an instance is in it."""
        store = self._store
        vswitch = find(store.vswitches, identity, "InvalidVSwitchId.NotFound", region)
        if vswitch.status != "Available":
            raise conflict("IncorrectVSwitchStatus", f"The vSwitch is {vswitch.status}.", status=400)
        if any(item.vswitch_id == vswitch.id for item in store.instances.values()):
            raise conflict("DependencyViolation", "The vSwitch is still used by an instance.", status=400)
        del store.vswitches[vswitch.id]
        store.changed(vswitch.id)
        store.used(vswitch.vpc_id)

    def create_security_group(
        self, region: str, *, vpc_id: str, name: str, description: str, kind: str, group: str, tags: Mapping[str, str]
    ) -> SecurityGroup:
        """A security group without rules. Only VPCs are served: the classic network is not sold any more."""
        store = self._store
        if not vpc_id:
            raise ApiError("MissingParameter.VpcId", 400, "The classic network is not available; a VpcId is needed.")
        vpc = find(store.vpcs, vpc_id, "InvalidVpcId.NotFound", region)
        if vpc.status != "Available":
            raise conflict("IncorrectVpcStatus", f"The VPC is {vpc.status}.", status=400)
        check_name("SecurityGroupName", name)
        store.check_quota("security_group", region, store.security_groups, "QuotaExceed.SecurityGroup")
        made = SecurityGroup(
            id=store.new_id("sg"),
            region=region,
            name=name,
            description=description,
            tags=dict(tags),
            resource_group=group,
            created=store.clock.now(),
            vpc_id=vpc.id,
            kind=kind or "normal",
        )
        store.security_groups[made.id] = made
        store.made(made)
        store.used(vpc.id)
        return made

    def authorize(self, region: str, identity: str, rules: Iterable[Rule]) -> None:
        """Add rules; a rule that is there already is not added twice."""
        store = self._store
        group = find(store.security_groups, identity, "InvalidSecurityGroupId.NotFound", region)
        for rule in rules:
            check_rule(rule)
            if rule not in group.rules:
                group.rules.append(rule)
        store.used(group.id)

    def revoke(self, region: str, identity: str, rules: Iterable[Rule]) -> None:
        """Take rules away; one that is not there is no error."""
        store = self._store
        group = find(store.security_groups, identity, "InvalidSecurityGroupId.NotFound", region)
        gone = {(rule.direction, rule.protocol, rule.port_range, rule.cidr, rule.policy) for rule in rules}
        group.rules = [
            rule
            for rule in group.rules
            if (rule.direction, rule.protocol, rule.port_range, rule.cidr, rule.policy) not in gone
        ]
        store.used(group.id)

    def delete_security_group(self, region: str, identity: str) -> None:
        """Delete a group that nothing is in. Raises DependencyViolation."""
        store = self._store
        group = find(store.security_groups, identity, "InvalidSecurityGroupId.NotFound", region)
        if any(group.id in item.security_group_ids for item in store.instances.values()):
            raise conflict("DependencyViolation", "There is still an instance in the specified security group.")
        del store.security_groups[group.id]
        store.changed(group.id)
        store.used(group.vpc_id)

    def allows(self, group_ids: Iterable[str], peer: str, port: int) -> bool:
        """Whether any of the groups lets a TCP connection from ``peer`` to ``port`` in.

        Of the rules that match, those of the smallest priority decide, and among them a Drop wins.
        """
        known = self._store.security_groups
        groups = [known[identity] for identity in group_ids if identity in known]
        matching = [rule for group in groups for rule in tuple(group.rules) if _matches(rule, peer, port)]
        if not matching:
            return False
        first = min(rule.priority for rule in matching)
        return all(rule.policy == "Accept" for rule in matching if rule.priority == first)


def check_name(parameter: str, name: str) -> None:
    """Refuse a name that the API does not take: 2 to 128 characters, the first a letter, no http:// in front."""
    if name and not _NAME.match(name):
        raise ApiError(f"Invalid{parameter}.Malformed", 400, f'The specified {parameter} "{name}" is not valid.')


def check_rule(rule: Rule) -> None:
    """Refuse a rule whose protocol, port range, block or priority the API does not take."""
    if rule.protocol not in ("tcp", "udp", "icmp", "icmpv6", "gre", "all"):
        raise invalid("IpProtocol", f'The specified protocol "{rule.protocol}" is not valid.')
    ports = re.fullmatch(r"(-?\d+)/(-?\d+)", rule.port_range)
    if not ports:
        raise ApiError("InvalidIpPortRange.Malformed", 400, f'The port range "{rule.port_range}" is not valid.')
    low, high = int(ports[1]), int(ports[2])
    wanted = 1 <= low <= high <= 65535 if rule.protocol in ("tcp", "udp") else (low, high) == (-1, -1)
    if not wanted:
        raise ApiError("InvalidIpPortRange.Malformed", 400, f'The port range "{rule.port_range}" is not valid.')
    try:
        ipaddress.IPv4Network(rule.cidr, strict=False)
    except ValueError:
        raise ApiError("InvalidSourceCidrIp.Malformed", 400, f'The block "{rule.cidr}" is not valid.') from None
    if not 1 <= rule.priority <= 100:
        raise invalid("Priority", "The priority must be 1 to 100.")


def _matches(rule: Rule, peer: str, port: int) -> bool:
    if rule.direction != "ingress" or rule.protocol not in ("tcp", "all"):
        return False
    low, _, high = rule.port_range.partition("/")
    if rule.protocol == "tcp" and not int(low) <= port <= int(high):
        return False
    return ipaddress.ip_address(peer) in ipaddress.IPv4Network(rule.cidr, strict=False)


def _network(cidr: str, shortest: int, longest: int) -> ipaddress.IPv4Network:
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError:
        raise ApiError("InvalidCidrBlock.Malformed", 400, f'The CidrBlock "{cidr}" is not valid.') from None
    if not shortest <= block.prefixlen <= longest:
        raise ApiError("InvalidCidrBlock.Malformed", 400, f"The prefix of {cidr} must be /{shortest} to /{longest}.")
    return block
