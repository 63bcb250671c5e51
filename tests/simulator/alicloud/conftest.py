"""A simulated cloud without machines, and the real SDK clients that talk to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models as vpc_models
from alibabacloud_vpc20160428.client import Client as VpcClient

from imagesmith_simulator.alicloud import SimulatedAlicloud

REGION = "cn-hangzhou"
ZONE = "cn-hangzhou-h"
IMAGE = "aliyun_3_9_x64_20G_alibase_20231219.vhd"
TYPE = "ecs.g6.large"


@dataclass
class Net:
    """A network to put instances into."""

    vpc: str
    vswitch: str
    group: str


class Sdk:
    """The SDK's ECS and VPC clients for one cloud; ``do("CreateVpc", cidr_block=...)`` is one call."""

    def __init__(self, cloud: SimulatedAlicloud, **credentials: str) -> None:
        self.cloud = cloud
        keys = {"access_key_id": cloud.access_key, "access_key_secret": cloud.secret_key, **credentials}
        endpoint = cloud.url.removeprefix("http://")
        self._config = {**keys, "endpoint": endpoint, "protocol": "http", "region_id": REGION}
        self.ecs = EcsClient(Config(**self._config))
        self.vpc = VpcClient(Config(**self._config))

    def do(self, action: str, *, product: str = "", **fields: Any) -> Any:
        """The answer's body. VPC actions go to the VPC product unless ``product`` says "ecs"."""
        vpc_action = any(part in action for part in ("Vpc", "VSwitch", "Eip"))
        models, client = (vpc_models, self.vpc) if vpc_action and product != "ecs" else (ecs_models, self.ecs)
        request = getattr(models, f"{action}Request")()
        names = [name for name in vars(request) if not name.startswith("_")]
        if "region_id" in names:
            fields.setdefault("region_id", REGION)
        for name, value in fields.items():
            assert name in names, f"{action} has no {name}"
            setattr(request, name, value)
        method = _snake(action)
        return getattr(client, method)(request).body

    def refused(self, action: str, **fields: Any) -> str:
        """The code with which a call is refused."""
        with pytest.raises(AlibabaCloudException) as caught:
            self.do(action, **fields)
        return str(caught.value.code)

    def network(self, **vswitch: Any) -> Net:
        """A VPC with a vSwitch and a security group."""
        vpc = self.do("CreateVpc").vpc_id
        fields = {"vpc_id": vpc, "zone_id": ZONE, "cidr_block": "172.16.0.0/24", **vswitch}
        return Net(
            vpc,
            self.do("CreateVSwitch", **fields).v_switch_id,
            self.do("CreateSecurityGroup", vpc_id=vpc).security_group_id,
        )

    def run(self, net: Net | None = None, **fields: Any) -> str:
        """A new instance's id."""
        net = net or self.network()
        place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
        body = self.do("RunInstances", **{"image_id": IMAGE, "instance_type": TYPE, **place, **fields})
        return str(body.instance_id_sets.instance_id_set[0])

    def instance(self, identity: str) -> Any:
        """The instance as it is described, None when it is gone."""
        found = self.do("DescribeInstances", instance_ids=f'["{identity}"]').instances.instance
        return found[0] if found else None

    def image(self, identity: str, **fields: Any) -> Any:
        """The image in whatever status, None when it is gone."""
        found = self.do("DescribeImages", image_id=identity, status="ALL", **fields).images.image
        return found[0] if found else None

    def snapshot(self, identity: str) -> Any:
        """The snapshot, None when it is gone."""
        found = self.do("DescribeSnapshots", snapshot_ids=f'["{identity}"]').snapshots.snapshot
        return found[0] if found else None

    def eip(self, identity: str) -> Any:
        """The address, None when it is gone."""
        found = self.do("DescribeEipAddresses", allocation_id=identity).eip_addresses.eip_address
        return found[0] if found else None

    def disks(self, instance: str) -> list[Any]:
        """The disks of an instance."""
        return list(self.do("DescribeDisks", instance_id=instance).disks.disk)


def _snake(action: str) -> str:
    words = action.replace("VSwitch", "Vswitch")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in words).lstrip("_")


Start = Callable[..., SimulatedAlicloud]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts clouds without machines (unless told otherwise) and closes them at the end."""
    clouds: list[SimulatedAlicloud] = []

    def begin(**options: Any) -> SimulatedAlicloud:
        clouds.append(SimulatedAlicloud.start(**{"machines": "none", **options}))
        return clouds[-1]

    yield begin
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def cloud(start: Start) -> SimulatedAlicloud:
    """A cloud in which nothing takes time."""
    return start()


@pytest.fixture
def connect() -> Callable[..., Sdk]:
    """Makes SDK clients for a cloud, with other credentials where they are given."""
    return Sdk


@pytest.fixture
def sdk(cloud: SimulatedAlicloud) -> Sdk:
    """The SDK clients for ``cloud``."""
    return Sdk(cloud)


@pytest.fixture
def models() -> Any:
    """The ECS request models, for nested structures."""
    return ecs_models
