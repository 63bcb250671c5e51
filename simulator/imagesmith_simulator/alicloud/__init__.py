"""A simulated Alibaba Cloud: ECS 2014-05-26 and VPC 2016-04-28 of one account, on one port of 127.0.0.1.

Layers, each of which knows only the next: `gateway` (HTTP, signatures, tokens, faults), `handlers` (parameters in,
JSON out, no state), `models` (the rules, no wire format), `store` and `resources` (what exists).
"""

from __future__ import annotations

from imagesmith_simulator.alicloud.cloud import SimulatedAlicloud

__all__ = ["SimulatedAlicloud"]
