"""``imagesmith validate``: everything that can be found wrong without touching a cloud."""

from __future__ import annotations

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer

_FLAGS = (
    *template_flags.SELECTION,
    Flag("syntax-only", "boolean", "Only read the template and its variables; nothing else is evaluated.", False),
    Flag("no-warn-undeclared-var", "boolean", "Say nothing of values for variables that are not declared.", False),
    Flag("evaluate-datasources", "boolean", "Read the data sources; else their values count as unknown.", False),
    Flag(
        "log-format",
        "choice",
        "text for people; json prints each error and warning as one JSON object a line, and nothing else.",
        "text",
        choices=("text", "json"),
    ),
    template_flags.SEQUENTIAL,
    *template_flags.PACKER_ONLY,
)


def _run(invocation: Invocation) -> int:
    from imagesmith import redact, template

    parsed = invocation.parsed
    printer = Printer(invocation.program, invocation.machine_readable, json_lines=parsed["log-format"] == "json")
    printer.notices(parsed.notices)
    syntax_only = parsed["syntax-only"]
    warn = not parsed["no-warn-undeclared-var"]
    request = template_flags.request(
        parsed,
        tolerant=syntax_only,
        syntax_only=syntax_only,
        warn_undeclared=warn,
        data_sources="read" if parsed["evaluate-datasources"] else "unknown",
    )
    plan = template.load(request)
    redact.register(*plan.secrets)
    warnings = plan.warnings
    if not syntax_only:
        from imagesmith.checking import check_plan

        warnings = (*warnings, *check_plan(plan))
    printer.diagnostics(warnings)
    done = "Syntax-only check passed. Everything looks okay." if syntax_only else "The configuration is valid."
    printer.result(done)
    return 0


COMMAND = Command(
    "validate",
    "validate [FLAGS] TEMPLATE",
    "Read a template, evaluate its variables and check every option of its builders, provisioners and "
    "post-processors. All that is wrong is shown at once, with file and line. No cloud is asked, unless "
    "-evaluate-datasources is given. What only this release can't build is a warning here; build refuses it.",
    _FLAGS,
    _run,
    (
        "validate web.pkr.hcl",
        "validate -var region=cn-beijing -syntax-only web.json",
        "validate -log-format=json . | jq .summary",
    ),
)
