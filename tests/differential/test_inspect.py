# ruff: noqa: E501 - one template to a line
"""``inspect`` tells what Debian's packer 1.6.6 tells, for scripts and for people."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imagesmith.cli.program import run
from tests.differential.accepting import hcl2_shapes, json_shapes
from tests.differential.accepting.case import PACKER, Case, run_packer
from tests.differential.accepting.hcl2_shapes import LOCAL, M, N, build, whole

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

VARIABLES = {
    "text": '"a\\"b\\\\c\\n<&>é\\ttab $${x} %%{y}"',
    "number": "1.50",
    "large": "123456789012345678901234567890",
    "small": "0.000001234",
    "whole": "100000000000000000000000",
    "negative": "-5",
    "truth": "true",
    "mixed": '["a", 1, true, null]',
    "empty list": "[]",
    "empty map": "{}",
    "empty": '""',
    "nothing": "null",
    "nested": '{ b = "x", a = ["y", { z = 1 }], "a b" = null, c = {} }',
    "control": '"\\u0001\\u007f\\u2028\\U0001F600"',
    "comma": '"a,b\\rc"',
    "lists": '[["a"], []]',
}
LOCALS = {
    "upper": '[for x in ["a", "b"] : upper(x)]',
    "third": "1 / 3",
    "power": "1e30",
    "heredoc": "<<EOT\nmulti\nline\nEOT",
    "of an unset one": "var.a",
    "in text": '"x-${var.a}"',
    "in a list": "[var.a]",
    "truth": "5 > 3",
    "function": 'merge({ a = 1 }, { b = "x" })',
    "nothing": "null",
    "text": 'jsonencode({ a = ["x"] })',
}
TYPES = ("string", "number", "bool", "list(string)", "map(string)", "object({ a = string })")
STEPS = """
  description = "first\\nsecond, with a comma"
  source "source.null.m" {
    name = "renamed"
  }
  provisioner "shell-local" {
    name   = "named"
    inline = ["true"]
    only   = ["null.n"]
  }
  provisioner "file" {
    source      = "script.sh"
    destination = "x"
    except      = ["null.n"]
  }
  post-processor "manifest" {
    name = "mm"
  }
  post-processors {
    post-processor "manifest" {
    }
    post-processor "shell-local" {
      name   = "sl"
      only   = ["null.m"]
      inline = ["true"]
    }
  }
"""
HCL2 = {
    **{f"variable {name}": whole(f'variable "a" {{\n  default = {value}\n}}\n') for name, value in VARIABLES.items()},
    **{f"local {name}": whole(f'variable "a" {{\n}}\nlocals {{\n  l = {value}\n}}\n') for name, value in LOCALS.items()},
    **{f"unset {kind}": whole(f'variable "a" {{\n  type = {kind}\n}}\n') for kind in TYPES},
    "least": whole(),
    "steps": N + M + build(STEPS),
    "named": N + 'build {\n  name = "b"\n  sources = ["null.n"]\n' + LOCAL + "}\n",
    "two blocks": N + build(LOCAL) + build(),
    "no build": N,
    "many variables": 'variables {\n  z = 1\n  a = 2\n  M = 3\n  m_1 = 4\n  "b" = 5\n}\n'.replace('  "b" = 5\n', "") + whole(),
    "set": whole('variable "a" {\n  type = set(string)\n  default = ["b", "a", "b"]\n}\n'),
    "converted": whole('variable "a" {\n  type = list(string)\n  default = [1, true]\n}\n'),
    "described": whole('variable "a" {\n  default = "x"\n  description = "d"\n}\n'),
}  # fmt: skip
SENSITIVE = """
variable "s" {
  default   = "hidden"
  sensitive = true
}
variable "l" {
  default   = ["first secret", "second secret"]
  type      = list(string)
  sensitive = true
}
locals {
  inside = "it is hidden inside"
}
"""
JSON_NAMES = (
    "least", "two types", "templated name", "description", "variable of a variable", "required variable",
    "unknown variable in a variable", "environment in a variable", "no builders", "unknown builder", "empty name",
    "sequence", "override", "cleanup", "push", "root comment", "shell inline", "unknown provisioner", "build name in a variable",
    "variables in a circle", "bad template in a name", "provisioners empty", "variables empty", "default ''", "default 'x'",
)  # fmt: skip
NOTE = "only show in their raw form here"
OUR_NOTE = "Names are shown as they are written"


def cases() -> Iterator[Case]:
    for name, text in HCL2.items():
        yield Case(f"hcl2: {name}", {"t.pkr.hcl": text}, "t.pkr.hcl")
    yield from given_values()
    for name in JSON_NAMES:
        yield Case(f"json: {name}", {"t.json": json_shapes.TEXTS[name]}, "t.json")
    text = json_shapes.template(
        variables={"a": "x", "long_name": "1,2", "b": None, "s": "kept secret"}, sensitive_variables=["s"]
    )
    yield Case("json: many variables", {"t.json": text}, "t.json", variables=[("a", "given")])


def given_values() -> Iterator[Case]:
    """Values from everywhere at once: which one counts, and what is made of it."""
    declared = 'variable "%s" {\n  type = %s\n  default = null\n}\n'
    names = "".join(declared % (name, "string") for name in ("env", "auto", "file", "var", "none"))
    text = whole(names + declared % ("l", "list(string)") + declared % ("m", "map(number)"))
    everywhere: dict[str, Any] = {
        "environ": {f"PKR_VAR_{name}": "env" for name in ("env", "auto", "file", "var")} | {"PKR_VAR_l": '["e"]'},
        "variable_files": ["v.pkrvars.hcl", "w.pkrvars.hcl"],
        "variables": [("var", "first"), ("var", "-var, last"), ("m", '{ a = "1", b = 2 }')],
    }
    files = {
        "f/t.pkr.hcl": text,
        "f/x.auto.pkrvars.hcl": "".join(f'{name} = "auto"\n' for name in ("auto", "file", "var")),
        "v.pkrvars.hcl": 'file = "v"\nvar = "v"\nl = ["v", 1]\n',
        "w.pkrvars.hcl": 'file = "w"\nvar = "w"\n',
    }
    yield Case("hcl2: values from everywhere", files, "f", **everywhere)
    for kind, value in (
        ("list(string)", '["x", "y"]'),
        ("bool", "true"),
        ("number", "1e3"),
        ("string", "${1}"),
        ("set(number)", "[2, 1, 2]"),
    ):
        one = {"t.pkr.hcl": whole(hcl2_shapes.VARIABLE % kind)}
        yield Case(f"hcl2: -var of {kind}", one, "t.pkr.hcl", variables=[("a", value)])
        yield Case(f"hcl2: PKR_VAR_ of {kind}", one, "t.pkr.hcl", environ={"PKR_VAR_a": value})
    literal = {"t.pkr.hcl": whole(hcl2_shapes.VARIABLE % "list(string)"), "v.json": '{"a": ["${1}", 5, true, "$${x}"]}'}
    yield Case("hcl2: a JSON file's text is not rendered", literal, "t.pkr.hcl", variable_files=["v.json"])


CASES = list(cases())


def lines(text: str, *, machine_readable: bool) -> list[str]:
    """What is told, without the times and without the note at the end of JSON templates, which has words of its own."""
    told = [line.partition(",")[2] for line in text.splitlines()] if machine_readable else text.rstrip("\n").split("\n")
    if machine_readable:
        return [line for line in told if NOTE not in line and OUR_NOTE not in line]
    end = next((at for at, line in enumerate(told) if line.startswith(("Note: ", OUR_NOTE))), len(told))
    return told[:end]


def ours(case: Case, *flags: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["inspect", *flags, *case.flags(), case.path], called_as="packer") == 0, out.getvalue()
    return out.getvalue()


def compared(chosen: Sequence[Case], folder: Path, monkeypatch: pytest.MonkeyPatch, *flags: str) -> dict[str, str]:
    """Theirs and ours of each case that is told differently."""
    folders = [folder / str(number) for number in range(len(chosen))]
    for case, own in zip(chosen, folders, strict=True):
        own.mkdir()
        case.write(own)
    with ThreadPoolExecutor(2) as pool:
        reports = list(
            pool.map(lambda c, f: run_packer(["inspect", *flags, *c.flags(), c.path], f, c.environ), chosen, folders)
        )
    different = {}
    for case, own, report in zip(chosen, folders, reports, strict=True):
        assert report.returncode == 0, f"{case.name}: {report.stdout}"
        monkeypatch.chdir(own)
        with monkeypatch.context() as patched:
            for name, value in case.environ.items():
                patched.setenv(name, value)
            told = ours(case, *flags)
        theirs = lines(report.stdout, machine_readable=bool(flags))
        mine = lines(told, machine_readable=bool(flags))
        if mine != theirs:
            different[case.name] = "\n".join(["theirs", *theirs, "ours", *mine])
    return different


def test_scripts_are_told_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(CASES) >= 60
    different = compared(CASES, tmp_path, monkeypatch, "-machine-readable")
    assert not different, "\n".join(different.values())


def test_people_are_told_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Case("hcl2: sensitive", {"t.pkr.hcl": whole(SENSITIVE)}, "t.pkr.hcl")
    different = compared([*CASES[::3], secret], tmp_path, monkeypatch)
    assert not different, "\n".join(different.values())


def test_scripts_are_told_no_secret_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other than 1.6.6, which shows sensitive values of HCL2 templates there.
    case = Case("hcl2: sensitive", {"t.pkr.hcl": whole(SENSITIVE)}, "t.pkr.hcl")
    case.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    told = ours(case, "-machine-readable")
    assert told.count("<sensitive>") == 4
    assert "hidden" not in told
    assert "secret" not in told
