"""Templates for Alibaba Cloud, and what can go wrong with their builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from imagesmith.communicator import CommunicatorOptions
from imagesmith_alicloud import AlicloudEcs, Disk
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.machines.interface import MachineKind
from tests.policies.drills import Drill, Side, Variant

_COMMON: Mapping[str, Any] = {
    "region": "cn-hangzhou",
    "image_name": "drilled",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "communicator": "none",
}
_OVER_SSH = {"communicator": "ssh", "ssh_username": "root"}
_WINDOWS = {
    "communicator": "winrm",
    "winrm_username": "Administrator",
    "source_image": "win2022_21H2_x64_dtc_en-us_40G_alibase_20231213.vhd",
}
_OWN_NETWORK = {"vswitch_id": "vsw-mine", "security_group_id": "sg-mine"}
_EIP = {"associate_public_ip_address": True}
_TAGS = {"tags": {"app": "web"}}

VARIANTS = (
    Variant("minimal", sampled=True),
    Variant("over SSH, everything made", {**_OVER_SSH, **_TAGS, "image_ignore_data_disks": True}, guest=True),
    Variant("Windows", _WINDOWS, guest=True),
    Variant("Cloud Assistant", {"communicator": "cloud-assistant"}, guest=True, script="sleep 1"),
    Variant("own VPC", {"vpc_id": "vpc-mine"}),
    Variant("own vSwitch and group", {**_OWN_NETWORK, **_EIP}, sampled=True),
    Variant("own vSwitch, group made", {"vswitch_id": "vsw-mine"}),
    Variant("zone given", {"zone_id": "cn-hangzhou-i"}),
    Variant("EIP made", _EIP),
    Variant("own EIP", {**_EIP, "eip_id": "eip-mine"}),
    Variant("system disk only", {**_TAGS, "image_ignore_data_disks": True}),
    Variant("tagged", {**_TAGS, "image_disk_mappings": (Disk(disk_size=20),)}),
    Variant("replaces", {"image_force_delete": True, "image_force_delete_snapshots": True}),
    Variant("-force", {"image_ignore_data_disks": True}, force=True, sampled=True),
    Variant("no image", {"skip_create_image": True}),
    Variant("family and role", {"source_image": "", "image_family": "my-family", "ecs_ram_role_name": "builder"}),
    Variant(
        "stops itself, password",
        {**_OVER_SSH, **_OWN_NETWORK, "ssh_password": "Passw0rd!x", "disable_stop_instance": True},
        guest=True,
        script="poweroff",
    ),
)

_REFUSED = "InvalidParameter"
_NOWHERE: Mapping[str, Any] = {
    "ssh_host": "127.0.0.1",
    "ssh_port": 9,
    "ssh_timeout": 1.0,
    "winrm_host": "127.0.0.1",
    "winrm_port": 9,
    "winrm_timeout": 1.0,
    "ssh_username": "nobody-here",
}

BREAKING = (
    Drill("image fails", (Fault(kind="end_state", action="CreateImage"),), "CreateImage"),
    Drill("snapshot fails", (Fault(kind="end_state", action="CreateSnapshot"),), "CreateSnapshot"),
    Drill(
        "instance can't be released",
        (Fault(kind="refuse", action="DeleteInstance", times=99, code=_REFUSED),),
        leaves=True,
    ),
    Drill("left to a cleanup", (Fault(kind="refuse", action="RunInstances", code=_REFUSED),), leave=True),
    Drill(
        "left to a cleanup late",
        (Fault(kind="refuse", action="DescribeInstances", nth=3, code=_REFUSED),),
        leave=True,
    ),
    Drill(
        "stopped in a script",
        (Fault(kind="throttle", action="DescribeInvocationResults", nth=3),),
        "RunCommand",
        guest=True,
        stop=True,
    ),
    Drill("second build", before=1),
    Drill("naming fails", (Fault(kind="refuse", action="ModifyImageAttribute", code=_REFUSED),), before=1),
    Drill("tagging fails", (Fault(kind="refuse", action="TagResources", code=_REFUSED),), "TagResources"),
    Drill(
        "guest never reached",
        guest=True,
        changes=_NOWHERE,
    ),
)


class Alicloud(Side):
    """Alibaba Cloud."""

    keys = ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY")
    refusal = "not authorized to operate"
    makes = (
        "AllocateEipAddress",
        "CreateImage",
        "CreateSecurityGroup",
        "CreateSnapshot",
        "CreateVSwitch",
        "CreateVpc",
        "ImportKeyPair",
        "RunInstances",
    )
    breaking = BREAKING

    def start_cloud(self, machines: Literal["none"] | MachineKind) -> SimulatedAlicloud:
        return SimulatedAlicloud.start(machines=machines)

    def source(self, cloud: Any, changes: Mapping[str, Any]) -> CommunicatorOptions:
        attached = cloud.attach(AlicloudEcs(**{**_COMMON, **changes}))
        assert isinstance(attached, AlicloudEcs)
        return attached
