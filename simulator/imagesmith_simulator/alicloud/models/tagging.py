"""Tags on what exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imagesmith_simulator.alicloud.errors import ApiError
from imagesmith_simulator.alicloud.resources import Resource
from imagesmith_simulator.alicloud.store import Store

KINDS = ("instance", "disk", "snapshot", "image", "securitygroup", "keypair", "vpc", "vswitch", "eip")
_MOST_TAGS = 20


class TagModel:
    """Puts tags on resources and takes them away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def resources(self, region: str, kind: str, identities: Iterable[str]) -> list[Resource]:
        """The resources of a kind (in lower case) with these ids. Raises InvalidResourceId.NotFound."""
        table = self._table(region, kind)
        wanted = list(identities)
        for identity in wanted:
            if identity not in table:
                raise ApiError("InvalidResourceId.NotFound", 404, f"The resource {identity} does not exist.")
        return [table[identity] for identity in wanted]

    def all(self, region: str, kind: str) -> list[Resource]:
        """Every resource of a kind."""
        return list(self._table(region, kind).values())

    def add(self, resources: Iterable[Resource], tags: Mapping[str, str]) -> None:
        """Set tags; a key that is there gets the new value."""
        for resource in resources:
            merged = {**resource.tags, **tags}
            if len(merged) > _MOST_TAGS:
                raise ApiError("QuotaExceed.TagKeys", 400, f"A resource takes at most {_MOST_TAGS} tags.")
            resource.tags = merged
            self._store.used(resource.id)

    def remove(self, resources: Iterable[Resource], keys: Iterable[str], *, everything: bool = False) -> None:
        """Take tags away by their keys; keys that are not there are passed over."""
        gone = set(keys)
        for resource in resources:
            resource.tags = {key: value for key, value in resource.tags.items() if not everything and key not in gone}
            self._store.used(resource.id)

    def _table(self, region: str, kind: str) -> dict[str, Resource]:
        store = self._store
        tables: dict[str, Mapping[Any, Resource]] = {
            "instance": store.instances,
            "disk": store.disks,
            "snapshot": store.snapshots,
            "image": store.images,
            "securitygroup": store.security_groups,
            "keypair": store.key_pairs,
            "vpc": store.vpcs,
            "vswitch": store.vswitches,
            "eip": store.eips,
        }
        if kind not in tables:
            raise ApiError("InvalidResourceType.NotFound", 404, f"Resources of the type {kind} can't be tagged here.")
        return {item.id: item for item in tables[kind].values() if item.region == region}
