"""The RPC APIs' front door: parameters in the query or a form, client tokens, JSON answers with a RequestId."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import imagesmith_simulator.alicloud.handlers  # noqa: F401 - fills the table of actions
from imagesmith_simulator import gateway
from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ACTIONS, LOCATION, PRODUCTS, Action
from imagesmith_simulator.alicloud.errors import ApiError, missing
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.signatures import Guard
from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.gateway import Asked
from imagesmith_simulator.record import Recorder
from imagesmith_simulator.server import Reply, Request

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


class Gateway(gateway.Gateway):
    """Serves the actions of `imagesmith_simulator.alicloud.actions` for one account."""

    def __init__(self, account: Account, guard: Guard, recorder: Recorder, faults: Faults) -> None:
        super().__init__(account.store, recorder, faults)
        self._account = account
        self._guard = guard
        self._answers: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}

    def read(self, request: Request) -> Asked:
        given = dict(parse_qsl(request.query, keep_blank_values=True))
        if "form" in request.headers.get("content-type", "") and request.body:
            given |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        version = request.headers.get("x-acs-version") or given.get("Version", "")
        return Asked(
            request=request,
            action=request.headers.get("x-acs-action") or given.get("Action", ""),
            product=PRODUCTS.get(version, version),
            parameters={key: value for key, value in sorted(given.items()) if key not in _PROTOCOL},
            given=(version, given),
            counted=version != LOCATION,
        )

    def verify(self, asked: Asked) -> None:
        self._guard.verify(asked.request, asked.given[1])

    def find(self, asked: Asked) -> Action:
        version = asked.given[0]
        if version not in PRODUCTS:
            raise ApiError("InvalidVersion", 400, f'The simulator does not serve the API version "{version}".')
        if action := ACTIONS.get((version, asked.action)):
            return action
        text = f"The simulator does not serve the action {asked.action} of {asked.product}."
        raise ApiError("InvalidAction.NotFound", 404, text)

    def run(self, operation: Action, asked: Asked) -> dict[str, Any]:
        """Do it; with a client token that was used before, give the answer of that time again."""
        account, parameters = self._account, Parameters(dict(asked.parameters))
        if unknown := operation.unknown(parameters):
            raise ApiError("UnknownParameter", 400, f"The simulated {operation.name} does not take {unknown}.")
        for name in operation.requires:
            if not parameters.text(name):
                raise missing(name)
        region = parameters.text("RegionId")
        if region and not account.store.world.zones(region) and asked.counted:
            raise ApiError("InvalidRegionId.NotFound", 404, f"The specified RegionId {region} does not exist.")
        token = parameters.text("ClientToken") if operation.idempotent else ""
        if not token:
            return operation.run(account, parameters)
        if len(token) > 64 or not token.isascii():
            raise ApiError("InvalidParameter.ClientToken", 400, "The client token must be 64 ASCII characters or less.")
        key, print_ = (operation.name, region, token), _fingerprint(parameters)
        if before := self._answers.get(key):
            if before[0] != print_:
                raise ApiError("IdempotentParameterMismatch", 400, "The token was used with other parameters before.")
            return before[1]
        body = operation.run(account, parameters)
        self._answers[key] = (print_, body)
        return body

    def success(self, body: Any, request_id: str) -> Reply:
        return Reply.json({"RequestId": request_id, **body}, headers={"x-acs-request-id": request_id})

    def refusal(self, error: ApiError, asked: Asked, request_id: str) -> Reply:
        body = {
            "RequestId": request_id,
            "HostId": "simulated.aliyuncs.com",
            "Code": error.code,
            "Message": error.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
        }
        return Reply.json(body, status=error.status, headers={"x-acs-request-id": request_id, **error.headers})

    def throttled(self, code: str, status: int, seconds: float) -> ApiError:
        headers = {"x-acs-retry-after": str(max(1, int(seconds * 1000)))} if seconds > 0 else {}
        text = "Request was denied due to user flow control."
        return ApiError(code or "Throttling.User", status or 400, text, headers=headers)

    def permissions(self, operation: Action, asked: Asked) -> Sequence[str]:
        """Giving a RAM role to an instance takes a permission of RAM's own."""
        wanted = f"{asked.product}:{operation.name}"
        return (wanted, "ram:PassRole") if asked.parameters.get("RamRoleName") else (wanted,)

    def forbidden(self, asked: Asked, permission: str) -> ApiError:
        return ApiError("Forbidden.RAM", 403, f"User not authorized to operate {permission}.")

    def unavailable(self, fault: Fault) -> ApiError:
        text = fault.message or "A fault that was asked for."
        return ApiError(fault.code or "ServiceUnavailable", fault.status or 503, text)


def _fingerprint(parameters: Parameters) -> str:
    return hashlib.sha256(json.dumps(parameters.flat, sort_keys=True).encode()).hexdigest()
