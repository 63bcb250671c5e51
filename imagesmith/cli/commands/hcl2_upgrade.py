"""``imagesmith hcl2_upgrade``: a JSON template in HCL2."""

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
    from imagesmith import redact
    from imagesmith.errors import UsageError
    from imagesmith.template.files import read_text
    from imagesmith.template.upgrade import upgrade

    parsed = invocation.parsed
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    path = template_flags.template_argument(parsed)
    if path.endswith((".pkr.hcl", ".pkr.json")):
        raise UsageError(f"{path} is an HCL2 template already", hint="name a JSON template")
    output = parsed["output-file"] or f"{path}.pkr.hcl"
    if path == "-" and not parsed["output-file"]:
        raise UsageError("the template comes from standard input", hint="say where to with -output-file=NAME.pkr.hcl")
    upgraded = upgrade(read_text(path), "<stdin>" if path == "-" else path, annotated=parsed["with-annotations"])
    redact.register(*upgraded.secrets)
    replaced = _write(output, upgraded.text)
    printer.diagnostics(upgraded.problems)
    errors = sum(problem.severity == "error" for problem in upgraded.problems)
    done = f"{'Replaced' if replaced else 'Successfully created'} {output}"
    if errors:
        places = "1 place needs" if errors == 1 else f"{errors} places need"
        done += f"; {places} your hand, look for NOT UPGRADED"
    printer.result(done)
    for remark in _elsewhere(path, output, upgraded.text):
        printer.notices([remark])
    return 1 if errors else 0


def _write(output: str, text: str) -> bool:
    """Write the file; returns whether there was one. Raises `UsageError` where it can't be written."""
    from pathlib import Path

    from imagesmith.errors import UsageError

    target = Path(output)
    replaced = target.exists()
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{output} can't be written: {reason}", hint="choose another -output-file") from None
    return replaced


def _elsewhere(path: str, output: str, text: str) -> list[str]:
    """What changes because the new template lies in another folder, or under a name that is no template's."""
    from pathlib import Path

    remarks = []
    if not output.endswith(".pkr.hcl"):
        remarks.append(f"{output} is taken for JSON; HCL2 templates are named *.pkr.hcl")
    if path != "-" and "path.root" in text and Path(output).resolve().parent != Path(path).resolve().parent:
        remarks.append("the template uses its own folder (path.root), and that is another one now")
    return remarks


COMMAND = Command(
    "hcl2_upgrade",
    "hcl2_upgrade [FLAGS] TEMPLATE.json",
    "Write a JSON template in HCL2, so that it builds the same. An existing file is replaced. What HCL2 has no like "
    "for is copied as it is, with a comment above it, and named on stderr; the exit code is 1 then.",
    (
        Flag("output-file", "text", "Where to write it. (TEMPLATE.json.pkr.hcl)", "", "FILE"),
        Flag("with-annotations", "boolean", "Explain the parts of the file in comments.", False),
        *(
            Flag(name, kind, "Accepted for Packer's scripts.", without_effect="variables and builds are not looked at")
            for name, kind in _UNUSED.items()
        ),
    ),
    _run,
    ("hcl2_upgrade web.json", "hcl2_upgrade -output-file=web.pkr.hcl -with-annotations web.json"),
)
