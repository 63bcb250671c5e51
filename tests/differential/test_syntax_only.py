"""``validate -syntax-only`` takes and refuses what Debian's packer 1.6.6 takes and refuses, and says the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

PACKER = shutil.which("packer") or ""

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

PASSED = "Syntax-only check passed. Everything looks okay."

TEMPLATES: dict[str, str] = {
    "unknown-function.pkr.hcl": "locals {\n  a = nosuch(1)\n}\n",
    "circle.pkr.hcl": "locals {\n  a = local.b\n  b = local.a\n}\n",
    "undeclared.pkr.hcl": 'source "null" "a" {\n  x = var.nope\n}\nbuild {\n  sources = ["source.null.a"]\n}\n',
    "no-source.pkr.hcl": 'build {\n  sources = ["source.none.x"]\n}\n',
    "unknown-step.pkr.hcl": 'source "null" "a" {}\nbuild {\n  sources = ["null.a"]\n  provisioner "what" {}\n}\n',
    "unknown-build-block.pkr.hcl": 'source "null" "a" {}\nbuild {\n  sources = ["null.a"]\n  nosuch {}\n}\n',
    "unknown-builder.pkr.hcl": 'source "nosuch" "a" {}\nbuild {\n  sources = ["nosuch.a"]\n}\n',
    "unset.pkr.hcl": 'variable "a" {}\nlocals {\n  b = var.a\n}\n',
    "rule.pkr.hcl": (
        'variable "a" {\n  default = 1\n  validation {\n    condition     = var.a > 2\n'
        '    error_message = "No way."\n  }\n}\n'
    ),
    "no-type.pkr.hcl": 'variable "a" {\n  type = nonsense\n}\n',
    "no-default.pkr.hcl": 'variable "a" {\n  default = foo.bar\n}\n',
    "bad-default.pkr.hcl": 'variable "a" {\n  type = number\n  default = "x"\n}\n',
    "variable-argument.pkr.hcl": 'variable "a" {\n  zz = 1\n}\n',
    "twice.pkr.hcl": 'variable "a" {\n  default = 1\n}\nvariable "a" {\n  default = 1\n}\n',
    "block.pkr.hcl": 'foo "x" {}\n',
    "open.pkr.hcl": 'variable "a" {\n',
    "version.pkr.hcl": 'packer {\n  required_version = "> 99"\n}\n',
    "json.json": '{"builders": [{"type": "nosuch", "a": "{{bad"}], "provisioners": [{"type": "zz"}]}',
    "json-unset.json": '{"variables": {"a": null}, "builders": [{"type": "null"}]}',
    "json-key.json": '{"builders": [], "nosuch": 1}',
    "json-open.json": '{"builders": [',
}

MORE_FLAGS: dict[str, list[str]] = {
    "undeclared-var": ["-var", "nope=1", "unset.pkr.hcl"],
    "missing-var-file": ["-var-file=nope.pkrvars.hcl", "unset.pkr.hcl"],
    "good-var": ["-var", "a=1", "unset.pkr.hcl"],
    "bad-var": ["-var", "a=[", "typed.pkr.hcl"],
}

KNOWN: dict[str, str] = {}
"""Cases in which we differ from 1.6.6, and why."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[tuple[int, bool], tuple[int, bool]]]:
    """For each case whether it was accepted and whether it was said, by packer and by us."""
    folder = tmp_path_factory.mktemp("syntax")
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    (folder / "typed.pkr.hcl").write_text('variable "a" {\n  type = list(string)\n}\n')
    cases = {name: [name] for name in TEMPLATES} | MORE_FLAGS

    def both(words: list[str]) -> tuple[tuple[int, bool], tuple[int, bool]]:
        ours = [sys.executable, "-m", "imagesmith"]
        return run([PACKER], words, folder), run(ours, words, folder)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(cases, pool.map(both, cases.values()), strict=True))


def run(program: list[str], words: list[str], folder: Path) -> tuple[int, bool]:
    environ = os.environ | {"HOME": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [*program, "validate", "-syntax-only", *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)
    return min(done.returncode, 1), PASSED in done.stdout


@pytest.mark.parametrize("case", [*TEMPLATES, *MORE_FLAGS])
def test_both_accept_or_both_refuse(case: str, outcomes: dict[str, tuple[tuple[int, bool], tuple[int, bool]]]) -> None:
    theirs, ours = outcomes[case]
    assert (theirs == ours) is (case not in KNOWN), f"packer {theirs}, imagesmith {ours}"
