"""``imagesmith policy``: the least that an account has to be allowed for a template's builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer
from imagesmith.errors import UsageError

_FLAGS = (
    *template_flags.SELECTION,
    Flag("force", "boolean", "The builds will be run with -force.", False),
    Flag("cloud", "text", "Print the policy for this one of several clouds.", "", "NAME"),
    template_flags.SEQUENTIAL,
    *template_flags.PACKER_ONLY,
)


def _run(invocation: Invocation) -> int:
    import json

    from imagesmith import redact, template
    from imagesmith.policy import policies

    parsed = invocation.parsed
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    plan = template.load(template_flags.request(parsed, force=parsed["force"], data_sources="unknown"))
    redact.register(*plan.secrets)
    printer.diagnostics(plan.warnings)
    found = policies(plan, force=parsed["force"])
    printer.result(json.dumps(_chosen(found, parsed["cloud"]), indent=2))
    return 0


def _chosen(found: Mapping[str, Mapping[str, Any]], cloud: str) -> Mapping[str, Any]:
    """The only cloud's policy, or the one that was asked for; else all of them by cloud."""
    if not cloud:
        return next(iter(found.values())) if len(found) == 1 else found
    if cloud not in found:
        hint = f"it builds in {' and '.join(found)}"
        raise UsageError(f'the template has no build in the cloud "{cloud}"', hint=hint)
    return found[cloud]


COMMAND = Command(
    "policy",
    "policy [FLAGS] TEMPLATE",
    "Print the least-privilege policy for a template's builds as JSON, in the form that the cloud's console and API "
    "take: the actions that a build with these options, its teardown after an error and a later cleanup can call, and "
    "no others. Builds in one cloud are put together. For a template that builds in several clouds it is an object "
    "with a policy for each of them, and -cloud picks one. No cloud is asked.",
    _FLAGS,
    _run,
    ("policy web.pkr.hcl > policy.json", "policy -only='*.web' -cloud=alicloud ."),
)
