"""Making what builder options name exist: a template that says ``vpc_id`` finds that VPC in the simulated cloud.

Options are looked at by the names of their attributes only, so that the simulator needs no provider's classes. What is
named by an id is made where it looks like one (a UUID), so that the cloud refuses all others.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.adopt_disks import adopt_disks
from imagesmith_simulator.huaweicloud.adopt_images import adopt_images
from imagesmith_simulator.huaweicloud.models.key_pairs import fingerprint
from imagesmith_simulator.huaweicloud.resources import Eip, KeyPair, Port, Resource, Rule, SecurityGroup, Subnet, Vpc
from imagesmith_simulator.ssh_keys import new_rsa_key, public_key_of

NAMES = (
    "region",
    "project_id",
    "project_name",
    "enterprise_project_id",
    "availability_zone",
    "flavor",
    "source_image",
    "source_image_name",
    "source_image_filter",
    "vpc_id",
    "vpc_name",
    "subnets",
    "networks",
    "ports",
    "security_groups",
    "floating_ip",
    "reuse_ips",
    "ssh_keypair_name",
    "ssh_private_key_file",
    "data_disks",
    "vault_id",
)
_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
_FLAVOR = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9]+)+")


def facts(options: object) -> dict[str, Any]:
    """What `adopt` wants to know of builder options."""
    return {name: getattr(options, name, None) for name in NAMES}


def is_id(text: object) -> bool:
    """Whether it looks like one of Huawei Cloud's ids."""
    return bool(_ID.fullmatch(str(text or "")))


def add_project(account: Account, identity: str, name: str, region: str) -> None:
    """One more project, with its default security group."""
    store = account.store
    store.projects[identity], store.regions[identity] = name, region
    group = SecurityGroup(id=store.new_id(), project_id=identity, name="default", found=True)
    group.rules = account.network.default_rules(group.id)
    store.security_groups[group.id] = group


def adopt(account: Account, options: Mapping[str, Any]) -> None:
    """Make what the options name exist. Names that no such thing can have are left, so that the cloud refuses them."""
    given = {name: options[name] for name in NAMES if options.get(name)}
    region, world = str(given.get("region", "")), account.store.world
    if not world.zones(region):
        return
    project = _project(account, given, region)
    zone, flavor = str(given.get("availability_zone", "")), str(given.get("flavor", ""))
    if zone.startswith(region) and zone not in world.zones(region):
        world.regions[region] = (*world.zones(region), zone)
    if _FLAVOR.fullmatch(flavor):
        world.add_flavor(flavor)
    arm = flavor in world.flavors and world.flavors[flavor].is_arm
    adopt_images(account, project, given, architecture="arm" if arm else "x86", is_id=is_id)
    _adopt_network(account, project, given)
    adopt_disks(account, project, given, zone=zone or world.zones(region)[0], is_id=is_id)
    _adopt_addresses(account, project, given)
    if name := str(given.get("ssh_keypair_name", "")):
        _adopt_key_pair(account, project, name, str(given.get("ssh_private_key_file", "")))


def found(account: Account) -> dict[str, Resource]:
    """What was there at the start, by kind and id."""
    return {f"{kind} {item.id} in {item.project_id}": item for kind, item in account.store.all() if item.found}


def _project(account: Account, given: Mapping[str, Any], region: str) -> str:
    """The project that is named, made where it does not exist; without a name the region's own."""
    store = account.store
    identity, name = str(given.get("project_id", "")), str(given.get("project_name", "") or region)
    if identity:
        if identity not in store.projects:
            add_project(account, identity, name, region)
        return identity
    for known, known_name in store.projects.items():
        if known_name == name:
            return known
    identity = store.new_id().replace("-", "")
    add_project(account, identity, name, region)
    return identity


def _adopt_network(account: Account, project: str, given: Mapping[str, Any]) -> None:
    store = account.store
    names = [str(name) for option in ("subnets", "networks") for name in given.get(option, ())]
    ports = [str(name) for name in given.get("ports", ()) if is_id(name)]
    if given.get("vpc_id") or given.get("vpc_name") or names or ports:
        vpc = _vpc(account, project, given, names)
        subnets = [_subnet(account, vpc, name) for name in names] if vpc else []
        for identity in ports if vpc else ():
            if identity not in store.ports:
                _port(account, identity, subnets[0] if subnets else _subnet(account, vpc, "of-ports"))
    for name in given.get("security_groups", ()):
        _security_group(account, project, str(name))


def _vpc(account: Account, project: str, given: Mapping[str, Any], subnets: Sequence[str]) -> Any:
    """The VPC that is named, or that of a subnet that is; None for an id that is none."""
    store = account.store
    identity, name = str(given.get("vpc_id", "")), str(given.get("vpc_name", ""))
    mine = [vpc for vpc in store.vpcs.values() if vpc.project_id == project]
    around = [subnet.vpc_id for subnet in store.subnets.values() if subnet.id in subnets]
    for vpc in mine:
        if vpc.id == identity or (name and vpc.name == name) or (not identity and not name and vpc.id in around):
            return vpc
    if identity and not is_id(identity):
        return None
    vpc = Vpc(
        id=identity or store.new_id(),
        project_id=project,
        name=name or "vpc-default",
        cidr="192.168.0.0/16",
        status="OK",
        found=True,
    )
    store.vpcs[vpc.id] = vpc
    return vpc


def _subnet(account: Account, vpc: Vpc, name: str) -> Subnet:
    store = account.store
    for subnet in store.subnets.values():
        if subnet.vpc_id == vpc.id and name in (subnet.id, subnet.name):
            return subnet
    used = sum(subnet.vpc_id == vpc.id for subnet in store.subnets.values()) % 256
    subnet = Subnet(
        id=name if is_id(name) else store.new_id(),
        project_id=vpc.project_id,
        name=f"subnet-{used}" if is_id(name) else name,
        vpc_id=vpc.id,
        cidr=f"192.168.{used}.0/24",
        gateway_ip=f"192.168.{used}.1",
        neutron_subnet_id=store.new_id(),
        status="ACTIVE",
        found=True,
    )
    store.subnets[subnet.id] = subnet
    return subnet


def _port(account: Account, identity: str, subnet: Subnet) -> None:
    store = account.store
    address = store.machines.new_address("private")
    mine = [group for group in store.security_groups.values() if group.project_id == subnet.project_id]
    store.ports[identity] = Port(
        id=identity,
        project_id=subnet.project_id,
        subnet_id=subnet.id,
        ip=address,
        host=address,
        kept=True,
        found=True,
        security_group_ids=[group.id for group in mine if group.name == "default"],
    )


def _security_group(account: Account, project: str, name: str) -> None:
    """The group of that id or name, which lets everything in."""
    store = account.store
    groups = [group for group in store.security_groups.values() if group.project_id == project]
    if any(name in (group.id, group.name) for group in groups):
        return
    rules = [Rule(id=store.new_id(), direction="ingress"), Rule(id=store.new_id(), direction="egress")]
    group = SecurityGroup(
        id=name if is_id(name) else store.new_id(),
        project_id=project,
        name=f"sg-{name[:8]}" if is_id(name) else name,
        rules=rules,
        found=True,
    )
    store.security_groups[group.id] = group


def _adopt_addresses(account: Account, project: str, given: Mapping[str, Any]) -> None:
    store = account.store
    mine = [eip for eip in store.eips.values() if eip.project_id == project]
    name = str(given.get("floating_ip", ""))
    if name and not any(name in (eip.id, eip.host) for eip in mine):
        if is_id(name):
            _eip(account, project, name, "")
        elif _is_address(name):
            _eip(account, project, store.new_id(), name)
    if given.get("reuse_ips") and not any(eip.status == "DOWN" for eip in mine):
        _eip(account, project, store.new_id(), "")


def _eip(account: Account, project: str, identity: str, address: str) -> None:
    store = account.store
    ip = store.machines.new_address("public")
    store.eips[identity] = Eip(
        id=identity,
        project_id=project,
        ip=ip,
        host=address or ip,
        status="DOWN",
        bandwidth_id=store.new_id(),
        bandwidth_name="bandwidth",
        bandwidth_size=5,
        found=True,
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _adopt_key_pair(account: Account, project: str, name: str, private_key_file: str) -> None:
    """The key pair of that name: of the private key file where one is given, else one whose private key nobody has."""
    if (project, name) in account.store.key_pairs:
        return
    public = public_key_of(private_key_file) or new_rsa_key()[1]
    key = KeyPair(
        id=name, name=name, project_id=project, public_key=public, fingerprint=fingerprint(public), found=True
    )
    account.store.key_pairs[project, name] = key
