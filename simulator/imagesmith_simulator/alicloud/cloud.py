"""The simulated Alibaba Cloud as one object: start it, point a build at it, look at what it holds, close it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from imagesmith_simulator.alicloud import adopt, inventory
from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.gateway import Gateway
from imagesmith_simulator.alicloud.machines import HostedMachines, Machines, NoMachines
from imagesmith_simulator.alicloud.signatures import Guard, Identity
from imagesmith_simulator.alicloud.store import Store
from imagesmith_simulator.alicloud.world import World
from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.control import PREFIX, Control
from imagesmith_simulator.critical_path import CriticalPath, critical_path
from imagesmith_simulator.faults import Faults
from imagesmith_simulator.machines.interface import MachineKind
from imagesmith_simulator.rate_limit import TokenBucket
from imagesmith_simulator.record import Call, Recorder
from imagesmith_simulator.server import LoopbackServer, Reply, Request

AnyOptions = TypeVar("AnyOptions")

ACCESS_KEY = "SIMULATED-AK"
SECRET_KEY = "SIMULATED-SK"  # noqa: S105 - it opens nothing but this simulator
LIVELY: Mapping[str, float] = {
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
"""Latencies with which a simulated build looks like a build and is still over in seconds."""

_CAPTURING = frozenset({"StopInstance", "CreateImage", "CreateSnapshot"})


class SimulatedAlicloud:
    """ECS and VPC of one account on 127.0.0.1. Use `start`; close it when done (it is a context manager too)."""

    lively_latencies: ClassVar[Mapping[str, float]] = LIVELY

    def __init__(self, store: Store, *, port: int, rate_limit: float | None) -> None:
        self._store = store
        self._account = Account(store)
        self._guard = Guard()
        self._recorder = Recorder()
        self.faults = Faults()
        self.access_key, self.secret_key = ACCESS_KEY, SECRET_KEY
        self._guard.register(Identity(self.access_key, self.secret_key))
        self._gateway = Gateway(self._account, self._guard, self._recorder, self.faults)
        self._control = Control(self)
        adopt.publish_images(self._account)
        self._found = adopt.found(self._account)
        self.limit(rate_limit)
        self._server = LoopbackServer(self._application, port=port)
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
        `vpc`, `vswitch`, `eip`), 0 where none is given; `LIVELY` is a set for people. ``rate_limit``: calls a second.
        ``state_dir`` holds the machines' disks. ``speed``: simulated seconds per real second.
        Raises `imagesmith.errors.UsageError` when the port is taken, there is no latency of that name, or this kind of
        machine does not work here.
        """
        from imagesmith.errors import UsageError

        hosted = _machines(machines, state_dir)
        clock = SimulatedClock(speed=speed)
        try:
            return cls(Store(clock, World(), hosted, latencies or {}), port=port, rate_limit=rate_limit)
        except OSError as error:
            clock.close()
            hosted.close()
            reason = error.strerror or str(error)
            raise UsageError(f"can't listen on 127.0.0.1:{port}: {reason}", hint="choose another port") from None
        except ValueError as error:
            clock.close()
            hosted.close()
            raise UsageError(str(error)) from None
        except BaseException:
            clock.close()
            hosted.close()
            raise

    @property
    def url(self) -> str:
        """The endpoint of every product, ``http://127.0.0.1:PORT``."""
        return self._server.url

    @property
    def clock(self) -> SimulatedClock:
        """The clock, to be advanced."""
        return self._store.clock

    @property
    def world(self) -> World:
        """What is sold where; change it under ``clock.lock``."""
        return self._store.world

    @property
    def quotas(self) -> dict[str, int]:
        """How much of each kind the account may hold in a region."""
        return self._store.quotas

    def attach(self, source: AnyOptions) -> AnyOptions:
        """The same builder options, pointed at this cloud; what they name is made to exist.

        Keys that the options have are accepted from now on; without any they get this cloud's own.
        """
        self.adopt(adopt.facts(source))
        names = {item.name for item in dataclasses.fields(source)}  # type: ignore[arg-type]
        access_key, secret_key = getattr(source, "access_key", ""), getattr(source, "secret_key", "")
        changes: dict[str, Any] = {"custom_endpoint_ecs": self.url, "custom_endpoint_vpc": self.url}
        if access_key and secret_key:
            self.register(access_key, secret_key, getattr(source, "security_token", "") or "")
        else:
            changes |= {"access_key": self.access_key, "secret_key": self.secret_key}
        known = {name: value for name, value in changes.items() if name in names}
        return dataclasses.replace(source, **known)  # type: ignore[type-var]

    def adopt(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Make what builder options name by id exist; the credentials and the endpoint to use."""
        with self.clock.lock:
            adopt.adopt(self._account, options)
            self._found |= adopt.found(self._account)
        return {"access_key": self.access_key, "secret_key": self.secret_key, "endpoint": self.url}

    def register(self, access_key: str, secret_key: str, security_token: str = "") -> None:
        """Accept one more access key; with a security token it is a temporary one."""
        self._guard.register(Identity(access_key, secret_key, security_token))

    def deny(self, actions: Sequence[str]) -> None:
        """Refuse these actions with Forbidden.RAM from now on; none for no restriction."""
        self._gateway.denied = set(actions)

    def allow_only(self, actions: Sequence[str] | None) -> None:
        """Refuse every action but these with Forbidden.RAM; None for no restriction."""
        self._gateway.allowed = None if actions is None else set(actions)

    def limit(self, per_second: float | None, *, tell_when: bool = False) -> None:
        """Throttle calls beyond this rate; ``tell_when`` adds the x-acs-retry-after header. None for no limit."""
        self._gateway.bucket = TokenBucket(per_second, self.clock.now) if per_second else None
        self._gateway.tell_when = tell_when

    def inventory(self) -> Sequence[str]:
        """One line for each thing that exists now and did not exist at the start."""
        return self._lines(inventory.new)

    def leftovers(self) -> Sequence[str]:
        """The part of the inventory that a finished build must not leave: all but good images and their snapshots."""
        return self._lines(inventory.left)

    def lost(self) -> Sequence[str]:
        """What was there at the start, or was made by `attach`, and is not there any more."""
        with self.clock.lock:
            self.clock.fire_due()
            return sorted(set(self._found) - set(adopt.found(self._account)))

    def images(self) -> Sequence[Mapping[str, Any]]:
        """The custom images that exist now and did not at the start, with their snapshots, as plain data."""
        with self.clock.lock:
            self.clock.fire_due()
            mine = [image for image in self._store.images.values() if not image.found]
            return [inventory.image_facts(image, self._store) for image in mine]

    def calls(self) -> Sequence[Call]:
        """Every call so far."""
        return self._recorder.calls()

    def critical_path(self, *, provisioning_s: float = 0.0) -> CriticalPath:
        """The longest chain of dependent mutating calls; see `imagesmith_simulator.critical_path`."""
        return critical_path(self.calls(), capturing=_CAPTURING, provisioning_s=provisioning_s)

    def critical_path_s(self, *, provisioning_s: float = 0.0) -> float:
        """The length of the critical path in simulated seconds."""
        return self.critical_path(provisioning_s=provisioning_s).seconds

    def close(self) -> None:
        """Stop the server, the clock and the machines, remove their files."""
        self.clock.stop()
        self._server.close()
        self.clock.close()
        self._store.machines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _application(self, request: Request) -> Reply:
        return self._control(request) if request.path.startswith(PREFIX) else self._gateway(request)

    def _lines(self, select: Any) -> list[str]:
        with self.clock.lock:
            self.clock.fire_due()
            return [inventory.describe(kind, item) for kind, item in select(self._store)]


def _machines(kind: Literal["sandbox", "none"] | MachineKind, state_dir: Path | None) -> Machines:
    from imagesmith.errors import UsageError

    if kind == "none":
        return NoMachines()
    if kind == "sandbox":
        from imagesmith_simulator.machines.sandbox import SandboxKind

        kind = SandboxKind(state_dir)
    if isinstance(kind, str):
        raise UsageError(f'there is no kind of machine "{kind}"', hint="known are sandbox and none")
    if reason := kind.unavailable():
        kind.close()
        raise UsageError("this host can't run simulated machines", hint=reason)
    return HostedMachines(kind)
