"""``imagesmith schema``: the JSON Schema of templates, for editors."""

from __future__ import annotations

from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.errors import UsageError

_FLAGS = (
    Flag(
        "language",
        "choice",
        "json: Packer's legacy JSON templates; hcl2: *.pkr.json files.",
        "json",
        choices=("json", "hcl2"),
    ),
)


def _run(invocation: Invocation) -> int:
    import json

    from imagesmith.template.json_schema import schema

    if invocation.parsed.arguments:
        raise UsageError("schema takes no argument", hint="-language=hcl2 gives the schema of *.pkr.json files")
    print(json.dumps(schema(invocation.parsed["language"]), indent=2, ensure_ascii=False))  # noqa: T201
    return 0


COMMAND = Command(
    "schema",
    "schema [-language=json|hcl2]",
    "Print a JSON Schema (draft 2020-12) of templates, with every option of every plugin: for completion, help and "
    "red lines in an editor. For VS Code, write it to a file and name that file under json.schemas in settings.json.",
    _FLAGS,
    _run,
    ("schema > packer.schema.json", "schema -language=hcl2 > pkr.schema.json"),
)
