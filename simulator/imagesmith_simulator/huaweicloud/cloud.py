"""The simulated Huawei Cloud: ECS, IMS, VPC, EIP, EVS, IAM and CBR of one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from imagesmith_simulator.cloud import Line, SimulatedCloud, started
from imagesmith_simulator.huaweicloud import adopt, inventory
from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.gateway import Gateway
from imagesmith_simulator.huaweicloud.models.images import publish
from imagesmith_simulator.huaweicloud.signatures import Guard, Identity
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.huaweicloud.world import World
from imagesmith_simulator.machines.interface import MachineKind

AnyOptions = TypeVar("AnyOptions")

SERVICES = ("ecs", "ims", "vpc", "eip", "evs", "kps", "cbr", "iam", "obs", "csms")
"""The services whose endpoints `SimulatedHuaweicloud.pointed` sets; those that are not simulated are refused there."""


class SimulatedHuaweicloud(SimulatedCloud):
    """One account on 127.0.0.1. Use `start`; close it when done (it is a context manager too)."""

    name = "huaweicloud"
    lively_latencies: ClassVar[Mapping[str, float]] = {
        "call": 0.01,
        "server": 2.0,
        "password": 1.0,
        "stop": 1.0,
        "delete": 0.5,
        "image": 4.0,
        "backup": 3.0,
        "vpc": 0.3,
        "subnet": 0.3,
        "eip": 0.3,
        "volume": 0.5,
        "attach": 0.5,
    }
    capturing = frozenset({"BatchStopServers", "CreateImage", "CreateWholeImage"})

    def __init__(self, store: Store, *, port: int, rate_limit: float | None) -> None:
        self._store = store
        self._account = Account(store)
        self._guard = Guard()
        super().__init__(store, port=port, rate_limit=rate_limit)

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
    ) -> SimulatedHuaweicloud:
        """Start the cloud.

        ``machines``: "sandbox" for servers that can be logged in to, "none" for states only, or a kind of machine.
        ``latencies``: simulated seconds by name, see `imagesmith_simulator.huaweicloud.store.LATENCIES`, 0 where none
        is given; `lively_latencies` is a set for people. ``rate_limit``: calls a second. ``state_dir`` holds the
        machines' disks. ``speed``: simulated seconds per real second.
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

    def project_id(self, region: str) -> str:
        """The id of a region's own project, "" for a region that does not exist."""
        return next((identity for identity, name in self._store.projects.items() if name == region), "")

    @staticmethod
    def facts(source: object) -> Mapping[str, Any]:
        return adopt.facts(source)

    @staticmethod
    def pointed(source: AnyOptions, at: Mapping[str, str]) -> AnyOptions:
        given = dict(getattr(source, "endpoints", None) or {})
        changes: dict[str, Any] = {"endpoints": given | dict.fromkeys(SERVICES, at["endpoint"])}
        if not (getattr(source, "access_key", "") and getattr(source, "secret_key", "")):
            changes |= {name: at[name] for name in ("access_key", "secret_key", "security_token")}
        if not getattr(source, "project_id", "") and not getattr(source, "project_name", ""):
            changes["project_id"] = at["project_id"]
        names = {item.name for item in dataclasses.fields(source)}  # type: ignore[arg-type]
        known = {name: value for name, value in changes.items() if name in names}
        return dataclasses.replace(source, **known)  # type: ignore[type-var]

    def environment(self) -> Mapping[str, str]:
        return {"HW_ACCESS_KEY": self.access_key, "HW_SECRET_KEY": self.secret_key}

    def adopt(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """As every cloud; it answers with the project to use too."""
        region = str(options.get("region") or "")
        return {**super().adopt(options), "project_id": str(options.get("project_id") or self.project_id(region))}

    def register(self, access_key: str, secret_key: str, security_token: str = "", *, expired: bool = False) -> None:
        """Accept one more access key; with a security token it is a temporary one, which may have expired."""
        self._guard.register(Identity(access_key, secret_key, security_token, expired))

    def register_user(self, name: str, password: str, domain: str) -> None:
        """Accept one more user of the account ``domain``, who gets tokens as OpenStack's clients ask for them."""
        with self.clock.lock:
            self._account.tokens.register(name, password, domain)

    def images(self) -> Sequence[Mapping[str, Any]]:
        """The private images that exist now and did not at the start, as plain data."""
        with self.clock.lock:
            self.clock.fire_due()
            return [inventory.image_facts(image) for image in self._store.images.values() if not image.found]

    def _open_gateway(self) -> Gateway:
        return Gateway(self._account, self._guard, self.recorder, self.faults)

    def _furnish(self) -> None:
        for region in self._store.world.regions:
            adopt.add_project(self._account, self._store.new_id().replace("-", ""), region, region)
        publish(self._store)

    def _found(self) -> Mapping[str, Any]:
        return adopt.found(self._account)

    def _adopt(self, options: Mapping[str, Any]) -> None:
        adopt.adopt(self._account, options)

    def _new(self) -> Sequence[Line]:
        return inventory.new(self._store)

    def _left(self) -> Sequence[Line]:
        return inventory.left(self._store)

    def _describe(self, kind: str, item: Any) -> str:
        return inventory.describe(self._store, kind, item)
