"""Builds to be broken: the same one each time, in this process or in one that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

from imagesmith import Build, RunSettings, Shell
from imagesmith.runner import RunOutcome, run_plan
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud

TEMPLATE: dict[str, Any] = {
    "region": "cn-hangzhou",
    "image_name": "swept",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "communicator": "none",
    "associate_public_ip_address": True,
    "image_ignore_data_disks": True,
    "tags": {"app": "web"},
}
OVER_SSH = {"communicator": "ssh", "ssh_username": "root"}


@dataclass(frozen=True)
class Way:
    """One kind of build to be swept: network, key pair, EIP, snapshot and image are all made by the run."""

    name: str
    changes: dict[str, Any]
    machines: Literal["none", "sandbox"] = "none"
    provisioners: tuple[Shell, ...] = ()

    def cloud(self) -> SimulatedAlicloud:
        """A cloud of its own for each build."""
        return SimulatedAlicloud.start(machines=self.machines)

    def run(self, cloud: SimulatedAlicloud) -> RunOutcome:
        """One build in this process."""
        build = Build(source=source(cloud, self.changes), provisioners=self.provisioners)
        return run_plan(build.plan(), RunSettings(), lambda _event: None)

    def calls(self) -> list[str]:
        """The actions of a build that nothing breaks, in order."""
        with self.cloud() as cloud:
            assert self.run(cloud).exit_code == 0
            return [call.action for call in cloud.calls()]


FROM_SNAPSHOT = Way("from a snapshot", {})
WAYS = (
    FROM_SNAPSHOT,
    Way("from the instance", {"image_ignore_data_disks": False}),
    Way("over SSH", OVER_SSH, "sandbox", (Shell(inline=["echo hello"]),)),
)


def source(cloud: SimulatedAlicloud, changes: dict[str, Any]) -> AlicloudEcs:
    """The builder's options for a swept build."""
    attached = cloud.attach(AlicloudEcs(**(TEMPLATE | changes)))
    assert isinstance(attached, AlicloudEcs)
    return attached


def broken_call(cloud: SimulatedAlicloud) -> str:
    """The action that the fault has hit; calls side by side come in any order, and there may be a look fewer."""
    return next((call.action for call in cloud.calls() if call.fault), "no call")


def images(cloud: SimulatedAlicloud) -> list[str]:
    """What is there besides leftovers."""
    leftovers = set(cloud.leftovers())
    return [line for line in cloud.inventory() if line not in leftovers]


CODE = """
import json, sys
from imagesmith_alicloud import AlicloudEcs
from imagesmith import Build
Build(source=AlicloudEcs(**json.loads(sys.argv[1]))).run()
"""


def start_process(options: str, *, keys: dict[str, str]) -> subprocess.Popen[bytes]:
    """The same build in a process of its own; its credentials come from the environment, as a cleanup's will."""
    return subprocess.Popen(
        [sys.executable, "-c", CODE, options],
        env=os.environ | keys,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
