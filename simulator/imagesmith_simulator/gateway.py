"""The front door of every simulated cloud: who calls, what they want, what goes wrong on purpose, what is recorded.

The order is the same for all: signature, fault, latency, rate limit, action, permission, work under the clock's lock,
lost answer. How a request is read, checked and answered is the cloud's own.
"""

from __future__ import annotations

import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.rate_limit import TokenBucket
from imagesmith_simulator.record import Call, Recorder
from imagesmith_simulator.refusals import ApiError
from imagesmith_simulator.server import Reply, Request
from imagesmith_simulator.state import Journal, State

_log = logging.getLogger("imagesmith.simulator")
_HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


class Operation(Protocol):
    """One action of an API, as far as the gateway is concerned."""

    @property
    def name(self) -> str:
        """Its name in records, faults and permissions."""
        ...

    @property
    def mutates(self) -> bool:
        """Whether it changes something."""
        ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request asks for. ``parameters`` go to the record; ``counted``: faults may hit it."""

    request: Request
    action: str
    product: str
    parameters: Mapping[str, str]
    given: Any = None
    counted: bool = True


class Gateway(ABC):
    """Serves one account.

    ``denied`` are actions that the caller may not do; if ``allowed`` is not None only those are allowed. Both take the
    action's own name and the names that policies have for it (`permissions`); ``wanted`` are those that calls have
    needed so far. ``bucket`` is the rate limit; ``tell_when`` puts the time to come again into a throttled answer.
    """

    def __init__(self, state: State, recorder: Recorder, faults: Faults) -> None:
        self.state = state
        self.recorder = recorder
        self.faults = faults
        self.denied: set[str] = set()
        self.allowed: set[str] | None = None
        self.wanted: set[str] = set()
        self.bucket: TokenBucket | None = None
        self.tell_when = False

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        asked = self.read(request)
        call = self.recorder.begin(
            at=self.state.clock.stamp(),
            action=asked.action,
            product=asked.product,
            parameters=asked.parameters,
            client=request.headers.get("user-agent", ""),
        )
        return _Exchange(self, call, asked).answer()

    @abstractmethod
    def read(self, request: Request) -> Asked:
        """What a request asks for; never raises."""

    @abstractmethod
    def verify(self, asked: Asked) -> None:
        """Raise `ApiError` unless the request is signed by somebody known."""

    @abstractmethod
    def find(self, asked: Asked) -> Operation:
        """The action that is asked for. Raises `ApiError` for one that is not served."""

    @abstractmethod
    def run(self, operation: Any, asked: Asked) -> Any:
        """Do it, under the clock's lock; returns what `success` takes. Raises `ApiError`."""

    @abstractmethod
    def success(self, body: Any, request_id: str) -> Reply:
        """The answer of an action that was done."""

    @abstractmethod
    def refusal(self, error: ApiError, asked: Asked, request_id: str) -> Reply:
        """The answer that says no."""

    @abstractmethod
    def throttled(self, code: str, status: int, seconds: float) -> ApiError:
        """Too many calls; ``seconds`` > 0 tells when to come again. Empty code, status 0: the cloud's usual ones."""

    def permissions(self, operation: Any, asked: Asked) -> Sequence[str]:
        """What the caller must be allowed to do for this, as policies write it. Each is needed."""
        return (f"{asked.product}:{operation.name}",)

    @abstractmethod
    def forbidden(self, asked: Asked, permission: str) -> ApiError:
        """The caller may not do this, because a policy does not give the permission."""

    @abstractmethod
    def unavailable(self, fault: Fault) -> ApiError:
        """A server error of the cloud."""


class _Exchange:
    """One request on its way."""

    def __init__(self, gateway: Gateway, call: Call, asked: Asked) -> None:
        self._gateway = gateway
        self._call = call
        self._asked = asked
        self._request_id = str(uuid.uuid4()).upper()
        self._journal = Journal()
        self._operation: Operation | None = None
        self._fault: Fault | None = None

    def answer(self) -> Reply:
        gateway = self._gateway
        try:
            reply, outcome = gateway.success(self._serve(), self._request_id), "ok"
        except _Cut:
            reply, outcome = Reply(cut=True), "cut"
        except _BadGateway:
            reply, outcome = Reply(502, _HTML_502, {"Content-Type": "text/html"}), "502"
        except ApiError as error:
            reply, outcome = gateway.refusal(error, self._asked, self._request_id), error.code
        except Exception as error:  # noqa: BLE001 - a defect of ours is told to the client like a refusal
            _log.warning("a defect in the simulator at %s: %r", self._call.action, error)
            _log.debug("its traceback", exc_info=True)
            defect = ApiError("SimulatorDefect", 500, f"The simulator failed: {type(error).__name__}.")
            reply, outcome = gateway.refusal(defect, self._asked, self._request_id), defect.code
        self._record(reply, outcome)
        return reply

    def _serve(self) -> Any:
        gateway, state = self._gateway, self._gateway.state
        gateway.verify(self._asked)
        if self._asked.counted:
            self._fault = gateway.faults.match(self._call.action)
        state.clock.pause(state.latencies["call"])
        self._before()
        self._throttle()
        self._operation = gateway.find(self._asked)
        self._permit(self._operation)
        with state.clock.lock:
            state.clock.fire_due()
            state.journal = self._journal
            self._journal.doomed = self._fault is not None and self._fault.kind == "end_state"
            body = gateway.run(self._operation, self._asked)
            state.clock.fire_due()
        if self._fault and self._fault.kind == "lose_answer":
            raise _Cut
        return body

    def _before(self) -> None:
        """The faults that hit before anything is done."""
        fault = self._fault
        if fault is None:
            return
        if fault.kind == "cut":
            raise _Cut
        if fault.kind == "html_502":
            raise _BadGateway
        if fault.kind == "slow":
            self._gateway.state.clock.pause(fault.seconds)
        if fault.kind == "refuse":
            raise ApiError(fault.code, fault.status or 400, fault.message or "A fault that was asked for.")
        if fault.kind == "error_5xx":
            raise self._gateway.unavailable(fault)
        if fault.kind == "throttle":
            raise self._gateway.throttled(fault.code, fault.status, fault.seconds)

    def _throttle(self) -> None:
        gateway = self._gateway
        if gateway.bucket is not None and (seconds := gateway.bucket.take()) > 0:
            raise gateway.throttled("", 0, seconds if gateway.tell_when else 0.0)

    def _permit(self, operation: Operation) -> None:
        gateway = self._gateway
        for permission in gateway.permissions(operation, self._asked):
            names = {operation.name, permission}
            gateway.wanted.add(permission)
            if names & gateway.denied or (gateway.allowed is not None and not names & gateway.allowed):
                raise gateway.forbidden(self._asked, permission)

    def _record(self, reply: Reply, outcome: str) -> None:
        journal = self._journal
        lost = outcome == "cut" and self._fault is not None and self._fault.kind == "lose_answer"
        done = outcome == "ok" or lost
        self._gateway.recorder.end(
            self._call,
            outcome=outcome,
            status=0 if reply.cut else reply.status,
            fault=self._fault.kind if self._fault else "",
            made=tuple(journal.made) if done else (),
            changed=tuple(journal.changed) if done else (),
            used=tuple(journal.used) if done else (),
            mutates=self._operation is not None and self._operation.mutates,
            latency_s=self._gateway.state.latencies["call"],
            takes_s=journal.takes_s if done else 0.0,
        )


class _Cut(Exception):
    """The connection is closed instead of an answer."""


class _BadGateway(Exception):
    """A load balancer answers instead of the API."""
