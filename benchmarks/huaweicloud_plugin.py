"""What the waits of Packer's plugin for Huawei Cloud cost beside ours.

The plugin's are computed from its code, because it can't be pointed at a simulator; ours are those of a recorded build.

Source: version 1.2.2. Every wait sleeps first, then looks, then looks again after a pause; its steps run one after the
other. After a deletion it takes "not found" for a failure of the look, and gives up after twenty more of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagesmith_simulator.record import Call


@dataclass(frozen=True)
class Wait:
    """One wait: for what latency, the first sleep, the pause between looks, looks that come too many; seconds.

    ``ours``: the call that begins it in our build, the looks, and the call before which it is over.
    """

    what: str
    latency: str
    first_s: float
    pause_s: float
    ours: tuple[str, str, str]
    too_many: int = 0

    def looks(self, takes_s: float) -> int:
        """How often it looks when what it waits for takes so long."""
        return 1 + math.ceil(max(0.0, takes_s - self.first_s) / self.pause_s) + self.too_many

    def seconds(self, takes_s: float) -> float:
        """When it goes on."""
        return self.first_s + (self.looks(takes_s) - 1) * self.pause_s

    def our_looks(self, calls: Sequence[Call]) -> tuple[int, float]:
        """How often our build has looked, and how long it has waited."""
        begin, look, end = self.ours
        begun = next(call.ended_s for call in calls if call.action == begin)
        over = max((call.started_s for call in calls if call.action == end), default=begun)
        looks = [call.ended_s for call in calls if call.action == look and begun < call.started_s < over]
        return len(looks), max(looks, default=begun) - begun


WAITS = (
    Wait("VPC is made", "vpc", 5.0, 3.0, ("CreateVpc", "ShowVpc", "CreateSubnet")),
    Wait("subnet is made", "subnet", 5.0, 3.0, ("CreateSubnet", "ShowSubnet", "CreatePostPaidServers")),
    Wait("EIP is made", "eip", 5.0, 3.0, ("CreatePublicip", "ShowPublicip", "CreatePostPaidServers")),
    Wait("server runs", "server", 10.0, 10.0, ("CreatePostPaidServers", "ShowJob", "ListServerInterfaces")),
    Wait("server has stopped", "stop", 5.0, 5.0, ("BatchStopServers", "ShowServer", "CreateImage")),
    Wait("image is made", "image", 60.0, 10.0, ("CreateImage", "ShowJob", "DeleteServers")),
    Wait("server is deleted", "delete", 10.0, 10.0, ("DeleteServers", "ShowJob", "DeleteSubnet"), too_many=20),
    Wait("subnet is deleted", "", 3.0, 5.0, ("DeleteSubnet", "ShowSubnet", "DeleteVpc")),
    Wait("VPC is deleted", "", 3.0, 5.0, ("DeleteVpc", "ShowVpc", "")),
)

OTHER_CALLS = (
    "NovaListAvailabilityZones",
    "NovaCreateKeypair",
    "ListImages",
    "CreateVpc",
    "CreateSubnet",
    "CreatePublicip",
    "CreatePostPaidServers",
    "ListServerInterfaces",
    "BatchStopServers",
    "CreateImage",
    "DeleteServers",
    "DeletePublicip",
    "NovaDeleteKeypair",
)
"""The calls that are no looks; the deletions of subnet and VPC are looks themselves."""


def print_table(latencies: Mapping[str, float], ours: Sequence[Call]) -> tuple[int, float]:
    """Print each wait beside ours; returns the plugin's calls and seconds for a build, without those in the guest."""
    calls, seconds = len(OTHER_CALLS), len(OTHER_CALLS) * latencies["call"]
    print("                                    imagesmith        the plugin, computed")
    print("  seconds             takes       waits   looks       waits   looks")
    for wait in WAITS:
        takes = latencies.get(wait.latency, 0.0)
        looks, waits = wait.looks(takes), wait.seconds(takes)
        our_looks, our_wait = wait.our_looks(ours)
        print(f"  {wait.what:18} {takes:6.1f} {our_wait:11.1f} {our_looks:7} {waits:11.1f} {looks:7}")
        calls, seconds = calls + looks, seconds + waits + looks * latencies["call"]
    return calls, seconds
