"""Everything that exists in the account."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from imagesmith_simulator.alicloud.errors import ApiError, not_found
from imagesmith_simulator.alicloud.resources import (
    Disk,
    Eip,
    Image,
    Instance,
    KeyPair,
    Resource,
    SecurityGroup,
    Snapshot,
    Vpc,
    VSwitch,
)
from imagesmith_simulator.alicloud.world import World
from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.machines.hosting import Machines
from imagesmith_simulator.state import State

if TYPE_CHECKING:
    from imagesmith_simulator.alicloud.models.assistant import Invocation

AnyResource = TypeVar("AnyResource", bound=Resource)

LATENCIES = ("call", "instance", "stop", "release", "snapshot", "image", "copy", "vpc", "vswitch", "eip")
QUOTAS = {
    "vpc": 10,
    "vswitch": 150,
    "security_group": 100,
    "eip": 20,
    "instance": 100,
    "image": 100,
    "snapshot": 256,
    "key_pair": 500,
}
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Store(State):
    """The resources by id (key pairs by region and name), with the clock, the latencies and the machines."""

    def __init__(self, clock: SimulatedClock, world: World, machines: Machines, latencies: Mapping[str, float]) -> None:
        """``latencies``: simulated seconds by name, see `LATENCIES`; what is not named takes no time."""
        super().__init__(clock, machines, latencies, names=LATENCIES, quotas=QUOTAS)
        self.world = world
        self.vpcs: dict[str, Vpc] = {}
        self.vswitches: dict[str, VSwitch] = {}
        self.security_groups: dict[str, SecurityGroup] = {}
        self.key_pairs: dict[tuple[str, str], KeyPair] = {}
        self.instances: dict[str, Instance] = {}
        self.disks: dict[str, Disk] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.images: dict[tuple[str, str], Image] = {}
        self.eips: dict[str, Eip] = {}
        self.invocations: dict[str, Invocation] = {}
        self._random = random.SystemRandom()

    def new_id(self, prefix: str) -> str:
        """A new id that looks like the cloud's own."""
        return f"{prefix}-bp1" + "".join(self._random.choices(_ALPHABET, k=17))

    def made(self, resource: Resource) -> None:
        """Journal that the call has made a resource."""
        self.journal.made.append(resource.id)

    def check_quota(self, name: str, region: str, held: Mapping[Any, Resource], code: str) -> None:
        """Refuse when the account holds as many as its quota allows in a region."""
        mine = [item for item in held.values() if item.region == region and getattr(item, "owner", "self") == "self"]
        if len(mine) >= self.quotas[name]:
            raise ApiError(code, 400, f"The quota of {self.quotas[name]} for {name.replace('_', ' ')} is used up.")

    def all(self) -> list[tuple[str, Resource]]:
        """Everything that exists, with its kind."""
        tables: tuple[tuple[str, Mapping[Any, Resource]], ...] = (
            ("instance", self.instances),
            ("disk", self.disks),
            ("eip", self.eips),
            ("key pair", self.key_pairs),
            ("security group", self.security_groups),
            ("vswitch", self.vswitches),
            ("vpc", self.vpcs),
            ("snapshot", self.snapshots),
            ("image", self.images),
        )
        return [(kind, item) for kind, table in tables for item in table.values()]


def find(table: Mapping[str, AnyResource], identity: str, code: str, region: str = "") -> AnyResource:
    """The resource with an id, in a region where one is named. Raises the API's NotFound."""
    found = table.get(identity)
    if found is None or (region and found.region != region):
        raise not_found(code, identity)
    return found
