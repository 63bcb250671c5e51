"""What came of the faults, in numbers, and what comes of them with packer."""

from __future__ import annotations

from collections import Counter
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
"""What Debian's packer 1.6.6 does in the same place, measured against an independent simulation of the same APIs."""


@dataclass
class Tally:
    """How many calls were failed in which way, and how the builds ended."""

    rows: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, fault: str, outcome: str) -> None:
        self.rows.setdefault(fault, Counter())[outcome] += 1
