"""A simulated cloud as one object: start it, point a build at it, look at what it holds, close it.

What differs from cloud to cloud is what its subclass says: the state, the gateway, what is there at the start.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.control import PREFIX, Control
from imagesmith_simulator.critical_path import CriticalPath, critical_path
from imagesmith_simulator.faults import Faults
from imagesmith_simulator.gateway import Gateway
from imagesmith_simulator.machines.hosting import HostedMachines, Machines, NoMachines
from imagesmith_simulator.machines.interface import MachineKind
from imagesmith_simulator.rate_limit import TokenBucket
from imagesmith_simulator.record import Call, Recorder
from imagesmith_simulator.served import ServedCloud, wants
from imagesmith_simulator.server import LoopbackServer, Reply, Request
from imagesmith_simulator.state import State

AnyCloud = TypeVar("AnyCloud", bound="SimulatedCloud")
AnyOptions = TypeVar("AnyOptions")
Line = tuple[str, Any]
"""A thing that exists, with its kind."""

ACCESS_KEY = "SIMULATED-AK"
SECRET_KEY = "SIMULATED-SK"  # noqa: S105 - it opens nothing but this simulator


class SimulatedCloud(ABC):
    """One account on 127.0.0.1. Use a subclass's `start`; close it when done (it is a context manager too)."""

    name: ClassVar[str]
    """Which cloud it is, such as ``alicloud``."""
    lively_latencies: ClassVar[Mapping[str, float]]
    """Latencies with which a simulated build looks like a build and is still over in seconds."""
    capturing: ClassVar[Collection[str]]
    """The actions that end the work in the guest."""

    def __init__(self, state: State, *, port: int, rate_limit: float | None) -> None:
        self.state = state
        self.recorder = Recorder()
        self.faults = Faults()
        self.access_key, self.secret_key = ACCESS_KEY, SECRET_KEY
        self.gateway = self._open_gateway()
        self.register(self.access_key, self.secret_key)
        self._control = Control(self)
        self._furnish()
        self._found_first = self._found()
        self.limit(rate_limit)
        self._server = LoopbackServer(self._application, port=port)

    @staticmethod
    @abstractmethod
    def facts(source: object) -> Mapping[str, Any]:
        """What `adopt` wants to know of the options of a builder or a data source."""

    @staticmethod
    @abstractmethod
    def pointed(source: AnyOptions, at: Mapping[str, str]) -> AnyOptions:
        """The same options with the keys and the endpoint that `adopt` has answered."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The environment in which other programs find this cloud, as far as variables can say it."""

    @abstractmethod
    def _open_gateway(self) -> Gateway:
        """The API's front door."""

    @abstractmethod
    def _furnish(self) -> None:
        """Make what is there before the first call."""

    @abstractmethod
    def _found(self) -> Mapping[str, Any]:
        """What was there at the start, by kind and id."""

    @abstractmethod
    def _adopt(self, options: Mapping[str, Any]) -> None:
        """Make what builder options name exist."""

    @abstractmethod
    def _new(self) -> Sequence[Line]:
        """What exists now and did not at the start."""

    @abstractmethod
    def _left(self) -> Sequence[Line]:
        """The part of it that a finished build must not leave: all but good images and what belongs to them."""

    @abstractmethod
    def _describe(self, kind: str, item: Any) -> str:
        """One line: what it is, where, and what is special about it."""

    @abstractmethod
    def images(self) -> Sequence[Mapping[str, Any]]:
        """The custom images that exist now and did not at the start, as plain data."""

    @abstractmethod
    def register(self, access_key: str, secret_key: str, security_token: str = "") -> None:
        """Accept one more access key; with a security token it is a temporary one."""

    @property
    def url(self) -> str:
        """The endpoint of every product, ``http://127.0.0.1:PORT``."""
        return self._server.url

    @property
    def clock(self) -> SimulatedClock:
        """The clock, to be advanced."""
        return self.state.clock

    @property
    def quotas(self) -> dict[str, int]:
        """How much of each kind the account may hold in a region."""
        return self.state.quotas

    @classmethod
    def at(cls, url: str) -> ServedCloud | None:
        """The cloud that another process serves there; None if that is another cloud.

        Raises `imagesmith.errors.UsageError` if none answers.
        """
        served = ServedCloud(url, cls.facts, cls.pointed)
        return served if served.name == cls.name else None

    def attach(self, source: AnyOptions) -> AnyOptions:
        """The same options of a builder or a data source, pointed at this cloud; what they name is made to exist.

        Keys that the options have are accepted from now on; without any they get this cloud's own.
        """
        return self.pointed(source, self.adopt(wants(source, self.facts(source))))

    def adopt(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Make what builder options name by id exist; the credentials and the endpoint to use.

        Keys among the options are accepted from now on, and are the ones to use.
        """
        keys = {"access_key": self.access_key, "secret_key": self.secret_key, "security_token": ""}
        if options.get("access_key") and options.get("secret_key"):
            keys = {name: str(options.get(name) or "") for name in keys}
            self.register(**keys)
        with self.clock.lock:
            self._adopt(options)
            self._found_first = {**self._found_first, **self._found()}
        return {**keys, "endpoint": self.url}

    def deny(self, actions: Sequence[str]) -> None:
        """Refuse these actions, by their own names or their policies', as not allowed; none for no restriction."""
        self.gateway.denied = set(actions)

    def allow_only(self, actions: Sequence[str] | None) -> None:
        """Refuse every action but these, named in either way, as not allowed; None for no restriction."""
        self.gateway.allowed = None if actions is None else set(actions)

    def permissions(self) -> frozenset[str]:
        """Every permission that a call has needed so far, by the names that policies have, granted or not."""
        return frozenset(self.gateway.wanted)

    def limit(self, per_second: float | None, *, tell_when: bool = False) -> None:
        """Throttle calls beyond this rate; ``tell_when`` adds the time to come again. None for no limit."""
        self.gateway.bucket = TokenBucket(per_second, self.clock.now) if per_second else None
        self.gateway.tell_when = tell_when

    def inventory(self) -> Sequence[str]:
        """One line for each thing that exists now and did not exist at the start."""
        return self._lines(self._new)

    def leftovers(self) -> Sequence[str]:
        """The part of the inventory that a finished build must not leave."""
        return self._lines(self._left)

    def lost(self) -> Sequence[str]:
        """What was there at the start, or was made by `attach`, and is not there any more."""
        with self.clock.lock:
            self.clock.fire_due()
            return sorted(set(self._found_first) - set(self._found()))

    def calls(self) -> Sequence[Call]:
        """Every call so far."""
        return self.recorder.calls()

    def critical_path(self, *, provisioning_s: float = 0.0) -> CriticalPath:
        """The longest chain of dependent mutating calls; see `imagesmith_simulator.critical_path`."""
        return critical_path(self.calls(), capturing=self.capturing, provisioning_s=provisioning_s)

    def critical_path_s(self, *, provisioning_s: float = 0.0) -> float:
        """The length of the critical path in simulated seconds."""
        return self.critical_path(provisioning_s=provisioning_s).seconds

    def close(self) -> None:
        """Stop the server, the clock and the machines, remove their files."""
        self.clock.stop()
        self._server.close()
        self.clock.close()
        self.state.machines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _application(self, request: Request) -> Reply:
        return self._control(request) if request.path.startswith(PREFIX) else self.gateway(request)

    def _lines(self, select: Callable[[], Sequence[Line]]) -> list[str]:
        with self.clock.lock:
            self.clock.fire_due()
            return [self._describe(kind, item) for kind, item in select()]


def started(
    make: Callable[[SimulatedClock, Machines], AnyCloud],
    *,
    machines: Literal["sandbox", "none"] | MachineKind,
    state_dir: Path | None,
    speed: float,
    port: int,
) -> AnyCloud:
    """The cloud that ``make`` puts together, with its clock and its machines, which are closed when it can't.

    Raises `imagesmith.errors.UsageError` when the port is taken, an argument is wrong, or this kind of machine does not
    work here.
    """
    from imagesmith.errors import UsageError

    hosted = _machines(machines, state_dir)
    clock = SimulatedClock(speed=speed)
    try:
        return make(clock, hosted)
    except BaseException as error:
        clock.close()
        hosted.close()
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise UsageError(f"can't listen on 127.0.0.1:{port}: {reason}", hint="choose another port") from None
        if isinstance(error, ValueError):
            raise UsageError(str(error)) from None
        raise


def _machines(kind: Literal["sandbox", "none"] | MachineKind, state_dir: Path | None) -> Machines:
    from imagesmith.errors import UsageError

    if kind == "none":
        return NoMachines()
    if kind == "sandbox":
        from imagesmith_simulator.machines.both_kinds import BothKinds
        from imagesmith_simulator.machines.sandbox import SandboxKind
        from imagesmith_simulator.machines.windows import WindowsKind

        kind = BothKinds(linux=SandboxKind(state_dir), windows=WindowsKind())
    if isinstance(kind, str):
        raise UsageError(f'there is no kind of machine "{kind}"', hint="known are sandbox and none")
    if reason := kind.unavailable():
        kind.close()
        raise UsageError("this host can't run simulated machines", hint=reason)
    return HostedMachines(kind)
