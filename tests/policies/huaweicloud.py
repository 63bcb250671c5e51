"""Templates for Huawei Cloud, and what can go wrong with their builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from imagesmith.communicator import CommunicatorOptions
from imagesmith_huaweicloud import DataDisk, HuaweicloudEcs
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from imagesmith_simulator.machines.interface import MachineKind
from tests.policies.drills import Drill, Side, Variant

_COMMON: Mapping[str, Any] = {
    "region": "cn-north-4",
    "image_name": "drilled",
    "source_image_name": "Ubuntu 22.04 server 64bit",
    "flavor": "s6.large.2",
    "communicator": "none",
}
_OVER_SSH = {"communicator": "ssh", "ssh_username": "root"}
_WINDOWS = {
    "communicator": "winrm",
    "winrm_username": "Administrator",
    "source_image_name": "Windows Server 2022 Standard 64bit English",
}
_VPC, _SUBNET, _GROUP, _EIP, _VOLUME, _SNAPSHOT, _IMAGE, _PORT = (
    f"{number}0000000-0000-4000-8000-00000000000{number}" for number in range(1, 9)
)
_OWN_NETWORK = {"vpc_id": _VPC, "subnets": [_SUBNET], "security_groups": [_GROUP]}
_VAULT = "90000000-0000-4000-8000-000000000009"
_MEMBER = "0123456789abcdef0123456789abcdef"

VARIANTS = (
    Variant("minimal", sampled=True),
    Variant("over SSH, everything made", _OVER_SSH, guest=True),
    Variant("Windows makes its password", _WINDOWS, guest=True),
    Variant("Windows with a password", {**_WINDOWS, "winrm_password": "Good-Secret-1"}, guest=True),
    Variant("own VPC", {"vpc_id": _VPC}),
    Variant("own network", _OWN_NETWORK, sampled=True),
    Variant("subnet by name", {"vpc_name": "mine", "subnets": ["inner"]}),
    Variant("EIP made", {"eip_bandwidth_size": 5}),
    Variant("own EIP", {"floating_ip": _EIP}),
    Variant("EIP reused", {"reuse_ips": True, "floating_ip": ""}),
    Variant("project by name", {"project_name": "cn-north-4"}),
    Variant("data disk with the instance", {"data_disks": (DataDisk(volume_size=20),)}),
    Variant(
        "data disk of the user's", {"data_disks": (DataDisk(volume_size=20), DataDisk(volume_id=_VOLUME))}, sampled=True
    ),
    Variant("data disk of a snapshot", {"data_disks": (DataDisk(snapshot_id=_SNAPSHOT),), "image_type": "system"}),
    Variant("data disk kept", {"data_disks": (DataDisk(volume_size=20, delete_on_termination=False),)}, leaves=True),
    Variant("least disk and sharing", {"image_min_disk": 60, "image_members": [_MEMBER]}),
    Variant("whole instance", {"image_type": "full-ecs", "vault_id": _VAULT}),
)

_REFUSED = "Common.0018"


def _keep_disks(cloud: SimulatedHuaweicloud) -> None:
    """Somebody changes his mind: no disk is to go with its server."""
    with cloud.clock.lock:
        for volume in cloud.gateway.state.volumes.values():  # type: ignore[attr-defined]
            volume.delete_on_termination = False


_NOWHERE: Mapping[str, Any] = {
    "ssh_host": "127.0.0.1",
    "ssh_port": 9,
    "ssh_timeout": 1.0,
    "winrm_host": "127.0.0.1",
    "winrm_port": 9,
    "winrm_timeout": 1.0,
}
BREAKING = (
    Drill("image fails", (Fault(kind="end_state", action="CreateImage"),), "CreateImage"),
    Drill(
        "instance can't be deleted",
        (Fault(kind="refuse", action="DeleteServers", times=99, code=_REFUSED),),
        leaves=True,
    ),
    Drill("left to a cleanup", (Fault(kind="refuse", action="CreatePostPaidServers", code=_REFUSED),), leave=True),
    Drill("left to a cleanup late", (Fault(kind="refuse", action="BatchStopServers", code=_REFUSED),), leave=True),
    Drill("sharing fails", (Fault(kind="refuse", action="BatchAddMembers", code=_REFUSED),), "BatchAddMembers"),
    Drill(
        "disk can't be detached",
        (
            Fault(kind="refuse", action="DetachServerVolume", times=99, code=_REFUSED),
            Fault(kind="slow", action="DeleteServers"),
        ),
        "DetachServerVolume",
        leaves=True,
        meddle=_keep_disks,
    ),
    Drill(
        "guest never reached",
        guest=True,
        changes=_NOWHERE,
    ),
)


class Huaweicloud(Side):
    """Huawei Cloud."""

    keys = ("HW_ACCESS_KEY", "HW_SECRET_KEY")
    refusal = "Policy doesn't allow"
    makes = (
        "AttachServerVolume",
        "CreateImage",
        "CreatePostPaidServers",
        "CreatePublicip",
        "CreateSecurityGroup",
        "CreateSubnet",
        "CreateVolume",
        "CreateVpc",
        "CreateWholeImage",
        "NovaCreateKeypair",
    )
    breaking = BREAKING

    def start_cloud(self, machines: Literal["none"] | MachineKind) -> SimulatedHuaweicloud:
        return SimulatedHuaweicloud.start(machines=machines)

    def source(self, cloud: Any, changes: Mapping[str, Any]) -> CommunicatorOptions:
        attached = cloud.attach(HuaweicloudEcs(**{**_COMMON, **changes}))
        assert isinstance(attached, HuaweicloudEcs)
        return attached
