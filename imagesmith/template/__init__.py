"""From a template, in whichever language, to one `imagesmith.plan.Plan`."""

from __future__ import annotations

import os
from pathlib import Path

from imagesmith.errors import UsageError
from imagesmith.plan import Plan, TemplateRequest

__all__ = ["language_of", "load", "outline"]

_HCL2_NAMES = (".pkr.hcl", ".pkr.json")


def load(request: TemplateRequest) -> Plan:
    """Read a template file, a folder of them or standard input (``-``), and plan what it asks for.

    A folder and files named ``*.pkr.hcl`` or ``*.pkr.json`` are HCL2, everything else is legacy JSON;
    ``request.language`` overrides that. Raises `UsageError` and `TemplateError`.
    """
    if language_of(request.path, request.language) == "hcl2":
        from imagesmith.template import hcl2

        return hcl2.load(request)
    from imagesmith.template import json

    return json.load(request)


def outline(request: TemplateRequest) -> Plan:
    """What a template consists of, for people to look at: as `load` gives it, but a JSON template is not rendered.

    Such a plan has no builds, and variables have their defaults as they are written. Raises what `load` raises.
    """
    if language_of(request.path, request.language) == "json":
        from imagesmith.template import json

        return json.outline(request)
    return load(request)


def language_of(path: str, language: str = "") -> str:
    """The language of a template, "hcl2" or "json"; ``language`` is what ``-config-type`` says.

    Raises `UsageError` for what is no template: a path that does not exist, a folder without HCL2 files.
    """
    if language not in ("", "json", "hcl2"):
        raise UsageError(f'there is no template language "{language}"', hint='it is "json" or "hcl2"')
    if not path:
        raise UsageError("no template was named", hint="give a file, a folder, or - for standard input")
    if path == "-":
        if language == "hcl2":
            raise UsageError("an HCL2 template can't come from standard input", hint="name a file or a folder")
        return "json"
    if os.path.isdir(path):  # noqa: PTH112 - this one never raises
        return _language_of_folder(Path(path), language)
    if not os.path.exists(path):  # noqa: PTH110 - the same
        hint = "check the path; it is relative to the current folder"
        raise UsageError(f"the template {path} does not exist", hint=hint)
    return language or ("hcl2" if path.endswith(_HCL2_NAMES) else "json")


def _language_of_folder(path: Path, language: str) -> str:
    try:
        names = sorted(entry.name for entry in path.iterdir())
    except OSError as error:
        raise UsageError(f"the folder {path} can't be read: {error.strerror}") from None
    if language == "json":
        raise UsageError(f"{path} is a folder", hint="name the JSON template itself")
    if any(name.endswith(_HCL2_NAMES) for name in names):
        return "hcl2"
    others = [name for name in names if name.endswith((".json", ".hcl"))]
    hint = f"did you mean {path / others[0]}?" if others else "templates are named *.pkr.hcl or *.pkr.json"
    raise UsageError(f"could not find any template in the folder {path}", hint=hint)
