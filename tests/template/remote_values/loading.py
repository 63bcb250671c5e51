"""What the tests of secret stores share: a template around one expression, and what loading it gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from imagesmith import template
from imagesmith.errors import TemplateError
from imagesmith.plan import Plan, TemplateRequest


def load_hcl2(folder: Path, body: str, environ: Mapping[str, str], *, syntax_only: bool = False) -> Plan:
    """The plan of an HCL2 template with this text and one null build."""
    path = folder / "t.pkr.hcl"
    path.write_text(body + '\nsource "null" "n" {\n  communicator = "none"\n}\nbuild {\n  sources = ["null.n"]\n}\n')
    return template.load(TemplateRequest(str(path), environ=environ, syntax_only=syntax_only))


def value_of(folder: Path, expression: str, environ: Mapping[str, str]) -> object:
    """What an HCL2 expression gives."""
    (local,) = load_hcl2(folder, f"locals {{\n  found = {expression}\n}}", environ).locals
    return local.value


def fault_of(folder: Path, expression: str, environ: Mapping[str, str]) -> str:
    """How a look-up that fails is told, without its file name."""
    with pytest.raises(TemplateError) as caught:
        value_of(folder, expression, environ)
    (fault,) = caught.value.diagnostics
    assert fault.location is not None
    assert (fault.location.line, fault.location.column) == (2, 11)
    return f"{fault.summary} | {fault.hint}"
