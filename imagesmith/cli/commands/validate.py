"""``imagesmith validate``: everything that can be found wrong without touching a cloud."""

from __future__ import annotations

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer

_FLAGS = (
    *template_flags.SELECTION,
    Flag("syntax-only", "boolean", "Only read the template; variables may be unset, options are not checked.", False),
    Flag("no-warn-undeclared-var", "boolean", "Say nothing of values for variables that are not declared.", False),
    Flag(
        "evaluate-datasources",
        "boolean",
        "Accepted for Packer's scripts.",
        False,
        without_effect="there are no data sources in this release",
    ),
    *template_flags.PACKER_ONLY,
)


def _run(invocation: Invocation) -> int:
    from imagesmith import template

    parsed = invocation.parsed
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    syntax_only = parsed["syntax-only"]
    warn = not parsed["no-warn-undeclared-var"]
    plan = template.load(template_flags.request(parsed, tolerant=syntax_only, warn_undeclared=warn))
    warnings = plan.warnings
    if not syntax_only:
        from imagesmith.runner import check_plan

        warnings = (*warnings, *check_plan(plan))
    printer.diagnostics(warnings)
    done = "Syntax-only check passed. Everything looks okay." if syntax_only else "The configuration is valid."
    printer.result(done)
    return 0


COMMAND = Command(
    "validate",
    "validate [FLAGS] TEMPLATE",
    "Read a template, evaluate its variables and check every option of its builders, provisioners and "
    "post-processors. All that is wrong is shown at once, with file and line. No cloud is asked.",
    _FLAGS,
    _run,
    ("validate web.pkr.hcl", "validate -var region=cn-beijing -syntax-only web.json"),
)
