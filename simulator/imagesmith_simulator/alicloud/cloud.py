"""The simulated Alibaba Cloud: ECS and VPC of one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from imagesmith_simulator.alicloud import adopt, inventory
from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.gateway import Gateway
from imagesmith_simulator.alicloud.signatures import Guard, Identity
from imagesmith_simulator.alicloud.store import Store
from imagesmith_simulator.alicloud.world import World
from imagesmith_simulator.cloud import Line, SimulatedCloud, started
from imagesmith_simulator.machines.interface import MachineKind

AnyOptions = TypeVar("AnyOptions")


class SimulatedAlicloud(SimulatedCloud):
    """ECS and VPC of one account on 127.0.0.1. Use `start`; close it when done (it is a context manager too)."""

    name = "alicloud"
    lively_latencies: ClassVar[Mapping[str, float]] = {
        "call": 0.01,
        "instance": 2.0,
        "stop": 1.0,
        "snapshot": 3.0,
        "image": 2.0,
        "copy": 3.0,
        "vpc": 0.3,
        "vswitch": 0.3,
        "eip": 0.3,
        "release": 0.2,
    }
    capturing = frozenset({"StopInstance", "CreateImage", "CreateSnapshot"})

    def __init__(self, store: Store, *, port: int, rate_limit: float | None) -> None:
        self._store = store
        self._account = Account(store)
        self._guard = Guard()
        super().__init__(store, port=port, rate_limit=rate_limit)
        self._account.endpoint = self.url.removeprefix("http://")

    @classmethod
    def start(
        cls,
        *,
        port: int = 0,
        machines: Literal["sandbox", "none"] | MachineKind = "sandbox",
        latencies: Mapping[str, float] | None = None,
        rate_limit: float | None = None,
        state_dir: Path | None = None,
        speed: float = 1.0,
    ) -> SimulatedAlicloud:
        """Start the cloud.

        ``machines``: "sandbox" for instances that can be logged in to, "none" for states only, or a kind of machine.
        ``latencies``: simulated seconds by name (`call`, `instance`, `stop`, `release`, `snapshot`, `image`, `copy`,
        `vpc`, `vswitch`, `eip`), 0 where none is given; `lively_latencies` is a set for people. ``rate_limit``: calls
        a second. ``state_dir`` holds the machines' disks. ``speed``: simulated seconds per real second.
        Raises `imagesmith.errors.UsageError` when the port is taken, there is no latency of that name, or this kind of
        machine does not work here.
        """
        return started(
            lambda clock, hosted: cls(Store(clock, World(), hosted, latencies or {}), port=port, rate_limit=rate_limit),
            machines=machines,
            state_dir=state_dir,
            speed=speed,
            port=port,
        )

    @property
    def world(self) -> World:
        """What is sold where; change it under ``clock.lock``."""
        return self._store.world

    @staticmethod
    def facts(source: object) -> Mapping[str, Any]:
        return adopt.facts(source)

    @staticmethod
    def pointed(source: AnyOptions, at: Mapping[str, str]) -> AnyOptions:
        endpoint = at["endpoint"]
        changes: dict[str, Any] = {"custom_endpoint_ecs": endpoint, "custom_endpoint_vpc": endpoint}
        if not (getattr(source, "access_key", "") and getattr(source, "secret_key", "")):
            changes |= {"access_key": at["access_key"], "secret_key": at["secret_key"]}
        names = {item.name for item in dataclasses.fields(source)}  # type: ignore[arg-type]
        known = {name: value for name, value in changes.items() if name in names}
        return dataclasses.replace(source, **known)  # type: ignore[type-var]

    def environment(self) -> Mapping[str, str]:
        return {"ALICLOUD_ACCESS_KEY": self.access_key, "ALICLOUD_SECRET_KEY": self.secret_key}

    def register(self, access_key: str, secret_key: str, security_token: str = "") -> None:
        self._guard.register(Identity(access_key, secret_key, security_token))

    def images(self) -> Sequence[Mapping[str, Any]]:
        """The custom images that exist now and did not at the start, with their snapshots, as plain data."""
        with self.clock.lock:
            self.clock.fire_due()
            mine = [image for image in self._store.images.values() if not image.found]
            return [inventory.image_facts(image, self._store) for image in mine]

    def _open_gateway(self) -> Gateway:
        return Gateway(self._account, self._guard, self.recorder, self.faults)

    def _furnish(self) -> None:
        adopt.publish_images(self._account)

    def _found(self) -> Mapping[str, Any]:
        return adopt.found(self._account)

    def _adopt(self, options: Mapping[str, Any]) -> None:
        adopt.adopt(self._account, options)

    def _new(self) -> Sequence[Line]:
        return inventory.new(self._store)

    def _left(self) -> Sequence[Line]:
        return inventory.left(self._store)

    def _describe(self, kind: str, item: Any) -> str:
        return inventory.describe(kind, item)
