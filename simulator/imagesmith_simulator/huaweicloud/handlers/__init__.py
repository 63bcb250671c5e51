"""Fields in, JSON out, no state: one module for each group of operations."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.handlers import (
    catalogue,
    eips,
    image_members,
    images,
    jobs,
    key_pairs,
    keystone,
    networks,
    one_server,
    openstack,
    projects,
    security_groups,
    servers,
    vaults,
    volumes,
)

__all__ = [
    "catalogue",
    "eips",
    "image_members",
    "images",
    "jobs",
    "key_pairs",
    "keystone",
    "networks",
    "one_server",
    "openstack",
    "projects",
    "security_groups",
    "servers",
    "vaults",
    "volumes",
]
