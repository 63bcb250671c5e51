"""VPCs, subnets, security groups and their rules, network interfaces (ports)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from imagesmith_simulator.huaweicloud.errors import conflict, invalid
from imagesmith_simulator.huaweicloud.resources import Port, Rule, SecurityGroup, Server, Subnet, Vpc
from imagesmith_simulator.huaweicloud.store import Store, get
from imagesmith_simulator.refusals import ApiError

_PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


class NetworkModel:
    """Makes and deletes what servers are attached to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_vpc(self, vpc: Vpc) -> Vpc:
        """A VPC that becomes OK after a while."""
        store = self._store
        _check_range(vpc.cidr, "VPC.0004", smallest=28, largest=8)
        store.check_quota("vpc", vpc.project_id, store.vpcs, "VPC.0114")
        store.vpcs[vpc.id] = vpc
        doomed = store.journal.doomed
        store.begin("vpc", lambda: setattr(vpc, "status", "ERROR" if doomed else "OK"))
        store.made(vpc)
        return vpc

    def vpc(self, identity: str, project_id: str) -> Vpc:
        """The VPC with an id."""
        return get(self._store.vpcs, identity, project_id, "VPC.0012", "VPC")

    def delete_vpc(self, identity: str, project_id: str) -> None:
        """Delete a VPC without subnets."""
        vpc = self.vpc(identity, project_id)
        if any(subnet.vpc_id == vpc.id for subnet in self._store.subnets.values()):
            raise conflict("VPC.0118", "There are subnets in the VPC; delete them first.")
        del self._store.vpcs[vpc.id]
        self._store.changed(vpc.id)

    def create_subnet(self, subnet: Subnet) -> Subnet:
        """A subnet that becomes ACTIVE after a while."""
        store = self._store
        vpc = self.vpc(subnet.vpc_id, subnet.project_id)
        if vpc.status != "OK":
            raise conflict("VPC.0202", f"The VPC is {vpc.status}.")
        wanted = _check_range(subnet.cidr, "VPC.0203", smallest=28, largest=8)
        if not wanted.subnet_of(ipaddress.IPv4Network(vpc.cidr, strict=False)):
            raise invalid("VPC.0209", "cidr", f"The subnet {subnet.cidr} is not inside the VPC's {vpc.cidr}.")
        for other in store.subnets.values():
            if other.vpc_id == vpc.id and wanted.overlaps(ipaddress.ip_network(other.cidr, strict=False)):
                raise conflict("VPC.0204", f"The subnet {subnet.cidr} overlaps {other.cidr}.")
        if ipaddress.ip_address(subnet.gateway_ip) not in wanted:
            raise invalid("VPC.0206", "gateway_ip", "The gateway is not inside the subnet.")
        store.check_quota("subnet", subnet.project_id, store.subnets, "VPC.0212")
        store.subnets[subnet.id] = subnet
        doomed = store.journal.doomed
        store.begin("subnet", lambda: setattr(subnet, "status", "ERROR" if doomed else "ACTIVE"))
        store.made(subnet)
        store.used(vpc.id)
        return subnet

    def subnet(self, identity: str, project_id: str) -> Subnet:
        """The subnet with an id."""
        return get(self._store.subnets, identity, project_id, "VPC.0201", "subnet")

    def delete_subnet(self, identity: str, vpc_id: str, project_id: str) -> None:
        """Delete a subnet in which nothing has an address."""
        subnet = self.subnet(identity, project_id)
        if subnet.vpc_id != vpc_id:
            raise invalid("VPC.0202", "vpc_id", "The subnet is in another VPC.")
        if subnet.status == "UNKNOWN":
            raise conflict("VPC.0207", "The subnet is still being created.")
        if any(port.subnet_id == subnet.id for port in self._store.ports.values()):
            raise conflict("VPC.0207", "IP addresses of the subnet are in use.")
        del self._store.subnets[subnet.id]
        self._store.changed(subnet.id, subnet.vpc_id)

    def create_security_group(self, group: SecurityGroup) -> SecurityGroup:
        """A security group that lets everything out and only itself in."""
        store = self._store
        store.check_quota("security_group", group.project_id, store.security_groups, "VPC.0602")
        group.rules = self.default_rules(group.id)
        store.security_groups[group.id] = group
        store.made(group)
        return group

    def default_rules(self, group_id: str) -> list[Rule]:
        """The rules of every new group."""
        return [
            Rule(id=self._store.new_id(), direction="egress"),
            Rule(id=self._store.new_id(), direction="ingress", remote_group_id=group_id),
        ]

    def security_group(self, identity: str, project_id: str) -> SecurityGroup:
        """The security group with an id."""
        return get(self._store.security_groups, identity, project_id, "VPC.0603", "security group")

    def delete_security_group(self, identity: str, project_id: str) -> None:
        """Delete a security group that no interface has."""
        group = self.security_group(identity, project_id)
        if any(group.id in port.security_group_ids for port in self._store.ports.values()):
            raise conflict("VPC.0606", "The security group is in use.")
        if group.name == "default":
            raise ApiError("VPC.0604", 409, "The default security group can't be deleted.")
        del self._store.security_groups[group.id]
        self._store.changed(group.id)

    def add_rule(self, group_id: str, project_id: str, rule: Rule) -> Rule:
        """One more rule."""
        group = self.security_group(group_id, project_id)
        if rule.remote_ip_prefix:
            _check_range(rule.remote_ip_prefix, "VPC.0605", smallest=32, largest=0)
        same = (rule.direction, rule.protocol, rule.port_min, rule.port_max, rule.remote_ip_prefix, rule.ethertype)
        for other in group.rules:
            mine = (other.direction, other.protocol, other.port_min, other.port_max, other.remote_ip_prefix)
            if (*mine, other.ethertype) == same and other.remote_group_id == rule.remote_group_id:
                raise conflict("VPC.0601", "Security group rule already exists.")
        group.rules.append(rule)
        self._store.changed(group.id)
        return rule

    def add_port(self, server: Server, subnet: Subnet, group_ids: Sequence[str]) -> Port:
        """A network interface of a server that is being made."""
        address = self._store.machines.new_address("private")
        port = Port(
            id=self._store.new_id(),
            project_id=server.project_id,
            subnet_id=subnet.id,
            ip=address,
            host=address,
            server_id=server.id,
            security_group_ids=list(group_ids),
            created=self._store.clock.now(),
        )
        self._store.ports[port.id] = port
        return port

    def lets_in(self, port: Port, peer: str, number: int) -> bool:
        """Whether a rule of the port's groups lets this peer reach this TCP port."""
        for identity in port.security_group_ids:
            group = self._store.security_groups.get(identity)
            if group and any(_matches(rule, peer, number) for rule in group.rules):
                return True
        return False


def _matches(rule: Rule, peer: str, number: int) -> bool:
    if rule.direction != "ingress" or rule.remote_group_id or rule.protocol not in ("", "tcp"):
        return False
    if rule.port_min and not rule.port_min <= number <= (rule.port_max or rule.port_min):
        return False
    if not rule.remote_ip_prefix:
        return True
    return ipaddress.ip_address(peer) in ipaddress.ip_network(rule.remote_ip_prefix, strict=False)


def _check_range(text: str, code: str, *, smallest: int, largest: int) -> ipaddress.IPv4Network:
    try:
        found = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise invalid(code, "cidr", f"{text} is not a valid CIDR block.") from None
    if not largest <= found.prefixlen <= smallest:
        raise invalid(code, "cidr", f"The mask of {text} must be {largest} to {smallest}.")
    if code != "VPC.0605" and not any(found.subnet_of(private) for private in _PRIVATE):
        raise invalid(code, "cidr", f"{text} is not a private range.")
    return found
