"""The actions: they read a request's parameters, call a model and write the answer. They hold no state."""

from imagesmith_simulator.alicloud.handlers import (  # noqa: F401
    assistant,
    catalogue,
    eips,
    images,
    instances,
    key_pairs,
    location,
    networks,
    security_groups,
    snapshots,
    tags,
)
