"""Fields in, JSON out, no state: one module for each group of operations."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.handlers import eips, networks, projects, security_groups

__all__ = ["eips", "networks", "projects", "security_groups"]
