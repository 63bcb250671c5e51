"""The API gateway's front door: one port for all services, told apart by verb and path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import imagesmith_simulator.huaweicloud.handlers  # noqa: F401 - fills the table of operations
from imagesmith_simulator import gateway
from imagesmith_simulator.faults import Fault, Faults
from imagesmith_simulator.gateway import Asked
from imagesmith_simulator.huaweicloud import errors, permissions
from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.routes import Answer, Call, Operation, find, paths_of
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
            product=self._product(*found) if found else "",
            parameters={**query, **_flat(body)},
            given=(found, query, body),
        )

    def _product(self, named: Operation, path: dict[str, str]) -> str:
        """ECS, IMS and EVS have the same path for jobs: there it is the job that tells the service."""
        job = self._account.store.jobs.get(path.get("job_id", ""))
        return job.service if job else named.product

    def verify(self, asked: Asked) -> None:
        found, headers = asked.given[0], asked.request.headers
        if found and not found[0].signed:
            return
        if "x-auth-token" in headers and "authorization" not in headers:
            self._account.tokens.verify(headers["x-auth-token"])
        else:
            self._guard.verify(asked.request)

    def find(self, asked: Asked) -> Operation:
        found = asked.given[0]
        if found is None:
            raise ApiError("APIGW.0101", 404, f"The simulator does not serve {asked.action}.")
        operation: Operation = found[0]
        return operation

    def run(self, operation: Operation, asked: Asked) -> Answer:
        """Do it; with a client token that was used before, give the answer of that time again."""
        (_, path), query, body = asked.given
        call = self._call(path, query, body, asked.request)
        token = call.client_token
        if unknown := operation.unknown(call):
            raise ApiError("APIGW.0106", 400, f"The simulated {operation.name} does not take {unknown}.")
        if not token or call.dry_run:
            return _answer(operation, operation.run(self._account, call))
        print_ = json.dumps(body, sort_keys=True)
        if before := self._answers.get((operation.name, token)):
            if before[0] != print_:
                raise ApiError("Ecs.0005", 400, "The client token was used with other parameters before.")
            return _answer(operation, before[1])
        answer = operation.run(self._account, call)
        self._answers[operation.name, token] = (print_, answer)
        return _answer(operation, answer)

    def _call(self, path: dict[str, str], query: dict[str, str], body: Any, request: Request) -> Call:
        """The request as handlers see it. Raises `ApiError` for a body that is no JSON, and a project of others."""
        if not isinstance(body, dict | list):
            raise ApiError("APIGW.0106", 400, "The body is not a JSON object.")
        projects = self._account.store.projects
        token_project = self._account.tokens.project_of(request.headers.get("x-auth-token", ""))
        caller = token_project or request.headers.get("x-project-id", "") or next(iter(projects), "")
        for project in (path.get("project_id"), caller):
            if project and (project not in projects or token_project not in ("", project)):
                raise ApiError("APIGW.0305", 403, "The project in the URL does not belong to the caller.")
        members = body if isinstance(body, dict) else {}
        return Call(
            path=path,
            query=query,
            body=members,
            items=body if isinstance(body, list) else (),
            client_token=request.headers.get("x-client-token", ""),
            dry_run=bool(members.get("dry_run")),
            caller_project=caller,
            host=request.headers.get("host", ""),
        )

    def success(self, body: Any, request_id: str) -> Reply:
        answer: Answer = body
        headers = {"X-Request-Id": request_id, **answer.headers}
        if answer.body is None:
            return Reply(204 if answer.status == 200 else answer.status, b"", headers)
        return Reply.json(answer.body, status=answer.status, headers=headers)

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

    def permissions(self, operation: Operation, asked: Asked) -> Sequence[str]:
        """As IAM's policies name them."""
        return permissions.needed(operation.name, asked.product)

    def forbidden(self, asked: Asked, permission: str) -> ApiError:
        text = f"Policy doesn't allow {permission} to be performed."
        return ApiError("PDP5.0001", 403, text)

    def unavailable(self, fault: Fault) -> ApiError:
        return ApiError(fault.code or "APIGW.0202", fault.status or 503, fault.message or "Backend unavailable.")


def _answer(operation: Operation, answer: Any) -> Answer:
    return answer if isinstance(answer, Answer) else Answer(operation.status, answer)


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
