"""The API's front door: HTTP in, HTTP out; who calls, what they want, and whether they get it."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import imagesmith_simulator.alicloud.handlers  # noqa: F401 - fills the table of actions
from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ACTIONS, LOCATION, PRODUCTS, Action
from imagesmith_simulator.alicloud.errors import ApiError, missing
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.signatures import Guard
from imagesmith_simulator.alicloud.store import Journal
from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.rate_limit import TokenBucket
from imagesmith_simulator.record import Call, Recorder
from imagesmith_simulator.server import Reply, Request

_log = logging.getLogger("imagesmith.simulator")
_PROTOCOL = frozenset(
    {
        "AccessKeyId",
        "Action",
        "Format",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
        "Version",
    }
)
_HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


class Gateway:
    """Serves the actions of `imagesmith_simulator.alicloud.actions` for one account.

    ``denied`` are actions that the caller may not do; if ``allowed`` is not None only those are allowed. ``bucket`` is
    the rate limit; ``tell_when`` puts the time to come again into a throttled answer.
    """

    def __init__(self, account: Account, guard: Guard, recorder: Recorder, faults: Faults) -> None:
        self._account = account
        self._guard = guard
        self._recorder = recorder
        self._faults = faults
        self._answers: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}
        self.denied: set[str] = set()
        self.allowed: set[str] | None = None
        self.bucket: TokenBucket | None = None
        self.tell_when = False

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        given = dict(parse_qsl(request.query, keep_blank_values=True))
        if "form" in request.headers.get("content-type", "") and request.body:
            given |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        name = request.headers.get("x-acs-action") or given.get("Action", "")
        version = request.headers.get("x-acs-version") or given.get("Version", "")
        call = self._recorder.begin(
            at=self._account.store.clock.stamp(),
            action=name,
            product=PRODUCTS.get(version, version),
            parameters={key: value for key, value in sorted(given.items()) if key not in _PROTOCOL},
            client=request.headers.get("user-agent", ""),
        )
        return _Exchange(self, call, version).answer(request, given)


class _Exchange:
    """One request on its way."""

    def __init__(self, gateway: Gateway, call: Call, version: str) -> None:
        self._gateway = gateway
        self._call = call
        self._version = version
        self._request_id = str(uuid.uuid4()).upper()
        self._journal = Journal()
        self._action: Action | None = None
        self._fault: Fault | None = None

    def answer(self, request: Request, given: Mapping[str, str]) -> Reply:
        try:
            body = self._serve(request, given)
            reply, outcome = self._success(body)
        except _Cut:
            reply, outcome = Reply(cut=True), "cut"
        except _BadGateway:
            reply, outcome = Reply(502, _HTML_502, {"Content-Type": "text/html"}), "502"
        except ApiError as error:
            reply, outcome = self._refusal(error), error.code
        except Exception as error:  # noqa: BLE001 - a defect of ours is told to the client like a refusal
            _log.warning("a defect in the simulator at %s: %r", self._call.action, error)
            _log.debug("its traceback", exc_info=True)
            defect = ApiError("SimulatorDefect", 500, f"The simulator failed: {type(error).__name__}.")
            reply, outcome = self._refusal(defect), defect.code
        self._record(reply, outcome)
        return reply

    def _serve(self, request: Request, given: Mapping[str, str]) -> dict[str, Any]:
        gateway, store = self._gateway, self._gateway._account.store
        gateway._guard.verify(request, given)
        if self._version != LOCATION:
            self._fault = gateway._faults.match(self._call.action)
        store.clock.pause(store.latencies["call"])
        self._before()
        self._throttle()
        self._action = self._find()
        self._permit(self._action)
        parameters = Parameters({key: value for key, value in given.items() if key not in _PROTOCOL})
        with store.clock.lock:
            store.clock.fire_due()
            store.journal = self._journal
            self._journal.doomed = self._fault is not None and self._fault.kind == "end_state"
            body = self._once(self._action, parameters)
            store.clock.fire_due()
        if self._fault and self._fault.kind == "lose_answer":
            raise _Cut
        return body

    def _before(self) -> None:
        """The faults that hit before anything is done."""
        fault = self._fault
        if fault is None:
            return
        message = fault.message or "A fault that was asked for."
        if fault.kind == "cut":
            raise _Cut
        if fault.kind == "html_502":
            raise _BadGateway
        if fault.kind == "slow":
            self._gateway._account.store.clock.pause(fault.seconds)
        if fault.kind == "refuse":
            raise ApiError(fault.code, fault.status or 400, message)
        if fault.kind == "error_5xx":
            raise ApiError(fault.code or "ServiceUnavailable", fault.status or 503, message)
        if fault.kind == "throttle":
            raise _throttled(fault.code or "Throttling.User", fault.status or 400, fault.seconds)

    def _throttle(self) -> None:
        gateway = self._gateway
        if gateway.bucket is not None and (seconds := gateway.bucket.take()) > 0:
            raise _throttled("Throttling.User", 400, seconds if gateway.tell_when else 0.0)

    def _find(self) -> Action:
        name = self._call.action
        if self._version not in PRODUCTS:
            raise ApiError("InvalidVersion", 400, f'The simulator does not serve the API version "{self._version}".')
        if action := ACTIONS.get((self._version, name)):
            return action
        product = PRODUCTS[self._version]
        raise ApiError("InvalidAction.NotFound", 404, f"The simulator does not serve the action {name} of {product}.")

    def _permit(self, action: Action) -> None:
        gateway = self._gateway
        if action.name in gateway.denied or (gateway.allowed is not None and action.name not in gateway.allowed):
            product = PRODUCTS[self._version]
            raise ApiError("Forbidden.RAM", 403, f"User not authorized to operate {product}:{action.name}.")

    def _once(self, action: Action, parameters: Parameters) -> dict[str, Any]:
        """Do it; with a client token that was used before, give the answer of that time again."""
        account = self._gateway._account
        if unknown := action.unknown(parameters):
            raise ApiError("UnknownParameter", 400, f"The simulated {action.name} does not take {unknown}.")
        for name in action.requires:
            if not parameters.text(name):
                raise missing(name)
        region = parameters.text("RegionId")
        if region and not account.store.world.zones(region) and self._version != LOCATION:
            raise ApiError("InvalidRegionId.NotFound", 404, f"The specified RegionId {region} does not exist.")
        token = parameters.text("ClientToken") if action.idempotent else ""
        if not token:
            return action.run(account, parameters)
        if len(token) > 64 or not token.isascii():
            raise ApiError("InvalidParameter.ClientToken", 400, "The client token must be 64 ASCII characters or less.")
        key, print_ = (action.name, region, token), _fingerprint(parameters)
        if before := self._gateway._answers.get(key):
            if before[0] != print_:
                raise ApiError("IdempotentParameterMismatch", 400, "The token was used with other parameters before.")
            return before[1]
        body = action.run(account, parameters)
        self._gateway._answers[key] = (print_, body)
        return body

    def _success(self, body: dict[str, Any]) -> tuple[Reply, str]:
        return Reply.json({"RequestId": self._request_id, **body}, headers=self._headers()), "ok"

    def _refusal(self, error: ApiError) -> Reply:
        body = {
            "RequestId": self._request_id,
            "HostId": "simulated.aliyuncs.com",
            "Code": error.code,
            "Message": error.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
        }
        return Reply.json(body, status=error.status, headers={**self._headers(), **error.headers})

    def _headers(self) -> dict[str, str]:
        return {"x-acs-request-id": self._request_id}

    def _record(self, reply: Reply, outcome: str) -> None:
        journal = self._journal
        lost = outcome == "cut" and self._fault is not None and self._fault.kind == "lose_answer"
        done = outcome == "ok" or lost
        self._gateway._recorder.end(
            self._call,
            outcome=outcome,
            status=0 if reply.cut else reply.status,
            fault=self._fault.kind if self._fault else "",
            made=tuple(journal.made) if done else (),
            changed=tuple(journal.changed) if done else (),
            used=tuple(journal.used) if done else (),
            mutates=self._action is not None and self._action.mutates,
            latency_s=self._gateway._account.store.latencies["call"],
            takes_s=journal.takes_s if done else 0.0,
        )


class _Cut(Exception):
    """The connection is closed instead of an answer."""


class _BadGateway(Exception):
    """A load balancer answers instead of the API."""


def _throttled(code: str, status: int, seconds: float) -> ApiError:
    headers = {"x-acs-retry-after": str(max(1, int(seconds * 1000)))} if seconds > 0 else {}
    return ApiError(code, status, "Request was denied due to user flow control.", headers=headers)


def _fingerprint(parameters: Parameters) -> str:
    return hashlib.sha256(json.dumps(parameters.flat, sort_keys=True).encode()).hexdigest()
