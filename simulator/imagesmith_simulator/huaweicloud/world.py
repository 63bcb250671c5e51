"""What is there before the first call: regions, zones and their stock, flavors, public images."""

from __future__ import annotations

from dataclasses import dataclass, field

_REGIONS = {
    "cn-north-1": "abc",
    "cn-north-4": "abcg",
    "cn-north-9": "abc",
    "cn-east-2": "abcd",
    "cn-east-3": "abcd",
    "cn-south-1": "cdef",
    "cn-southwest-2": "abcd",
    "ap-southeast-1": "ab",
    "ap-southeast-2": "abc",
    "ap-southeast-3": "abc",
    "af-south-1": "ab",
    "la-south-2": "ab",
    "na-mexico-1": "a",
    "sa-brazil-1": "ab",
    "tr-west-1": "abc",
    "my-kualalumpur-1": "ab",
    "eu-west-101": "abc",
    "eu-west-0": "abc",
    "eu-de": "",
    "eu-nl": "",
}


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of server. ``ram`` is in MiB."""

    id: str
    vcpus: int
    ram: int

    @property
    def is_arm(self) -> bool:
        """Whether it has Kunpeng processors: kc1, km1, ks1, …"""
        return self.id.startswith("k")


@dataclass(frozen=True, slots=True)
class PublicImage:
    """An image that everybody can use."""

    id: str
    name: str
    platform: str
    os_version: str
    min_disk: int = 40
    os_type: str = "Linux"
    architecture: str = "x86"


FLAVORS = {
    flavor.id: flavor
    for flavor in (
        Flavor("s3.medium.2", 1, 2048),
        Flavor("s3.large.2", 2, 4096),
        Flavor("s6.small.1", 1, 1024),
        Flavor("s6.medium.2", 1, 2048),
        Flavor("s6.large.2", 2, 4096),
        Flavor("s7.large.2", 2, 4096),
        Flavor("c6.large.2", 2, 4096),
        Flavor("c6s.large.2", 2, 4096),
        Flavor("c7.large.2", 2, 4096),
        Flavor("c7.xlarge.2", 4, 8192),
        Flavor("m6.large.8", 2, 16384),
        Flavor("t6.large.2", 2, 4096),
        Flavor("kc1.large.2", 2, 4096),
        Flavor("kc2.large.2", 2, 4096),
    )
}

PUBLIC_IMAGES = (
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0001", "Huawei Cloud EulerOS 2.0 64bit", "Huawei Cloud EulerOS",
                "Huawei Cloud EulerOS 2.0 64bit"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0002", "CentOS 7.9 64bit", "CentOS", "CentOS 7.9 64bit"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0003", "Ubuntu 22.04 server 64bit", "Ubuntu",
                "Ubuntu 22.04 server 64bit"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0004", "Ubuntu 18.04 server 64bit", "Ubuntu",
                "Ubuntu 18.04 server 64bit"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0005", "Debian 12.0.0 64bit", "Debian", "Debian 12.0.0 64bit"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0006", "openEuler 22.03 LTS 64bit with ARM", "openEuler",
                "openEuler 22.03 LTS 64bit", architecture="arm"),
    PublicImage("19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0007", "Windows Server 2022 Standard 64bit English", "Windows",
                "Windows Server 2022 Standard 64bit", os_type="Windows"),
)  # fmt: skip


@dataclass
class World:
    """The part of the world that can be changed by a test: what is sold where.

    ``sold_out`` holds ``(zone, flavor)`` pairs, and ``(zone, "")`` for a zone that has nothing left. What
    ``hidden_sold_out`` holds is told only by the failing job and not by the list of flavors. ``unavailable`` are zones
    that are down. ``keeps_failed``: a server whose job has failed stays in ERROR, as Nova leaves it; else it vanishes.
    """

    regions: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            region: tuple(f"{region}{letter}" for letter in letters) or tuple(f"{region}-0{n}" for n in (1, 2, 3))
            for region, letters in _REGIONS.items()
        }
    )
    flavors: dict[str, Flavor] = field(default_factory=lambda: dict(FLAVORS))
    sold_out: set[tuple[str, str]] = field(default_factory=set)
    hidden_sold_out: set[tuple[str, str]] = field(default_factory=set)
    unavailable: set[str] = field(default_factory=set)
    keeps_failed: bool = True

    def zones(self, region: str) -> tuple[str, ...]:
        """The zones of a region, none for a region that does not exist."""
        return self.regions.get(region, ())

    def sells(self, zone: str, flavor: str) -> bool:
        """Whether a zone has this flavor left, as the list of flavors tells it."""
        return not {(zone, ""), (zone, flavor)} & self.sold_out

    def has(self, zone: str, flavor: str) -> bool:
        """Whether a zone really has this flavor left."""
        return self.sells(zone, flavor) and not {(zone, ""), (zone, flavor)} & self.hidden_sold_out

    def add_flavor(self, identity: str) -> None:
        """Sell one more flavor."""
        self.flavors.setdefault(identity, Flavor(identity, 2, 4096))
