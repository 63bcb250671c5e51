"""``imagesmith inspect``: what a template consists of, in Packer's layout."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.cli import inspection, template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.report import Printer


def _run(invocation: Invocation) -> int:
    from imagesmith import redact, template

    parsed = invocation.parsed
    plan = template.outline(template_flags.request(parsed, tolerant=True, data_sources="built-in"))
    redact.register(*plan.secrets)
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    printer.diagnostics(plan.warnings)
    told = inspection.of_json(plan) if plan.language == "json" else inspection.of_hcl2(plan)
    for line in _encoded(told) if invocation.machine_readable else _texts(told):
        print(redact.mask(line))  # noqa: T201
    return 0


def _texts(told: Iterator[inspection.Told]) -> Iterator[str]:
    return (one for one in told if isinstance(one, str))


def _encoded(told: Iterator[inspection.Told]) -> Iterator[str]:
    import time

    from imagesmith.ui.machine_readable import encode, ui_line

    now = time.time()
    for one in told:
        yield ui_line("say", one, now) if isinstance(one, str) else encode(now, "", *one)


COMMAND = Command(
    "inspect",
    "inspect [FLAGS] TEMPLATE",
    "Show a template's variables with their values, its locals and its builds with their provisioners and "
    "post-processors. Variables may be unset; sensitive values are not shown.",
    (*template_flags.SELECTION, template_flags.SEQUENTIAL, *template_flags.PACKER_ONLY),
    _run,
    ("inspect web.pkr.hcl", "inspect -machine-readable web.json"),
)
