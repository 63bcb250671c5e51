"""Builds to be broken: the same one each time, in this process or in one that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys

from imagesmith import Build, RunSettings
from imagesmith.runner import RunOutcome, run_plan
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud

TEMPLATE = {
    "region": "cn-hangzhou",
    "image_name": "swept",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "communicator": "none",
    "associate_public_ip_address": True,
    "image_ignore_data_disks": True,
    "tags": {"app": "web"},
}


def source(cloud: SimulatedAlicloud) -> AlicloudEcs:
    """The builder's options for the swept build: network, key pair, EIP, snapshot and image, all made by the run."""
    attached = cloud.attach(AlicloudEcs(**TEMPLATE))  # type: ignore[arg-type]
    assert isinstance(attached, AlicloudEcs)
    return attached


def run(cloud: SimulatedAlicloud) -> RunOutcome:
    """One build in this process."""
    return run_plan(Build(source=source(cloud)).plan(), RunSettings(), lambda _event: None)


def calls_of_a_build() -> list[str]:
    """The actions of a build that nothing breaks, in order."""
    cloud = SimulatedAlicloud.start(machines="none")
    try:
        assert run(cloud).exit_code == 0
        return [call.action for call in cloud.calls()]
    finally:
        cloud.close()


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
