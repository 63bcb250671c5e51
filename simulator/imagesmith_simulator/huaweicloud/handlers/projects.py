"""Projects (IAM v3)."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.routes import Call, operation


@operation(
    "iam",
    "KeystoneListProjects",
    "GET /v3/projects",
    query="domain_id name parent_id enabled is_domain page per_page",
)
def list_all(account: Account, call: Call) -> Any:
    """The projects of the account; the filter matches the beginning of a name, as the real one does."""
    wanted = call.query.get("name", "")
    return {
        "projects": [
            {"id": identity, "name": name, "enabled": True, "is_domain": False}
            for identity, name in account.store.projects.items()
            if name.startswith(wanted)
        ]
    }
