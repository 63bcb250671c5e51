"""What a client asks for when it wants an instance, and the checks that this passes before anything is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from imagesmith_simulator.alicloud.errors import ApiError, conflict, missing
from imagesmith_simulator.alicloud.models.network import check_name
from imagesmith_simulator.alicloud.resources import Image, VSwitch
from imagesmith_simulator.alicloud.store import Store, find

_CATEGORIES = ("cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry", "")
_MAX_USER_DATA = 32 * 1024


@dataclass(frozen=True, kw_only=True)
class DiskRequest:
    """One disk of the instance that is asked for; sizes in GiB, 0 for the default."""

    category: str = ""
    size: int = 0
    name: str = ""
    description: str = ""
    snapshot_id: str = ""
    device: str = ""
    delete_with_instance: bool = True
    encrypted: bool = False
    kms_key: str = ""
    performance_level: str = ""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything about the instance that is asked for."""

    region: str
    type: str
    image_id: str = ""
    image_family: str = ""
    zone: str = ""
    vswitch_id: str = ""
    security_group_ids: tuple[str, ...] = ()
    name: str = ""
    description: str = ""
    hostname: str = ""
    key_pair: str = ""
    password: str = field(default="", repr=False)
    user_data: bytes = b""
    system_disk: DiskRequest = DiskRequest()
    data_disks: tuple[DiskRequest, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_group: str = ""
    auto_release_time: str = ""
    internet_charge_type: str = ""
    bandwidth_out: int = 0
    io_optimized: bool = True
    ram_role: str = ""
    charge_type: str = "PostPaid"
    spot_strategy: str = "NoSpot"
    http_tokens: str = "optional"
    http_endpoint: str = "enabled"
    deletion_protection: bool = False
    security_enhancement: str = ""
    login_as_non_root: bool = False


def check_launch(store: Store, launch: Launch, image: Image) -> VSwitch:
    """Refuse what the API refuses; returns the vSwitch that the instance goes to."""
    _check_type(store, launch.type)
    if not launch.vswitch_id:
        raise ApiError("MissingParameter.VSwitchId", 400, "The classic network is not sold; a VSwitchId is needed.")
    vswitch = find(store.vswitches, launch.vswitch_id, "InvalidVSwitchId.NotFound", launch.region)
    if vswitch.status != "Available":
        raise conflict("IncorrectVSwitchStatus", f"The vSwitch is {vswitch.status}.", status=400)
    if launch.zone and launch.zone != vswitch.zone:
        raise ApiError("InvalidParameter.Mismatch", 400, f"The vSwitch is in {vswitch.zone}, not in {launch.zone}.")
    _check_groups(store, launch, vswitch)
    if not store.world.in_stock(vswitch.zone, launch.type):
        raise ApiError("OperationDenied.NoStock", 403, f"{launch.type} is out of stock in {vswitch.zone}.")
    if launch.key_pair and (launch.region, launch.key_pair) not in store.key_pairs:
        raise ApiError("InvalidKeyPairName.NotFound", 404, f"The key pair {launch.key_pair} does not exist.")
    _check_access(launch)
    _check_disks(store, launch, image)
    check_name("InstanceName", launch.name)
    return vswitch


def _check_type(store: Store, identity: str) -> None:
    if not identity.startswith("ecs."):
        raise ApiError("InvalidInstanceType.ValueNotSupported", 403, f"The instance type {identity} is not supported.")
    if identity not in store.world.instance_types:
        raise ApiError("InvalidInstanceType.NotFound", 404, f"The instance type {identity} does not exist.")


def _check_groups(store: Store, launch: Launch, vswitch: VSwitch) -> None:
    if not launch.security_group_ids:
        raise missing("SecurityGroupId")
    for identity in launch.security_group_ids:
        group = find(store.security_groups, identity, "InvalidSecurityGroupId.NotFound", launch.region)
        if group.vpc_id != vswitch.vpc_id:
            raise ApiError("InvalidSecurityGroupId.VPCMismatch", 400, "The group and the vSwitch are in two VPCs.")


def _check_access(launch: Launch) -> None:
    if len(launch.user_data) > _MAX_USER_DATA:
        raise ApiError("InvalidUserData.SizeExceeded", 400, "The user data are longer than 32 KB.")
    if not launch.password:
        return
    kinds = ("[a-z]", "[A-Z]", "[0-9]", r"[()`~!@#$%^&*_\-+=|{}\[\]:;'<>,.?/]")
    strong = sum(bool(re.search(kind, launch.password)) for kind in kinds) >= 3
    if not strong or not 8 <= len(launch.password) <= 30:
        raise ApiError("InvalidPassword.Malformed", 400, "The password must be 8 to 30 characters of three kinds.")


def _check_disks(store: Store, launch: Launch, image: Image) -> None:
    for disk in (launch.system_disk, *launch.data_disks):
        if disk.category not in _CATEGORIES:
            raise ApiError("InvalidDiskCategory.ValueNotSupported", 400, f"The category {disk.category} is not served.")
        check_name("DiskName", disk.name)
    if launch.system_disk.size and launch.system_disk.size < image.size:
        raise ApiError("InvalidSystemDiskSize.LessThanImageSize", 400, f"The image needs {image.size} GiB.")
    if len(launch.data_disks) > 16:
        raise ApiError("InvalidDataDiskNumber.Exceeded", 400, "An instance takes at most 16 data disks.")
    for disk in launch.data_disks:
        if disk.snapshot_id:
            snapshot = find(store.snapshots, disk.snapshot_id, "InvalidSnapshotId.NotFound", launch.region)
            if snapshot.status != "accomplished":
                raise ApiError("InvalidSnapshotId.NotReady", 400, "The snapshot is not accomplished.")
            if disk.size and disk.size < snapshot.size:
                raise ApiError("InvalidDataDiskSize.LessThanSnapshotSize", 400, "The snapshot is larger.")
        elif disk.size < 1:
            raise ApiError("InvalidDataDiskSize.ValueNotSupported", 400, "A data disk needs a size or a snapshot.")
