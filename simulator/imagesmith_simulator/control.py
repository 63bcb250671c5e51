"""The control interface of a simulated cloud for other processes: JSON without signatures, under ``/_simulator/``.

    GET  cloud            {"cloud": ...}: which cloud it is
    GET  inventory        what exists and did not at the start, one line each
    GET  leftovers        the part of it that a finished build must not leave
    GET  lost             what was there at the start and is not any more
    GET  calls            every call so far, secrets masked
    GET  critical-path    the longest chain of dependent calls; ?provisioning_s= for the work in the guest
    GET  images           the custom images
    GET  faults           the fault rules, with what they have counted
    POST faults           add a rule: {"kind": "throttle", "action": "CreateVpc", "nth": 1, "times": 1, ...}
    DELETE faults         drop all rules
    POST clock/advance    {"seconds": 3600}
    POST attach           {"region": ..., "vpc_id": ..., ...}: make what builder options name exist; answers with keys
    POST deny             {"actions": ["DeleteVpc"]}: refuse these actions from now on; [] for none

It is answered only where the request was sent to a loopback name, so that no web page gets at it by a name of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl

from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.critical_path import CriticalPath
from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.record import Call
from imagesmith_simulator.server import Reply, Request

PREFIX = "/_simulator/"
_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Controlled(Protocol):
    """What a simulated cloud offers to its control interface."""

    name: ClassVar[str]
    """Which cloud it is."""

    @property
    def faults(self) -> Faults:
        """The fault rules."""
        ...

    @property
    def clock(self) -> SimulatedClock:
        """The clock."""
        ...

    def inventory(self) -> Sequence[str]:
        """What exists and did not at the start."""
        ...

    def leftovers(self) -> Sequence[str]:
        """What a finished build must not leave."""
        ...

    def lost(self) -> Sequence[str]:
        """What was there at the start and is not any more."""
        ...

    def calls(self) -> Sequence[Call]:
        """Every call so far."""
        ...

    def images(self) -> Sequence[Mapping[str, Any]]:
        """The custom images."""
        ...

    def critical_path(self, *, provisioning_s: float = 0.0) -> CriticalPath:
        """The longest chain of dependent calls."""
        ...

    def adopt(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Make what builder options name exist; the credentials and the endpoint to use."""
        ...

    def deny(self, actions: Sequence[str]) -> None:
        """Refuse these actions from now on."""
        ...


class Control:
    """Answers the requests under ``/_simulator/``."""

    def __init__(self, cloud: Controlled) -> None:
        self._cloud = cloud

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        if request.headers.get("host", "").rpartition(":")[0] not in _NAMES:
            return _problem(403, "the control interface is answered at a loopback name only")
        handler = self._routes().get((request.method, request.path.removeprefix(PREFIX)))
        if handler is None:
            return _problem(404, f"there is no {request.method} {request.path}")
        try:
            return Reply.json(handler(request))
        except (ValueError, TypeError, KeyError) as error:
            return _problem(400, str(error))

    def _routes(self) -> dict[tuple[str, str], Callable[[Request], Any]]:
        cloud = self._cloud
        return {
            ("GET", "cloud"): lambda _: {"cloud": cloud.name},
            ("GET", "inventory"): lambda _: list(cloud.inventory()),
            ("GET", "leftovers"): lambda _: list(cloud.leftovers()),
            ("GET", "lost"): lambda _: list(cloud.lost()),
            ("GET", "calls"): lambda _: [call.as_json() for call in cloud.calls()],
            ("GET", "critical-path"): self._critical_path,
            ("GET", "images"): lambda _: list(cloud.images()),
            ("GET", "faults"): lambda _: cloud.faults.rules(),
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "clock/advance"): self._advance,
            ("POST", "attach"): lambda request: dict(cloud.adopt(_body(request))),
            ("POST", "deny"): self._deny,
        }

    def _critical_path(self, request: Request) -> Any:
        query = dict(parse_qsl(request.query))
        return self._cloud.critical_path(provisioning_s=float(query.get("provisioning_s", 0))).as_json()

    def _add_fault(self, request: Request) -> Any:
        self._cloud.faults.add(Fault.from_json(_body(request)))
        return self._cloud.faults.rules()

    def _clear_faults(self, request: Request) -> Any:
        self._cloud.faults.clear()
        return []

    def _advance(self, request: Request) -> Any:
        self._cloud.clock.advance(float(_body(request)["seconds"]))
        return {"now": self._cloud.clock.stamp()}

    def _deny(self, request: Request) -> Any:
        actions = [str(action) for action in _body(request)["actions"]]
        self._cloud.deny(actions)
        return {"denied": actions}


def _body(request: Request) -> dict[str, Any]:
    data = json.loads(request.body or b"{}")
    if not isinstance(data, dict):
        raise TypeError("the body must be a JSON object")
    return data


def _problem(status: int, message: str) -> Reply:
    return Reply.json({"error": message}, status=status)
