"""What can exist in the simulated cloud. Plain data; sizes are in GiB and times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from imagesmith_simulator.machines.hosting import Content


@dataclass(kw_only=True)
class Resource:
    """What all of them have. ``found``: there before the first call; ``visible_at``: when lists begin to show it."""

    id: str
    project_id: str
    name: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    enterprise_project_id: str = "0"
    created: float = 0.0
    visible_at: float = 0.0
    found: bool = False


@dataclass(kw_only=True)
class Vpc(Resource):
    """A virtual private cloud."""

    cidr: str
    status: Literal["CREATING", "OK", "ERROR"] = "CREATING"


@dataclass(kw_only=True)
class Subnet(Resource):
    """A subnet; its id is the network id that interfaces name, ``neutron_subnet_id`` is another."""

    vpc_id: str
    cidr: str
    gateway_ip: str
    neutron_subnet_id: str
    dns_list: list[str] = field(default_factory=list)
    availability_zone: str = ""
    status: Literal["UNKNOWN", "ACTIVE", "ERROR"] = "UNKNOWN"


@dataclass(kw_only=True)
class Port(Resource):
    """A network interface. ``host`` is what clients connect to; ``kept`` ones survive their server."""

    subnet_id: str
    ip: str
    host: str
    ipv6: str = ""
    server_id: str = ""
    kept: bool = False
    security_group_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a security group; ports 0 for all."""

    id: str
    direction: Literal["ingress", "egress"]
    protocol: str = ""
    port_min: int = 0
    port_max: int = 0
    remote_ip_prefix: str = ""
    remote_group_id: str = ""
    ethertype: str = "IPv4"


@dataclass(kw_only=True)
class SecurityGroup(Resource):
    """A set of firewall rules; what no rule accepts is dropped on the way in."""

    rules: list[Rule] = field(default_factory=list)


@dataclass(kw_only=True)
class KeyPair(Resource):
    """A public key under a name; ``id`` is the name."""

    public_key: str
    fingerprint: str


@dataclass(kw_only=True)
class Volume(Resource):
    """A disk. ``kind`` is "system" for the one that a server boots from."""

    kind: Literal["system", "data"]
    size: int
    volume_type: str
    availability_zone: str
    device: str = ""
    server_id: str = ""
    status: Literal["creating", "available", "attaching", "in-use", "detaching", "deleting", "error"] = "creating"
    image_id: str = ""
    snapshot_id: str = ""
    encrypted: bool = False
    kms_key_id: str = ""
    iops: int = 0
    throughput: int = 0
    delete_on_termination: bool = False


@dataclass(kw_only=True)
class Snapshot(Resource):
    """A snapshot of a disk."""

    volume_id: str
    size: int
    availability_zone: str
    status: Literal["creating", "available", "error"] = "available"


@dataclass(kw_only=True)
class Image(Resource):
    """A public or private image. ``content`` is what is really in it, where the cloud has machines."""

    status: Literal["queued", "saving", "active", "deleted", "killed"] = "queued"
    visibility: Literal["public", "private", "shared", "market"] = "private"
    kind: Literal["system", "data", "whole"] = "system"
    owner: str = ""
    min_disk: int = 40
    min_ram: int = 0
    max_ram: int = 0
    os_type: Literal["Linux", "Windows"] = "Linux"
    os_version: str = ""
    platform: str = ""
    architecture: str = "x86"
    encrypted: bool = False
    members: dict[str, str] = field(default_factory=dict)
    """The projects that it is shared with, and their status: pending, accepted or rejected."""
    backup_id: str = ""
    source_id: str = ""
    content: Content | None = None


@dataclass(kw_only=True)
class Eip(Resource):
    """An elastic public address. ``host`` is what clients connect to."""

    ip: str
    host: str
    status: Literal["PENDING_CREATE", "DOWN", "BINDING", "ACTIVE", "FREEZED", "ERROR", "ELB", "BIND_ERROR"] = (
        "PENDING_CREATE"
    )
    kind: str = "5_bgp"
    bandwidth_id: str = ""
    bandwidth_name: str = ""
    bandwidth_size: int = 0
    charge_mode: str = "traffic"
    port_id: str = ""
    delete_on_termination: bool = False


@dataclass(kw_only=True)
class Server(Resource):
    """A server."""

    availability_zone: str
    flavor_id: str
    image_id: str
    vpc_id: str
    port_ids: list[str] = field(default_factory=list)
    key_name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    user_data: bytes = b""
    password: str = field(default="", repr=False)
    os_type: Literal["Linux", "Windows"] = "Linux"
    status: Literal["BUILD", "ACTIVE", "SHUTOFF", "REBOOT", "ERROR", "DELETED"] = "BUILD"
    task_state: str = ""
    auto_terminate_time: str = ""
    market_type: str = ""
    spot_price: str = ""
    fault: str = ""
    deleting: bool = False
    password_told: bool = False
    """Whether a Windows guest has already made its password and told it."""
    generation: int = 0
    """Counts up with every change of ``auto_terminate_time``, so that an outdated timer does nothing."""

    @property
    def agency_name(self) -> str:
        """The agency that the server may act as."""
        return self.metadata.get("agency_name", "")


@dataclass(kw_only=True)
class Vault(Resource):
    """A CBR vault."""

    size: int = 100
    used: int = 0
    resource_ids: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Backup(Resource):
    """A backup of a whole server in a vault."""

    vault_id: str
    server_id: str
    size: int = 0
    status: Literal["protecting", "available", "error"] = "protecting"
    content: Content | None = None


@dataclass(kw_only=True)
class Job:
    """An asynchronous task. ``service`` is ecs, ims or evs; ``entities`` is what the answer shows when it is done."""

    id: str
    service: Literal["ecs", "ims", "evs"]
    kind: str
    project_id: str
    began: float
    takes_s: float = 0.0
    status: Literal["INIT", "RUNNING", "SUCCESS", "FAIL"] = "INIT"
    ended: float = 0.0
    error_code: str = ""
    fail_reason: str = ""
    entities: dict[str, Any] = field(default_factory=dict)
    sub_jobs: list[Job] = field(default_factory=list)
