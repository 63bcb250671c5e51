"""What is there before the first call: regions, zones and their stock, instance types, public images."""

from __future__ import annotations

from dataclasses import dataclass, field

_REGIONS = {
    "cn-hangzhou": "bghi jk",
    "cn-beijing": "cfghijkl",
    "cn-shanghai": "bfglmn",
    "cn-shenzhen": "cdef",
    "cn-qingdao": "bc",
    "cn-zhangjiakou": "abc",
    "cn-chengdu": "ab",
    "cn-hongkong": "bcd",
    "ap-southeast-1": "abc",
    "ap-northeast-1": "abc",
    "us-west-1": "ab",
    "us-east-1": "ab",
    "eu-central-1": "abc",
}


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A size of instance."""

    id: str
    family: str
    cpus: int
    memory_gib: float


@dataclass(frozen=True, slots=True)
class PublicImage:
    """An image that everybody can use."""

    id: str
    name: str
    family: str
    os_name: str
    platform: str
    size: int
    os_type: str = "linux"


INSTANCE_TYPES = {
    kind.id: kind
    for kind in (
        InstanceType("ecs.t5-lc1m1.small", "ecs.t5", 1, 1),
        InstanceType("ecs.t5-lc1m2.small", "ecs.t5", 1, 2),
        InstanceType("ecs.t6-c1m1.large", "ecs.t6", 2, 2),
        InstanceType("ecs.s6-c1m1.small", "ecs.s6", 1, 1),
        InstanceType("ecs.s6-c1m2.large", "ecs.s6", 2, 4),
        InstanceType("ecs.n1.tiny", "ecs.n1", 1, 1),
        InstanceType("ecs.n1.small", "ecs.n1", 1, 2),
        InstanceType("ecs.n4.large", "ecs.n4", 2, 4),
        InstanceType("ecs.e-c1m1.large", "ecs.e", 2, 2),
        InstanceType("ecs.u1-c1m2.large", "ecs.u1", 2, 4),
        InstanceType("ecs.c6.large", "ecs.c6", 2, 4),
        InstanceType("ecs.c7.large", "ecs.c7", 2, 4),
        InstanceType("ecs.c8y.large", "ecs.c8y", 2, 4),
        InstanceType("ecs.g6.large", "ecs.g6", 2, 8),
        InstanceType("ecs.g7.large", "ecs.g7", 2, 8),
        InstanceType("ecs.g7.xlarge", "ecs.g7", 4, 16),
        InstanceType("ecs.r7.large", "ecs.r7", 2, 16),
        InstanceType("ecs.d1ne.2xlarge", "ecs.d1ne", 8, 32),
    )
}

PUBLIC_IMAGES = (
    PublicImage(
        "centos_7_03_64_20G_alibase_20170818.vhd", "centos_7_03_64_20G_alibase_20170818.vhd",
        "acs:centos_7_3_x64", "CentOS  7.3 64-bit", "CentOS", 20,
    ),
    PublicImage(
        "aliyun_3_9_x64_20G_alibase_20231219.vhd", "aliyun_3_9_x64_20G_alibase_20231219.vhd",
        "acs:alibaba_cloud_linux_3_2104_lts_x64", "Alibaba Cloud Linux  3.2104 LTS 64-bit", "Aliyun", 20,
    ),
    PublicImage(
        "ubuntu_22_04_x64_20G_alibase_20240322.vhd", "ubuntu_22_04_x64_20G_alibase_20240322.vhd",
        "acs:ubuntu_22_04_x64", "Ubuntu  22.04 64-bit", "Ubuntu", 20,
    ),
    PublicImage(
        "debian_12_5_x64_20G_alibase_20240401.vhd", "debian_12_5_x64_20G_alibase_20240401.vhd",
        "acs:debian_12_5_x64", "Debian  12.5 64-bit", "Debian", 20,
    ),
    PublicImage(
        "win2008r2_64_ent_sp1_zh-cn_40G_alibase_20181220.vhd", "win2008r2_64_ent_sp1_zh-cn_40G_alibase_20181220.vhd",
        "acs:win2008r2_64_ent_zh-cn", "Windows Server  2008 R2 Enterprise 64-bit", "Windows Server 2008", 40, "windows",
    ),
)  # fmt: skip


@dataclass
class World:
    """The part of the world that can be changed by a test: what is sold where.

    ``out_of_stock`` holds ``(zone, instance type)`` pairs, and ``(zone, "")`` for a zone that has nothing left.
    """

    regions: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            region: tuple(f"{region}-{letter}" if region[-1].isalpha() else f"{region}{letter}" for letter in letters)
            for region, letters in ((region, text.replace(" ", "")) for region, text in _REGIONS.items())
        }
    )
    instance_types: dict[str, InstanceType] = field(default_factory=lambda: dict(INSTANCE_TYPES))
    out_of_stock: set[tuple[str, str]] = field(default_factory=set)

    def in_stock(self, zone: str, instance_type: str) -> bool:
        """Whether a zone has this type left."""
        return not {(zone, ""), (zone, instance_type)} & self.out_of_stock

    def zones(self, region: str) -> tuple[str, ...]:
        """The zones of a region, none for a region that does not exist."""
        return self.regions.get(region, ())

    def add_instance_type(self, identity: str) -> None:
        """Sell one more instance type."""
        family = ".".join(identity.split(".")[:2]).split("-")[0]
        self.instance_types.setdefault(identity, InstanceType(identity, family, 2, 4))
