"""Variables: where values come from, what they are turned into, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError, UsageError
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.template.hcl2 import load
from tests.template.hcl2.hcl2_plans import plan

DECLARED = 'variable "v" {\n  type    = string\n  default = "default"\n}\n'


def value(found: Plan, name: str = "v") -> Any:
    return {variable.name: variable.value for variable in found.variables}[name]


def failing(folder: Path, text: str, **request: Any) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        plan(folder, text, **request)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.diagnostics]


def test_later_sources_win(tmp_path: Path) -> None:
    steps: list[tuple[str, dict[str, Any]]] = [("default", {})]
    environ = {"PKR_VAR_v": "environment", "PKR_VAR_other": "is nobody's business"}
    steps.append(("environment", {"environ": environ}))
    (tmp_path / "first.pkrvars.hcl").write_text('v = "first file"\n')
    (tmp_path / "second.pkrvars.json").write_text('{"v": "second file"}')
    files = [str(tmp_path / "first.pkrvars.hcl")]
    steps.append(("first file", {"environ": environ, "variable_files": files}))
    both = [*files, str(tmp_path / "second.pkrvars.json")]
    steps.append(("second file", {"environ": environ, "variable_files": both}))
    steps.append(("first file", {"environ": environ, "variable_files": both[::-1]}))
    given = [("v", "flag"), ("v", "last flag")]
    steps.append(("last flag", {"environ": environ, "variable_files": both, "variables": given}))
    for expected, request in steps:
        assert value(plan(tmp_path, DECLARED, **request)) == expected


def test_automatic_files_belong_to_folders_only(tmp_path: Path) -> None:
    (tmp_path / "t.pkr.hcl").write_text(DECLARED)
    (tmp_path / "b.auto.pkrvars.hcl").write_text('v = "b"')
    (tmp_path / "a.auto.pkrvars.hcl").write_text('v = "a"')
    folder, file = str(tmp_path), str(tmp_path / "t.pkr.hcl")
    assert value(load(TemplateRequest(path=folder, environ={"PKR_VAR_v": "environment"}))) == "b"
    assert value(load(TemplateRequest(path=file, environ={}))) == "default"
    (tmp_path / "a.auto.pkrvars.json").write_text('{"v": "json"}')
    assert value(load(TemplateRequest(path=folder, environ={}))) == "json"


@pytest.mark.parametrize(
    ("declaration", "text", "expected"),
    [
        ("type = string", "a b", "a b"),
        ("type = string", '["a"]', '["a"]'),
        ("type = number", "5", 5),
        ("type = number", "1.5", 1.5),
        ("type = bool", "true", True),
        ("type = bool", '"true"', True),
        ("type = list(string)", '["a", 1]', ["a", "1"]),
        ("type = set(number)", "[2, 1, 2]", [1, 2]),
        ("type = map(string)", "{ a = 1 }", {"a": "1"}),
        ("type = object({ a = string, b = optional(number, 7) })", '{ a = "x" }', {"a": "x", "b": 7}),
        ("type = any", '["a"]', '["a"]'),
        ("", '["a"]', '["a"]'),
        ("default = []", "x", "x"),
        ("default = 5", "7", 7),
        ('default = ["a"]', '["b"]', ["b"]),
        ("default = true", "false", False),
    ],
)
def test_text_from_outside_becomes_the_declared_type(
    tmp_path: Path, declaration: str, text: str, expected: object
) -> None:
    template = f'variable "v" {{\n{declaration}\n}}\n'
    assert value(plan(tmp_path, template, variables=[("v", text)])) == expected
    assert value(plan(tmp_path, template, environ={"PKR_VAR_v": text})) == expected


@pytest.mark.packer
@pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed")
@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ("type = string", '["a"]'),
        ("type = number", "abc"),
        ("type = number", "1e3"),
        ("type = bool", "true"),
        ("type = bool", "1"),
        ("type = bool", '"1"'),
        ("type = list(string)", '["a", 1]'),
        ("type = list(string)", "a"),
        ("type = set(number)", "[2, 1, 2]"),
        ("type = map(string)", "{ a = 1 }"),
        ("default = 5", "7"),
        ("default = 5", "x"),
        ('default = ["a"]', '["a", "b"]'),
        ('default = { a = "x" }', '{ a = "y", b = 1 }'),
    ],
)
def test_packer_takes_and_refuses_the_same_text(tmp_path: Path, declaration: str, text: str) -> None:
    template = f'variable "v" {{\n{declaration}\n}}\nlocals {{\n  shown = jsonencode([var.v])\n}}\n'
    try:
        found = plan(tmp_path, template, variables=[("v", text)])
        ours = next(local.value for local in found.locals)
    except TemplateError:
        ours = "refused"
    done = subprocess.run(
        ["packer", "console", "-var", f"v={text}", str(tmp_path / "t.pkr.hcl")],
        input="local.shown\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    theirs = "refused" if done.returncode or "Error" in done.stdout else done.stdout.strip()
    assert ours == theirs


def test_library_users_give_plain_data(tmp_path: Path) -> None:
    template = 'variable "l" {\n  type = list(string)\n}\nvariable "n" {\n}\n'
    found = plan(tmp_path, template, variables=[("l", ["a", 1]), ("n", {"x": [1.5, None, True]})])
    assert (value(found, "l"), value(found, "n")) == (["a", "1"], {"x": [1.5, None, True]})


def test_defaults_may_ask_the_environment_and_nothing_else(tmp_path: Path) -> None:
    template = 'variable "v" {\n  default = "x-${env("NAME")}"\n}\n'
    assert value(plan(tmp_path, template, environ={"NAME": "n"})) == "x-n"
    assert value(plan(tmp_path, template)) == "x-"
    assert failing(tmp_path, 'variable "v" {\n  default = upper("a")\n}\n') == [
        (
            't.pkr.hcl:2:13: Only the function env can be used in a default, found "upper". '
            "Use a local for a computed value."
        )
    ]
    assert "Variables can't be used here" in failing(tmp_path, 'variable "v" {\n  default = var.x\n}\n')[0]


def test_every_wrong_value_is_reported_at_once(tmp_path: Path) -> None:
    template = 'variable "a" {}\nvariable "b" {\n  type = number\n}\nvariable "c" {\n  type = list(string)\n}\n'
    given = [("b", "x"), ("c", "q"), ("bb", "1")]
    assert failing(tmp_path, template, variables=given) == [
        'There is no variable "bb" to give a value with -var. Did you mean "b"?',
        "t.pkr.hcl:1:1: The variable \"a\" has no value. Give it one with -var 'a=…', -var-file or PKR_VAR_a.",
        (
            't.pkr.hcl:2:1: The value of the variable "b" from -var must be a number: a number is wanted. '
            "Write a number, such as 20."
        ),
        (
            't.pkr.hcl:5:1: The value of the variable "c" from -var is not a list of string at column 1. '
            'It is read as an expression, such as true, ["a", "b"] or {a = "b"}.'
        ),
    ]


def test_a_variable_without_a_value_can_be_tolerated(tmp_path: Path) -> None:
    found = plan(tmp_path, 'variable "a" {}\nlocals {\n  b = "x-${var.a}"\n}\n', tolerant=True)
    assert (value(found, "a"), found.locals[0].value) == (None, None)
    assert found.variables[0].required


def test_variable_files_hold_plain_values_only(tmp_path: Path) -> None:
    file = tmp_path / "x.pkrvars.hcl"
    for text, expected in {
        'v = upper("a")\n': "Functions can't be used here",
        "v = var.x\n": "Variables can't be used here",
        'variable "v" {}\n': "A variable file can't hold a block",
        "v = \n": "Expected a value",
    }.items():
        file.write_text(text)
        (problem,) = failing(tmp_path, DECLARED, variable_files=[str(file)])
        assert problem.startswith("x.pkrvars.hcl:1:")
        assert expected in problem
    with pytest.raises(UsageError, match="no known ending"):
        plan(tmp_path, DECLARED, variable_files=[str(tmp_path / "x.txt")])
    with pytest.raises(UsageError, match="does not exist"):
        plan(tmp_path, DECLARED, variable_files=[str(tmp_path / "nope.hcl")])


def test_unknown_names_in_files_are_a_warning_when_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "x.pkrvars.hcl"
    file.write_text('v = "a"\nvv = "b"\n')
    assert plan(tmp_path, DECLARED, variable_files=[str(file)]).warnings == ()
    (warning,) = plan(tmp_path, DECLARED, variable_files=[str(file)], warn_undeclared=True).warnings
    assert str(warning) == f'{file}:2:1: There is no variable "vv" to give a value. Did you mean "v"?'
    assert warning.severity == "warning"


def test_validation_sees_the_chosen_value_only(tmp_path: Path) -> None:
    template = (
        'variable "size" {\n  type    = number\n  default = 1\n  validation {\n    condition     = var.size >= 20\n'
        '    error_message = "The size must be 20 or more."\n  }\n}\n'
    )
    assert value(plan(tmp_path, template, variables=[("size", "20")]), "size") == 20
    assert failing(tmp_path, template) == [
        't.pkr.hcl:1:1: The value of the variable "size" from its default is not allowed. The size must be 20 or more.'
    ]
    for wrong, expected in {
        "true": "must refer to var.size",
        "var.other > 1": 'refers to "var.other"',
        "var.size": "must be true or false",
    }.items():
        assert expected in failing(tmp_path, template.replace("var.size >= 20", wrong))[0]
    assert "begins with a capital letter" in failing(tmp_path, template.replace("The size", "the size"))[0]


def test_wrong_declarations_are_reported_together(tmp_path: Path) -> None:
    template = (
        'variable "a" {\n  type = strng\n  defualt = 1\n  sensitive = "x"\n}\nvariable "b" {\n  type = number\n'
        '  default = "x"\n}\nvariables {\n  a = 1\n  c = 2\n}\nvariable {\n}\n'
    )
    assert failing(tmp_path, template) == [
        't.pkr.hcl:14:1: A "variable" block has 1 label, not 0. Write variable "NAME" { … }.'
    ]
    assert failing(tmp_path, template.replace("variable {\n}\n", "")) == [
        't.pkr.hcl:2:10: There is no type "strng". Did you mean "string"?',
        't.pkr.hcl:3:3: A variable block has no argument "defualt". Did you mean "default"?',
        't.pkr.hcl:4:15: "sensitive" must be true or false. a bool is wanted.',
        (
            "t.pkr.hcl:8:13: The default can't become the variable's type, number. a number is wanted. "
            "Write a number, such as 20."
        ),
        't.pkr.hcl:11:3: The variable "a" is declared twice. The first one is at t.pkr.hcl:1:1.',
    ]


def test_secrets_are_the_strings_inside_sensitive_values(tmp_path: Path) -> None:
    template = (
        'variable "pass" {\n  sensitive = true\n  default = "old-secret"\n}\n'
        'variable "more" {\n  sensitive = true\n  type = map(list(string))\n  default = { a = ["in-list"] }\n}\n'
        'local "token" {\n  sensitive = true\n  expression = "t-${var.pass}"\n}\nlocals {\n  open = "x"\n}\n'
    )
    found = plan(tmp_path, template, variables=[("pass", "new-secret")])
    assert set(found.secrets) == {"new-secret", "old-secret", "in-list", "t-new-secret"}
    assert {v.name: v.sensitive for v in [*found.variables, *found.locals]} == {
        "pass": True,
        "more": True,
        "open": False,
        "token": True,
    }


def test_a_wrong_sensitive_value_is_not_shown(tmp_path: Path) -> None:
    template = 'variable "n" {\n  type = number\n  sensitive = true\n}\nvariable "l" {\n  type = list(string)\n}\n'
    given = [("n", "hunter2-value"), ("l", "${hunter3-value")]
    assert not any("hunter" in problem for problem in failing(tmp_path, template, variables=given))
