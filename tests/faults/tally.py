"""What came of the faults on each cloud, in numbers, and what comes of them with packer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

PACKER = {
    "refuse": "fails; teardown calls leak with exit 0",
    "throttle": "fails at once on 18 of 26 calls, on 6 teardown calls leaks with exit 0",
    "error_5xx": "builds (4 in a row fail)",
    "cut": "builds (4 in a row fail)",
    "lose_answer": "6 calls fail, CreateKeyPair and CreateSnapshot leak",
    "kill -9": "leaks instance, disk, EIP, SG, VPC, vSwitch, key pair; no way to clean up",
    "SIGTERM": "tears down in 4 to 29 s; the script on the guest runs on",
}
"""What Debian's packer 1.6.6 does in the same place on Alibaba Cloud, measured against an independent simulation of the
same APIs. Its plugin for Huawei Cloud could not be measured."""


@dataclass
class Tally:
    """How many calls were failed in which way on which cloud, how the builds ended, and how much they left."""

    rows: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, cloud: str, fault: str, outcome: str, left: int = 0) -> None:
        """One build, how it ended, and how many things it left."""
        with self._lock:
            self.rows.setdefault((cloud, fault), Counter())[outcome] += 1
            self.left[cloud, fault] += left

    def lines(self) -> Iterator[str]:
        """The table, one line for each cloud and fault."""
        for (cloud, fault), outcomes in sorted(self.rows.items()):
            ours = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            ours += f"; leftovers {self.left[cloud, fault]}"
            beside = f" | {PACKER.get(fault, '')}" if cloud == "alicloud" else ""
            yield f"{cloud:11} {fault:12} {ours:72}{beside}".rstrip()
