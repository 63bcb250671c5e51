"""Making what builder options name exist: a template that says ``vpc-xxxx`` finds that VPC in the simulated cloud.

Options are looked at by the names of their attributes only, so that the simulator needs no provider's classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.resources import (
    Eip,
    Image,
    ImageDisk,
    KeyPair,
    Resource,
    Rule,
    SecurityGroup,
    Snapshot,
    Vpc,
    VSwitch,
)
from imagesmith_simulator.alicloud.world import PUBLIC_IMAGES
from imagesmith_simulator.ssh_keys import new_rsa_key, public_key_of

NAMES = (
    "region",
    "zone_id",
    "instance_type",
    "source_image",
    "image_family",
    "vpc_id",
    "vswitch_id",
    "security_group_id",
    "eip_id",
    "ssh_keypair_name",
    "ssh_private_key_file",
    "image_disk_mappings",
)


def facts(options: object) -> dict[str, Any]:
    """What `adopt` wants to know of builder options."""
    return {name: getattr(options, name, None) for name in NAMES}


def publish_images(account: Account) -> None:
    """The public images, in every region."""
    for region in account.store.world.regions:
        for public in PUBLIC_IMAGES:
            image = _image(account, region, public.id, owner="system")
            image.name, image.family, image.os_name = public.name, public.family, public.os_name
            image.platform, image.size = public.platform, public.size
            image.os_type = "windows" if public.os_type == "windows" else "linux"


def adopt(account: Account, options: Mapping[str, Any]) -> None:
    """Make what the options name exist. Names that no such thing can have are left, so that the cloud refuses them."""
    given = {name: options[name] for name in NAMES if options.get(name)}
    region = str(given.get("region") or "cn-hangzhou")
    world = account.store.world
    if not world.zones(region):
        return
    if str(given.get("instance_type", "")).startswith("ecs."):
        world.add_instance_type(str(given["instance_type"]))
    _adopt_images(account, region, given)
    _adopt_network(account, region, given)
    if (name := str(given.get("eip_id", ""))).startswith("eip-"):
        ip = account.store.machines.new_address("public")
        account.store.eips.setdefault(name, Eip(id=name, region=region, found=True, ip=ip, host=ip))
    if name := str(given.get("ssh_keypair_name", "")):
        _adopt_key_pair(account, region, name, str(given.get("ssh_private_key_file", "")))


def _adopt_images(account: Account, region: str, given: Mapping[str, Any]) -> None:
    images = account.store.images
    source, family = str(given.get("source_image", "")), str(given.get("image_family", ""))
    if source.endswith(".vhd") and (region, source) not in images:
        _image(account, region, source, owner="system")
    if source.startswith("m-") and (region, source) not in images:
        image = _image(account, region, source, owner="self")
        snapshot = _snapshot(account, region, account.store.new_id("s"), "system", image.size)
        image.disks = [ImageDisk(device="/dev/xvda", kind="system", size=image.size, snapshot_id=snapshot.id)]
    if family and not any(image.family == family for image in images.values() if image.region == region):
        _image(account, region, account.store.new_id("m"), owner="others").family = family
    for mapping in given.get("image_disk_mappings") or ():
        name = str(_member(mapping, "disk_snapshot_id") or "")
        if name.startswith("s-") and name not in account.store.snapshots:
            _snapshot(account, region, name, "data", int(_member(mapping, "disk_size") or 20))


def _adopt_network(account: Account, region: str, given: Mapping[str, Any]) -> None:
    store = account.store
    vpc_id, vswitch_id = str(given.get("vpc_id", "")), str(given.get("vswitch_id", ""))
    group_id = str(given.get("security_group_id", ""))
    wanted = vpc_id.startswith("vpc-") or (not vpc_id and (vswitch_id or group_id))
    known: Iterable[Any] = (store.vswitches.get(vswitch_id), store.security_groups.get(group_id))
    vpc_id = vpc_id or next((item.vpc_id for item in known if item), "") or (store.new_id("vpc") if wanted else "")
    if not wanted:
        return
    vpc = Vpc(id=vpc_id, region=region, found=True, cidr="172.16.0.0/12", status="Available", created=store.clock.now())
    store.vpcs.setdefault(vpc_id, vpc)
    zones = store.world.zones(region)
    zone = str(given.get("zone_id") or "") if given.get("zone_id") in zones else zones[0]
    if vswitch_id.startswith("vsw-"):
        used = sum(item.vpc_id == vpc_id for item in store.vswitches.values())
        cidr = f"172.31.{used % 256}.0/24"
        made = VSwitch(
            id=vswitch_id, region=region, found=True, vpc_id=vpc_id, zone=zone, cidr=cidr, status="Available"
        )
        store.vswitches.setdefault(vswitch_id, made)
    if group_id.startswith("sg-"):
        rule = Rule(direction="ingress", protocol="all", port_range="-1/-1", cidr="0.0.0.0/0")
        group = SecurityGroup(id=group_id, region=region, found=True, vpc_id=vpc_id, rules=[rule])
        store.security_groups.setdefault(group_id, group)


def _adopt_key_pair(account: Account, region: str, name: str, private_key_file: str) -> None:
    """The key pair of that name: of the private key file where one is given, else one whose private key nobody has."""
    if (region, name) in account.store.key_pairs:
        return
    public = public_key_of(private_key_file) or new_rsa_key()[1]
    key = KeyPair(id=name, name=name, region=region, found=True, public_key=public, fingerprint="0" * 32)
    account.store.key_pairs[region, name] = key


def _image(account: Account, region: str, identity: str, *, owner: str) -> Image:
    windows = identity.startswith("win")
    image = Image(
        id=identity,
        name=identity,
        region=region,
        found=True,
        status="Available",
        owner="self" if owner == "self" else "system" if owner == "system" else "others",
        os_type="windows" if windows else "linux",
        os_name="Windows Server" if windows else "Linux",
        platform="Windows Server" if windows else "Others Linux",
        size=40 if windows else 20,
        public=owner != "self",
        created=account.store.clock.now() - 86400,
    )
    account.store.images[region, identity] = image
    return image


def _snapshot(account: Account, region: str, identity: str, kind: str, size: int) -> Snapshot:
    snapshot = Snapshot(
        id=identity,
        region=region,
        found=True,
        disk_id="",
        disk_kind="system" if kind == "system" else "data",
        size=size,
        status="accomplished",
        created=account.store.clock.now() - 86400,
    )
    account.store.snapshots[identity] = snapshot
    return snapshot


def _member(mapping: Any, name: str) -> Any:
    return mapping.get(name) if isinstance(mapping, Mapping) else getattr(mapping, name, None)


def found(account: Account) -> dict[str, Resource]:
    """What was there at the start, by kind and id."""
    return {f"{kind} {item.id} in {item.region}": item for kind, item in account.store.all() if item.found}
