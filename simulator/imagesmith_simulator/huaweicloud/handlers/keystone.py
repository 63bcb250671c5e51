"""Tokens for users with passwords, and where the services are (IAM v3, OpenStack's Keystone)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import Refused
from imagesmith_simulator.huaweicloud.routes import Answer, Call, operation
from imagesmith_simulator.refusals import ApiError

_USER = "auth.identity.password.user"
_CATALOG = (
    ("compute", "ecs", "/v2.1/{project}"),
    ("image", "ims", "/v2"),
    ("network", "vpc", "/v2.0"),
    ("identity", "iam", "/v3"),
)
"""Type of a service, its name, and where it is below the host."""


@operation("iam", "KeystoneListVersions", "GET /v3", signed=False)
def version(_: Account, call: Call) -> Any:
    """What clients ask first: which version of Keystone this is."""
    return {"version": {"id": "v3.6", "status": "stable", "links": [{"rel": "self", "href": _url(call, "/v3/")}]}}


@operation(
    "iam",
    "KeystoneCreateUserTokenByPassword",
    "POST /v3/auth/tokens",
    fields=f"auth.identity.methods[] {_USER}.name {_USER}.password {_USER}.domain.name auth.scope.project.id "
    "auth.scope.project.name auth.scope.project.domain.name",
    status=201,
    mutates=False,
    signed=False,
)
def create_token(account: Account, call: Call) -> Any:
    """A token of a user for a project, which the answer's header has; its body has the catalog."""
    given = call.body.get("auth") or {}
    user = ((given.get("identity") or {}).get("password") or {}).get("user") or {}
    wanted = (given.get("scope") or {}).get("project") or {}
    if not user.get("name") or not user.get("password") or not wanted:
        raise Refused("400", 400, "A user, a password and a project must be given.", shape="error")
    domain = (user.get("domain") or {}).get("name", "")
    try:
        word, token = account.tokens.issue(user["name"], user["password"], domain, _project(account, wanted))
    except ApiError as error:
        raise Refused(error.code, error.status, error.message, shape="error") from None
    stamp, store = account.store.clock.stamp, account.store
    body = {
        "methods": ["password"],
        "issued_at": stamp(token.issued),
        "expires_at": stamp(token.expires),
        "user": {"id": token.user, "name": token.user, "domain": {"id": token.domain, "name": token.domain}},
        "project": {
            "id": token.project_id,
            "name": store.projects[token.project_id],
            "domain": {"id": token.domain, "name": token.domain},
        },
        "roles": [{"id": "0", "name": "te_admin"}],
        "catalog": [_service(call, token.project_id, store.regions[token.project_id], *row) for row in _CATALOG],
    }
    return Answer(201, {"token": body}, {"X-Subject-Token": word})


def _project(account: Account, wanted: Mapping[str, Any]) -> str:
    projects = account.store.projects
    if identity := wanted.get("id"):
        return str(identity)
    return next((identity for identity, name in projects.items() if name == wanted.get("name")), "")


def _service(call: Call, project: str, region: str, kind: str, name: str, path: str) -> Mapping[str, Any]:
    endpoint = {"id": f"{name}-{region}", "interface": "public", "region": region, "region_id": region}
    return {
        "id": name,
        "name": name,
        "type": kind,
        "endpoints": [{**endpoint, "url": _url(call, path.format(project=project))}],
    }


def _url(call: Call, path: str) -> str:
    return f"http://{call.host}{path}"
