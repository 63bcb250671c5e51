"""The API gateway's front door: one port for all services, told apart by verb and path."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import imagesmith_simulator.huaweicloud.handlers  # noqa: F401 - fills the table of operations
from imagesmith_simulator import gateway
from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.gateway import Asked
from imagesmith_simulator.huaweicloud import errors
from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.routes import Call, Operation, find, paths_of
from imagesmith_simulator.huaweicloud.signatures import Guard
from imagesmith_simulator.record import Recorder
from imagesmith_simulator.refusals import ApiError
from imagesmith_simulator.server import Reply, Request


class Gateway(gateway.Gateway):
    """Serves the operations of `imagesmith_simulator.huaweicloud.routes` for one account."""

    def __init__(self, account: Account, guard: Guard, recorder: Recorder, faults: Faults) -> None:
        super().__init__(account.store, recorder, faults)
        self._account = account
        self._guard = guard
        self._answers: dict[tuple[str, str], tuple[str, Any]] = {}

    def read(self, request: Request) -> Asked:
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        try:
            body: Any = json.loads(request.body) if request.body else {}
        except ValueError:
            body = None
        found = find(request.method, request.path, body if isinstance(body, dict) else {})
        named = found[0] if found else None
        return Asked(
            request=request,
            action=named.name if named else f"{request.method} {request.path}",
            product=named.product if named else "",
            parameters={**query, **_flat(body)},
            given=(found, query, body),
        )

    def verify(self, asked: Asked) -> None:
        self._guard.verify(asked.request)

    def find(self, asked: Asked) -> Operation:
        found = asked.given[0]
        if found is None:
            raise ApiError("APIGW.0101", 404, f"The simulator does not serve {asked.action}.")
        operation: Operation = found[0]
        return operation

    def run(self, operation: Operation, asked: Asked) -> tuple[int, Any]:
        """Do it; with a client token that was used before, give the answer of that time again."""
        (_, path), query, body = asked.given
        if not isinstance(body, dict):
            raise ApiError("APIGW.0106", 400, "The body is not a JSON object.")
        self._check_project(path, asked)
        token = asked.request.headers.get("x-client-token", "")
        call = Call(path=path, query=query, body=body, client_token=token, dry_run=bool(body.get("dry_run")))
        if unknown := operation.unknown(call):
            raise ApiError("APIGW.0106", 400, f"The simulated {operation.name} does not take {unknown}.")
        if not token or call.dry_run:
            return operation.status, operation.run(self._account, call)
        print_ = json.dumps(body, sort_keys=True)
        if before := self._answers.get((operation.name, token)):
            if before[0] != print_:
                raise ApiError("Ecs.0005", 400, "The client token was used with other parameters before.")
            return operation.status, before[1]
        answer = operation.run(self._account, call)
        self._answers[operation.name, token] = (print_, answer)
        return operation.status, answer

    def _check_project(self, path: dict[str, str], asked: Asked) -> None:
        project = path.get("project_id")
        if project is not None and project not in self._account.store.projects:
            raise ApiError("APIGW.0305", 403, "The project in the URL does not belong to the caller.")

    def success(self, body: Any, request_id: str) -> Reply:
        status, answer = body
        headers = {"X-Request-Id": request_id}
        if answer is None:
            return Reply(204 if status == 200 else status, b"", headers)
        return Reply.json(answer, status=status, headers=headers)

    def refusal(self, error: ApiError, asked: Asked, request_id: str) -> Reply:
        return Reply.json(
            errors.body(error, asked.product),
            status=error.status,
            headers={"X-Request-Id": request_id, **error.headers},
        )

    def throttled(self, code: str, status: int, seconds: float) -> ApiError:
        text = "The throttling threshold has been reached: policy user over ratelimit"
        headers = {"Retry-After": str(max(1, round(seconds)))} if seconds > 0 else {}
        return ApiError(code or "APIGW.0308", status or 429, text, headers=headers)

    def forbidden(self, asked: Asked) -> ApiError:
        text = f"Policy doesn't allow {asked.product}:{asked.action} to be performed."
        return ApiError("PDP5.0001", 403, text)

    def unavailable(self, fault: Fault) -> ApiError:
        return ApiError(fault.code or "APIGW.0202", fault.status or 503, fault.message or "Backend unavailable.")


def _flat(body: Any) -> dict[str, str]:
    """The body's members as the record shows them: ``server.nics[].subnet_id``."""
    if not isinstance(body, dict):
        return {}
    found: dict[str, str] = {}
    for path in paths_of(body):
        value: Any = body
        for name in path.split("."):
            inner = value.get(name.removesuffix("[]")) if isinstance(value, dict) else None
            value = inner[0] if isinstance(inner, list) and inner and name.endswith("[]") else inner
        found[path] = value if isinstance(value, str) else json.dumps(value)
    return found
