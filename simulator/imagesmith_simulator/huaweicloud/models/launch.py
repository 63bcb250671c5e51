"""What a client asks for when it wants servers, and the checks that this passes before anything is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.models.addresses import KINDS
from imagesmith_simulator.huaweicloud.resources import Eip, Image, Port, SecurityGroup, Subnet, Vpc
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.refusals import ApiError

VOLUME_TYPES = ("SATA", "SAS", "SSD", "GPSSD", "ESSD", "GPSSD2", "ESSD2", "co-p1", "uh-l1")
_WITH_IOPS = ("GPSSD2", "ESSD2")
_LARGEST = {"system": 1024, "data": 32768}
_USER_DATA_BYTES = 32 * 1024
_MOST_DATA_VOLUMES = 23
MOST_NICS = 12
_PASSWORD_KINDS = ("[a-z]", "[A-Z]", "[0-9]", r"[!@%\-_=+\[\]:./?{},#$^&*~]")


@dataclass(frozen=True, kw_only=True)
class NicRequest:
    """One network interface: a new one in a subnet, or one that exists."""

    subnet_id: str = ""
    port_id: str = ""
    ipv6: bool = False


@dataclass(frozen=True, kw_only=True)
class DiskRequest:
    """One disk; sizes in GiB, 0 for the default."""

    volume_type: str = ""
    size: int = 0
    iops: int = 0
    throughput: int = 0
    encrypted: bool = False
    kms_key_id: str = ""
    data_image_id: str = ""
    delete_on_termination: bool = False


@dataclass(frozen=True, kw_only=True)
class AddressRequest:
    """A public address: an EIP that exists, or one that is made with the server."""

    eip_id: str = ""
    kind: str = ""
    bandwidth_size: int = 0
    charge_mode: str = ""
    delete_on_termination: bool = False


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything about the servers that are asked for."""

    project_id: str
    name: str
    flavor_id: str
    image_id: str
    vpc_id: str
    nics: tuple[NicRequest, ...]
    root: DiskRequest
    data: tuple[DiskRequest, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    availability_zone: str = ""
    address: AddressRequest | None = None
    key_name: str = ""
    password: str = field(default="", repr=False)
    user_data: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    enterprise_project_id: str = "0"
    market_type: str = ""
    spot_price: str = ""
    auto_terminate_time: str = ""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the checks have found: where the servers go and what they are made of."""

    image: Image
    vpc: Vpc
    nics: tuple[tuple[Subnet, Port | None, bool], ...]
    groups: tuple[SecurityGroup, ...]
    availability_zone: str
    eip: Eip | None = None


def check_launch(store: Store, launch: Launch) -> Place:
    """Refuse what the API refuses at once."""
    _check_words(launch)
    _check_access(store, launch)
    image = usable_image(store, launch.image_id, launch.project_id)
    if image.status != "active":
        raise invalid("Ecs.0032", "imageRef", f"Image [{image.id}] must be active.")
    if image.kind == "data":
        raise invalid("Ecs.0007", "imageRef", f"The image {image.id} is one of a data disk.")
    _check_disks(store, launch, image)
    vpc = store.vpcs.get(launch.vpc_id)
    if vpc is None or vpc.project_id != launch.project_id:
        raise invalid("Ecs.0014", "vpcid", f"The VPC {launch.vpc_id} could not be found.")
    _check_quota(store, launch)
    return Place(
        image=image,
        vpc=vpc,
        nics=tuple(_nic(store, launch, nic, vpc) for nic in launch.nics),
        groups=tuple(_groups(store, launch)),
        availability_zone=_zone(store, launch, image),
        eip=_eip(store, launch),
    )


def usable_image(store: Store, identity: str, project_id: str) -> Image:
    """An image that a project may use: its own, a public one, or one whose sharing it has accepted."""
    image = store.images.get(identity)
    if image is None:
        raise invalid("Ecs.0031", "imageRef", f"Image [{identity}] does not exist.")
    mine = image.visibility in ("public", "market") or project_id in ("", image.project_id)
    if not mine and image.members.get(project_id) != "accepted":
        raise invalid("Ecs.0031", "imageRef", f"Image [{identity}] does not exist.")
    return image


def _check_words(launch: Launch) -> None:
    if not re.fullmatch(r"[\w.一-鿿-]{1,128}", launch.name):
        raise invalid("Ecs.0005", "name", f'The server name "{launch.name}" is not valid.')
    if len(launch.description) > 85 or "<" in launch.description or ">" in launch.description:
        raise invalid("Ecs.0041", "description")
    if len(launch.user_data) > _USER_DATA_BYTES:
        raise invalid("Ecs.0005", "user_data", "The user data are longer than 32 KB.")
    for key, value in launch.metadata.items():
        if not re.fullmatch(r"[\w:.-]{1,255}", key) or len(value.encode()) > 255:
            raise invalid("Ecs.0005", "metadata", f"The metadata {key} is not valid.")
    if len(launch.tags) > 10:
        raise invalid("Ecs.0005", "server_tags", "A server takes at most 10 tags.")
    for key, value in launch.tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 255 or re.search(r"[=*<>\\,|/]", key):
            raise invalid("Ecs.0005", "server_tags", f"The tag {key} is not valid.")
    if launch.spot_price and launch.market_type != "spot":
        raise invalid("Ecs.0005", "spotPrice", "A spot price is for spot servers only.")


def _check_access(store: Store, launch: Launch) -> None:
    if launch.key_name and (launch.project_id, launch.key_name) not in store.key_pairs:
        raise invalid("Ecs.0005", "key_name", f"Invalid key_name provided: {launch.key_name}.")
    if launch.password:
        strong = sum(bool(re.search(kind, launch.password)) for kind in _PASSWORD_KINDS) >= 3
        if not strong or not 8 <= len(launch.password) <= 26:
            raise invalid("Ecs.0011", "adminPass", "The password length must range from 8 to 26, of three kinds.")


def _check_disks(store: Store, launch: Launch, image: Image) -> None:
    _check_disk(launch.root, "system")
    if launch.root.size and launch.root.size < image.min_disk:
        raise invalid("Ecs.0005", "root_volume", f"The image needs a system disk of {image.min_disk} GB.")
    if len(launch.data) > _MOST_DATA_VOLUMES:
        raise invalid("Ecs.0042", "data_volumes", f"A server takes at most {_MOST_DATA_VOLUMES} data disks.")
    for disk in launch.data:
        least = 10
        if disk.data_image_id:
            data = usable_image(store, disk.data_image_id, launch.project_id)
            if data.kind != "data" or data.status != "active":
                raise invalid("Ecs.0032", "data_image_id", f"{data.id} is not an active data disk image.")
            least = data.min_disk
        if disk.size < least:
            raise invalid("Ecs.0005", "data_volumes", f"The data disk needs {least} GB.")
        _check_disk(disk, "data")


def _check_disk(disk: DiskRequest, kind: str) -> None:
    if disk.volume_type not in VOLUME_TYPES:
        raise invalid("Ecs.0043", "volumetype", f"Disk type [{disk.volume_type}] does not exist.")
    if disk.size > _LARGEST[kind]:
        raise invalid("Ecs.0005", "size", f"A {kind} disk has at most {_LARGEST[kind]} GB.")
    if (disk.volume_type in _WITH_IOPS) != bool(disk.iops):
        raise invalid("Ecs.0005", "iops", f"{disk.volume_type} with {disk.iops} IOPS can't be had.")
    if disk.throughput and disk.volume_type != "GPSSD2":
        raise invalid("Ecs.0005", "throughput", f"{disk.volume_type} has no throughput to choose.")
    if disk.encrypted != bool(disk.kms_key_id):
        raise invalid("Ecs.0005", "metadata", "__system__encrypted and __system__cmkid go together.")


def _nic(store: Store, launch: Launch, nic: NicRequest, vpc: Vpc) -> tuple[Subnet, Port | None, bool]:
    port = store.ports.get(nic.port_id)
    if nic.port_id and (port is None or port.project_id != launch.project_id):
        raise invalid("Ecs.0005", "nics", f"The port {nic.port_id} could not be found.")
    if port and port.server_id:
        raise invalid("Ecs.0010", "nics", f"The port {port.id} is in use.")
    subnet = store.subnets.get(port.subnet_id if port else nic.subnet_id)
    if subnet is None or subnet.project_id != launch.project_id:
        raise invalid("Ecs.0038", "nics", f"Subnet [{nic.subnet_id}] does not exist.")
    if subnet.vpc_id != vpc.id:
        raise invalid("Ecs.0014", "nics", f"The subnet {subnet.id} is not in the VPC {vpc.id}.")
    if subnet.status != "ACTIVE":
        raise invalid("Ecs.0005", "nics", f"The network {subnet.id} is {subnet.status}.")
    return subnet, port, nic.ipv6


def _groups(store: Store, launch: Launch) -> list[SecurityGroup]:
    mine = [group for group in store.security_groups.values() if group.project_id == launch.project_id]
    if not launch.security_group_ids:
        return [group for group in mine if group.name == "default"]
    found = {group.id: group for group in mine}
    for identity in launch.security_group_ids:
        if identity not in found:
            raise invalid("Ecs.0005", "security_groups", f"The security group {identity} could not be found.")
    return [found[identity] for identity in dict.fromkeys(launch.security_group_ids)]


def _zone(store: Store, launch: Launch, image: Image) -> str:
    world, zones = store.world, store.world.zones(store.regions[launch.project_id])
    flavor = world.flavors.get(launch.flavor_id)
    if flavor is None:
        raise invalid("Ecs.0029", "flavorRef", f"Flavor [{launch.flavor_id}] does not exist.")
    if (image.architecture == "arm") != flavor.is_arm:
        raise invalid("Ecs.0007", "imageRef", f"The image is for {image.architecture}, {flavor.id} is not.")
    if launch.availability_zone and launch.availability_zone not in zones:
        raise invalid("Ecs.0005", "availability_zone", f"There is no zone {launch.availability_zone}.")
    if launch.availability_zone in world.unavailable:
        raise invalid("Ecs.0005", "availability_zone", f"{launch.availability_zone} is not available.")
    wanted = (launch.availability_zone,) if launch.availability_zone else zones
    selling = [zone for zone in wanted if zone not in world.unavailable and world.sells(zone, flavor.id)]
    if not selling:
        raise ApiError(
            "Ecs.0319", 400, f"Insufficient flavor capacity: {flavor.id} is sold out in {', '.join(wanted)}."
        )
    return next((zone for zone in selling if world.has(zone, flavor.id)), selling[0])


def _eip(store: Store, launch: Launch) -> Eip | None:
    wanted = launch.address
    if wanted is None:
        return None
    if not wanted.eip_id:
        _check_new_eip(store, launch, wanted)
        return None
    if launch.count > 1:
        raise ApiError("Ecs.0000", 400, "An existing EIP cannot be assigned to the ECSs created in batches.")
    eip = store.eips.get(wanted.eip_id)
    if eip is None or eip.project_id != launch.project_id:
        raise invalid("Ecs.0005", "publicip", f"The EIP {wanted.eip_id} could not be found.")
    if eip.port_id or eip.status != "DOWN":
        raise invalid("Ecs.0005", "publicip", f"The EIP {eip.id} is {eip.status} and can't be bound.")
    return eip


def _check_new_eip(store: Store, launch: Launch, wanted: AddressRequest) -> None:
    if wanted.kind not in KINDS:
        raise invalid("Ecs.0005", "iptype", f"The EIP type {wanted.kind} is not sold.")
    if not 1 <= wanted.bandwidth_size <= 2000:
        raise invalid("Ecs.0045", "bandwidth", f"Bandwidth size {wanted.bandwidth_size} is invalid.")
    held = sum(eip.project_id == launch.project_id for eip in store.eips.values())
    if held + launch.count > store.quotas["eip"]:
        raise ApiError("Ecs.0013", 400, "Insufficient EIP quota.")


def _check_quota(store: Store, launch: Launch) -> None:
    held = sum(server.project_id == launch.project_id for server in store.servers.values())
    if held + launch.count > store.quotas["server"]:
        raise ApiError("Ecs.0001", 400, "The number of instances is above the quota limits.")
    disks = sum(volume.project_id == launch.project_id for volume in store.volumes.values())
    if disks + launch.count * (1 + len(launch.data)) > store.quotas["volume"]:
        raise ApiError("Ecs.0021", 400, "The number of volumes is beyond the quota limit.")
    if len(launch.nics) > MOST_NICS:
        raise ApiError("Ecs.0050", 400, "The requested number of NICs is greater than the number available.")
