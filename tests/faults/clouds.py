"""The clouds whose calls are broken, and for each the templates that together make every call of its provider."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from imagesmith import Shell
from imagesmith.communicator import CommunicatorOptions
from imagesmith.options import Options, restore
from imagesmith.provisioners.powershell import Powershell
from imagesmith_alicloud import AlicloudEcs
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.cloud import SimulatedCloud
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

OVER_SSH = {"communicator": "ssh", "ssh_username": "root"}
ELEVATED = Powershell(inline=["whoami"], elevated_user="Administrator", elevated_password="{{.WinRMPassword}}")


def over_winrm(first_line: str, **changes: str) -> dict[str, str]:
    """Options for Windows, whose user data opens WinRM; the password is the cloud's or made up."""
    user_data = f"{first_line}\nwinrm quickconfig -quiet\n"
    return {"communicator": "winrm", "winrm_username": "Administrator", "user_data": user_data, **changes}


@dataclass(frozen=True)
class Shape:
    """What a template has besides the cloud's common options, and whether it needs a guest."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    machines: Literal["none", "sandbox"] = "none"
    provisioners: tuple[Options, ...] = ()
    killed: bool = True
    """Whether its process is killed at every call too."""


@dataclass(frozen=True)
class Target:
    """One cloud: where to start it, the builder and its options, and how the cloud says that something is not allowed.

    ``pointing`` are the options by which a process of its own finds the simulated cloud, ``keys`` the variables from
    which it and a later cleanup take the credentials. ``bound``: the call that gives the instance its address.
    """

    name: str
    start: Callable[..., SimulatedCloud]
    builder_type: str
    builder: type[CommunicatorOptions]
    template: Mapping[str, Any]
    pointing: tuple[str, ...]
    keys: Mapping[str, str]
    forbidden: str
    shapes: tuple[Shape, ...]
    bound: str
    for_login: tuple[str, ...]
    latencies: Mapping[str, float] = field(default_factory=dict)
    starting: str = "instance"
    """The latency of an instance's start."""
    also: Mapping[str, Any] = field(default_factory=dict)
    """What exists besides what the template names, as the simulator adopts it."""

    def cloud(self, machines: str = "none", **latencies: float) -> SimulatedCloud:
        """A cloud of its own for each build."""
        cloud = self.start(machines=machines, latencies={**self.latencies, **latencies})
        if self.also:
            cloud.adopt(self.also)
        return cloud

    def source(self, cloud: SimulatedCloud, changes: Mapping[str, Any]) -> CommunicatorOptions:
        """The builder's options, pointed at the cloud."""
        return cloud.attach(restore(self.builder, {**self.template, **changes}))

    def builder_block(self, cloud: SimulatedCloud, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The same as a builder of a JSON template."""
        source = self.source(cloud, changes)
        given = {name: getattr(source, name) for name in (*self.pointing, "access_key", "secret_key")}
        return {"type": self.builder_type, **self.template, **changes, **given}

    def environment(self, cloud: SimulatedCloud) -> dict[str, str]:
        """The credentials, for a process of its own."""
        return {variable: getattr(cloud, name) for variable, name in self.keys.items()}


ALICLOUD = Target(
    name="alicloud",
    start=SimulatedAlicloud.start,
    builder_type="alicloud-ecs",
    builder=AlicloudEcs,
    template={
        "region": "cn-hangzhou",
        "image_name": "swept",
        "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
        "instance_type": "ecs.s6-c1m2.large",
        "communicator": "none",
        "associate_public_ip_address": True,
        "image_ignore_data_disks": True,
        "tags": {"app": "web"},
    },
    pointing=("custom_endpoint_ecs", "custom_endpoint_vpc"),
    keys={"ALICLOUD_ACCESS_KEY": "access_key", "ALICLOUD_SECRET_KEY": "secret_key"},
    forbidden="Forbidden.RAM",
    shapes=(
        Shape("from a snapshot"),
        Shape("from the instance", {"image_ignore_data_disks": False}, killed=False),
        Shape("over SSH", OVER_SSH, "sandbox", (Shell(inline=["echo hello"]),), killed=False),
        Shape(
            "Windows",
            over_winrm("[powershell]", source_image="win2022_21H2_x64_dtc_en-us_40G_alibase_20231213.vhd"),
            "sandbox",
            (ELEVATED,),
            killed=False,
        ),
    ),
    bound="AssociateEipAddress",
    for_login=("ImportKeyPair", "AuthorizeSecurityGroup"),
)

SNAPSHOT, VOLUME, EIP, MEMBER, VAULT = (str(uuid.UUID(int=number, version=4)) for number in range(1, 6))

HUAWEICLOUD = Target(
    name="huaweicloud",
    start=SimulatedHuaweicloud.start,
    builder_type="huaweicloud-ecs",
    builder=HuaweicloudEcs,
    template={
        "region": "cn-north-4",
        "image_name": "swept",
        "source_image_name": "Ubuntu 22.04 server 64bit",
        "flavor": "s6.large.2",
        "communicator": "none",
        "eip_bandwidth_size": 5,
        "image_tags": {"app": "web"},
    },
    pointing=("endpoints", "project_id"),
    keys={"HW_ACCESS_KEY": "access_key", "HW_SECRET_KEY": "secret_key"},
    forbidden="PDP5.0001",
    shapes=(
        Shape("the system disk"),
        Shape(
            "data disks of all kinds, own EIP, shared",
            {
                "image_type": "system-data",
                "data_disks": [{"volume_size": 20}, {"snapshot_id": SNAPSHOT}, {"volume_id": VOLUME}],
                "eip_bandwidth_size": 0,
                "floating_ip": EIP,
                "image_members": [MEMBER],
                "image_auto_accept_members": True,
                "image_min_disk": 60,
            },
        ),
        Shape(
            "the whole server, reused EIP",
            {"image_type": "full-ecs", "vault_id": VAULT, "eip_bandwidth_size": 0, "reuse_ips": True},
            killed=False,
        ),
        Shape("over SSH", OVER_SSH, "sandbox", (Shell(inline=["echo hello"]),), killed=False),
        Shape(
            "Windows",
            over_winrm("#ps1_sysnative", source_image_name="Windows Server 2022 Standard 64bit English"),
            "sandbox",
            (ELEVATED,),
            killed=False,
        ),
    ),
    bound="UpdatePublicip",
    for_login=("NovaCreateKeypair", "CreateSecurityGroupRule"),
    latencies={"lists": 0.3},
    starting="server",
    also={"region": "cn-north-4", "project_id": MEMBER},
)
"""Lists lag behind, so that what a lost answer has made is not found at the first look."""

TARGETS = (ALICLOUD, HUAWEICLOUD)
