"""The shortest time in which a recorded build could have been done on the simulated cloud.

Nodes are the mutating calls that succeeded; a node lasts as long as the call's latency plus the transition that it
began (both on the simulated scale). A later call depends on an earlier one when the earlier was answered before the
later was sent, and

* the later uses or changes something that the earlier made or changed (a vSwitch needs its VPC, a snapshot the
  stopped instance, an address the running instance), or
* the later changes something that the earlier used (a security group is deleted after its instance).

The length of the longest chain is the critical path. Read-only calls (polling) and failed calls do not count. The time
that the client works in the guest is not the cloud's: it is 0 unless the caller gives it, and is then added before the
first call that stops or captures an instance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from imagesmith_simulator.record import Call


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The calls of the longest chain in order, and its length in simulated seconds."""

    calls: tuple[Call, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The chain as plain data: what each link costs."""
        links = [
            {"number": call.number, "action": call.action, "latency_s": call.latency_s, "takes_s": call.takes_s}
            for call in self.calls
        ]
        return {"seconds": round(self.seconds, 6), "calls": links}


def critical_path(calls: Sequence[Call], *, capturing: Collection[str], provisioning_s: float = 0.0) -> CriticalPath:
    """The longest chain. ``capturing``: the actions that end the work in the guest (`StopInstance`, …)."""
    nodes = [call for call in calls if call.mutates and call.outcome == "ok"]
    ends: list[float] = []
    previous: list[int | None] = []
    work = provisioning_s
    for index, call in enumerate(nodes):
        before = [earlier for earlier in range(index) if _depends(call, nodes[earlier])]
        latest = max(before, key=lambda earlier: ends[earlier], default=None)
        begin = 0.0 if latest is None else ends[latest]
        if call.action in capturing:
            begin, work = begin + work, 0.0
        ends.append(begin + call.latency_s + call.takes_s)
        previous.append(latest)
    chain: list[Call] = []
    last = max(range(len(nodes)), key=lambda index: ends[index], default=None)
    seconds = 0.0 if last is None else ends[last]
    while last is not None:
        chain.append(nodes[last])
        last = previous[last]
    return CriticalPath(tuple(reversed(chain)), seconds)


def _depends(later: Call, earlier: Call) -> bool:
    if earlier.ended_s > later.started_s:
        return False
    written_then = {*earlier.made, *earlier.changed}
    written_now = {*later.made, *later.changed}
    return bool(written_then & {*later.used, *written_now} or {*earlier.used} & written_now)
