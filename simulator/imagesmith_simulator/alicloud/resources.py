"""What can exist in the simulated cloud. Plain data; sizes are in GiB and times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from imagesmith_simulator.machines.hosting import Content


@dataclass(kw_only=True)
class Resource:
    """What all of them have. ``found`` is True for what was there before the first call."""

    id: str
    region: str
    name: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    resource_group: str = ""
    created: float = 0.0
    found: bool = False


@dataclass(kw_only=True)
class Vpc(Resource):
    """A virtual private cloud."""

    cidr: str
    status: Literal["Pending", "Available"] = "Pending"


@dataclass(kw_only=True)
class VSwitch(Resource):
    """A subnet of a VPC, in one zone."""

    vpc_id: str
    zone: str
    cidr: str
    status: Literal["Pending", "Available"] = "Pending"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a security group."""

    direction: Literal["ingress", "egress"]
    protocol: str
    port_range: str
    cidr: str
    policy: Literal["Accept", "Drop"] = "Accept"
    priority: int = 1
    nic_type: str = "intranet"
    description: str = ""


@dataclass(kw_only=True)
class SecurityGroup(Resource):
    """A set of firewall rules; what no rule accepts is dropped on the way in and let out."""

    vpc_id: str
    kind: str = "normal"
    rules: list[Rule] = field(default_factory=list)


@dataclass(kw_only=True)
class KeyPair(Resource):
    """A public key under a name; ``id`` is the name."""

    public_key: str
    fingerprint: str


@dataclass(kw_only=True)
class Disk(Resource):
    """A cloud disk."""

    zone: str
    kind: Literal["system", "data"]
    size: int
    category: str
    device: str
    instance_id: str = ""
    status: Literal["In_use", "Available"] = "In_use"
    delete_with_instance: bool = True
    encrypted: bool = False
    kms_key: str = ""
    snapshot_id: str = ""
    image_id: str = ""
    performance_level: str = ""


@dataclass(kw_only=True)
class Snapshot(Resource):
    """A snapshot of a disk. ``content`` is what is really in it, where the cloud has machines."""

    disk_id: str
    disk_kind: Literal["system", "data"]
    size: int
    status: Literal["progressing", "accomplished", "failed"] = "progressing"
    takes: float = 0.0
    encrypted: bool = False
    content: Content | None = None


@dataclass(frozen=True, kw_only=True)
class ImageDisk:
    """One disk of an image and the snapshot that holds it."""

    device: str
    kind: Literal["system", "data"]
    size: int
    snapshot_id: str
    encrypted: bool = False


@dataclass(kw_only=True)
class Image(Resource):
    """A public or custom image."""

    status: Literal["Waiting", "Creating", "Available", "UnAvailable", "CreateFailed", "Deprecated"] = "Creating"
    owner: Literal["system", "self", "others", "marketplace"] = "self"
    family: str = ""
    version: str = ""
    os_type: Literal["linux", "windows"] = "linux"
    os_name: str = ""
    platform: str = ""
    architecture: str = "x86_64"
    boot_mode: str = ""
    size: int = 20
    disks: list[ImageDisk] = field(default_factory=list)
    copied: bool = False
    copied_from: str = ""
    encrypted: bool = False
    takes: float = 0.0
    begins: float = 0.0
    shared_with: list[str] = field(default_factory=list)
    public: bool = False
    imds_support: str = "v1"


@dataclass(kw_only=True)
class Eip(Resource):
    """An elastic public address. ``host`` is what clients connect to (with a port where one is needed)."""

    ip: str
    host: str
    status: Literal["Available", "Associating", "InUse", "Unassociating"] = "Available"
    instance_id: str = ""
    bandwidth: int = 5
    charge_type: str = "PayByTraffic"


@dataclass(kw_only=True)
class Instance(Resource):
    """A server. ``private_host`` and ``public_host`` are what clients connect to."""

    zone: str
    type: str
    image_id: str
    vpc_id: str
    vswitch_id: str
    security_group_ids: list[str]
    private_ip: str
    private_host: str
    public_ip: str = ""
    public_host: str = ""
    hostname: str = ""
    key_pair: str = ""
    status: Literal["Pending", "Starting", "Running", "Stopping", "Stopped"] = "Pending"
    stopped_mode: str = ""
    charge_type: str = "PostPaid"
    internet_charge_type: str = ""
    bandwidth_out: int = 0
    io_optimized: bool = True
    auto_release_time: str = ""
    ram_role: str = ""
    user_data: bytes = b""
    http_tokens: str = "optional"
    http_endpoint: str = "enabled"
    spot_strategy: str = "NoSpot"
    deletion_protection: bool = False
    security_enhancement: str = ""
    os_type: Literal["linux", "windows"] = "linux"
    os_name: str = ""
    releasing: bool = False
    generation: int = 0
