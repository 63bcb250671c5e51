"""The least-privilege policies of a template: what its builds may have to call, one document for each cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imagesmith import plugin
from imagesmith.checking import check_plan, parts
from imagesmith.errors import UsageError
from imagesmith.options import Options
from imagesmith.permissions import Permissions, TellsPermissions
from imagesmith.plan import Plan


def policies(plan: Plan, *, force: bool = False) -> Mapping[str, Mapping[str, Any]]:
    """The policy documents by cloud, in the order in which the plan's builds name the clouds; no cloud is asked.

    ``force``: the builds will be run with ``-force``. Raises `TemplateError` for wrong options, `UsageError` for a
    builder that does not tell what it needs and for a plan without a cloud.
    """
    check_plan(plan, for_build=True)
    found: dict[str, Permissions] = {}
    for one in _told(plan, force=force):
        found[one.cloud] = found[one.cloud] + one if one.cloud in found else one
    if not found:
        raise UsageError("no build of the template works in a cloud", hint="there is nothing to allow")
    return {cloud: permissions.document() for cloud, permissions in found.items()}


def _told(plan: Plan, *, force: bool) -> Iterator[Permissions]:
    for planned in plan.builds:
        for kind, name, configuration in parts(planned):
            options: Options = configuration.decode(plugin.load(kind, name))
            if isinstance(options, TellsPermissions):
                yield options.permissions(force=force)
            elif kind == "builders" and getattr(options, "in_a_cloud", False):
                text = f'the builder "{name}" does not tell which permissions it needs'
                raise UsageError(text, hint=f"ask its author; -except={planned.name} leaves it out")
