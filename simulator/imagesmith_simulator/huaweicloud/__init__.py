"""A simulated Huawei Cloud: ECS, IMS, VPC, EIP, EVS, IAM and CBR of one account, on one port of 127.0.0.1.

Layers, each of which knows only the next: `gateway` (HTTP, signatures, client tokens, faults), `handlers` (fields in,
JSON out, no state), `models` (the rules, no wire format), `store` and `resources` (what exists).
"""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.cloud import SimulatedHuaweicloud

__all__ = ["SimulatedHuaweicloud"]
