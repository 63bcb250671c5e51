"""``imagesmith fix``: an old JSON template with today's names for its options."""

from __future__ import annotations

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag, Kind
from imagesmith.cli.report import Printer

_UNUSED: dict[str, Kind] = {
    "var": "pairs",
    "var-file": "texts",
    "only": "names",
    "except": "names",
    "config-type": "text",
}


def _run(invocation: Invocation) -> int:
    from imagesmith.errors import Diagnostic, TemplateError, UsageError
    from imagesmith.template import fix
    from imagesmith.template.files import read_text

    parsed = invocation.parsed
    Printer(invocation.program, invocation.machine_readable).notices(parsed.notices)
    path = template_flags.template_argument(parsed)
    if path.endswith((".pkr.hcl", ".pkr.json")):
        raise UsageError(f"{path} is an HCL2 template", hint="fix is for JSON templates; HCL2 has no old spellings")
    file = "<stdin>" if path == "-" else path
    fixed = fix.fix_text(read_text(path), file)
    print(fixed, end="\n\n")  # noqa: T201
    if parsed["validate"] and (wrong := fix.problems(fixed, f"{file} (fixed)")):
        hint = "What is wrong is wrong in the template itself; -validate=false prints it without this check"
        raise TemplateError([*wrong, Diagnostic("the fixed template is not valid", hint=hint)])
    return 0


COMMAND = Command(
    "fix",
    "fix [FLAGS] TEMPLATE",
    "Print a JSON template with today's names for options that had other ones once. The template itself is not "
    "changed. What is printed is laid out as Packer prints it: sorted, without the order of the original.",
    (
        Flag("validate", "boolean", "Don't look at the shape of the fixed template.", True),
        *(
            Flag(name, kind, "Accepted for Packer's scripts.", without_effect="variables and builds are not looked at")
            for name, kind in _UNUSED.items()
        ),
    ),
    _run,
    ("fix old.json > new.json", "fix -validate=false old.json"),
)
