"""The page of least-privilege policies: what each permission is for, and the policies of the example templates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import imagesmith_alicloud.policy
import imagesmith_huaweicloud.policy
from imagesmith.permissions import Need
from imagesmith.plan import TemplateRequest
from imagesmith.policy import policies
from imagesmith.template import load

_EXAMPLES = Path(__file__).parent.parent / "examples"
_INTRODUCTION = """<!-- made by docs/generate.py from the providers' tables and the example templates; edit those -->
# Permissions

What a build can call, its teardown after an error and a later cleanup included. Which of it a template needs,
[`imagesmith policy`](../how-to/give-only-the-permissions-it-needs.md) tells; here are all of them with what they are
for, and the policies of the example templates."""
_UNVERIFIED = "Names with a `?` follow the others of their kind; no page of the cloud that says so was found."


def page() -> str:
    """The whole page."""
    alicloud, huaweicloud = imagesmith_alicloud.policy, imagesmith_huaweicloud.policy
    parts = [
        _INTRODUCTION,
        "## Alibaba Cloud (RAM)",
        _table(alicloud.NEEDS, frozenset()),
        _example("alicloud/quickstart.pkr.hcl"),
        "## Huawei Cloud (IAM)",
        _table(huaweicloud.NEEDS, huaweicloud.UNVERIFIED),
        _UNVERIFIED,
        _example("huaweicloud/quickstart.pkr.hcl"),
    ]
    return "\n\n".join(parts) + "\n"


def _table(needs: Iterable[Need[Any]], unverified: frozenset[str]) -> str:
    rows = ["| for | permissions |", "| --- | --- |"]
    for need in needs:
        names = (f"`{name}`" + (" ?" if name in unverified else "") for name in need.actions.split())
        rows.append(f"| {need.why} | {', '.join(names)} |")
    return "\n".join(rows)


def _example(template: str) -> str:
    plan = load(TemplateRequest(str(_EXAMPLES / template), environ={}, data_sources="unknown"))
    (document,) = policies(plan).values()
    return f"`imagesmith policy examples/{template}`:\n\n```json\n{json.dumps(document, indent=2)}\n```"
