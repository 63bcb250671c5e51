"""The clouds that builds are measured on: the same small template on each, and how long things take there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.cloud import SimulatedCloud
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud


@dataclass(frozen=True)
class Measured:
    """A simulated cloud with its latencies in seconds, a builder, and how the builder finds the cloud."""

    name: str
    start: Callable[..., SimulatedCloud]
    latencies: Mapping[str, float]
    builder: Mapping[str, Any]
    pointing: Callable[[SimulatedCloud], Mapping[str, Any]]

    def block(self, cloud: SimulatedCloud, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The builder of a JSON template."""
        return {**self.builder, "access_key": cloud.access_key, "secret_key": cloud.secret_key, **changes}


def _at_alicloud(cloud: SimulatedCloud) -> Mapping[str, Any]:
    return {"custom_endpoint_ecs": cloud.url, "custom_endpoint_vpc": cloud.url}


def _at_huaweicloud(cloud: SimulatedCloud) -> Mapping[str, Any]:
    assert isinstance(cloud, SimulatedHuaweicloud)
    services = ("ecs", "ims", "vpc", "eip", "evs", "iam")
    return {"project_id": cloud.project_id("cn-north-4"), "endpoints": dict.fromkeys(services, cloud.url)}


ALICLOUD = Measured(
    "alicloud",
    SimulatedAlicloud.start,
    {"instance": 8.0, "stop": 5.0, "snapshot": 30.0, "image": 10.0, "call": 0.05},
    {
        "type": "alicloud-ecs",
        "region": "cn-hangzhou",
        "image_name": "benchmark",
        "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
        "instance_type": "ecs.s6-c1m2.large",
        "internet_charge_type": "PayByTraffic",
        "ssh_username": "root",
        "image_ignore_data_disks": True,
        "tags": {"app": "web"},
    },
    _at_alicloud,
)

HUAWEICLOUD = Measured(
    "huaweicloud",
    SimulatedHuaweicloud.start,
    {
        "server": 12.0,
        "stop": 6.0,
        "image": 45.0,
        "delete": 6.0,
        "vpc": 0.5,
        "subnet": 0.5,
        "eip": 1.0,
        "lists": 0.5,
        "call": 0.05,
    },
    {
        "type": "huaweicloud-ecs",
        "region": "cn-north-4",
        "image_name": "benchmark",
        "source_image_name": "Ubuntu 22.04 server 64bit",
        "flavor": "s6.large.2",
        "eip_bandwidth_size": 5,
        "ssh_username": "root",
        "image_tags": {"app": "web"},
    },
    _at_huaweicloud,
)
