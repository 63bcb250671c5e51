"""Data sources and locals: what they need of each other, what is read when, and what stays unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.errors import TemplateError
from imagesmith.options import Options, option
from imagesmith.plan import Plan
from tests.template.hcl2.hcl2_plans import options, plan


def locals_of(found: Plan) -> dict[str, Any]:
    return {local.name: local.value for local in found.locals}


def failing(folder: Path, text: str, **request: Any) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        plan(folder, text, **request)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.diagnostics]


CHAIN = """
locals {
  first  = "a"
  second = "${data.null.one.output}c"
  third  = data.null["two"]["output"]
}
data "null" "two" {
  input = "${local.second}d"
}
data "null" "one" {
  input = "${local.first}b"
}
"""


def test_locals_and_data_sources_may_need_each_other_in_any_order(tmp_path: Path) -> None:
    assert locals_of(plan(tmp_path, CHAIN)) == {"first": "a", "second": "abc", "third": "abcd"}


def test_data_is_visible_everywhere_but_in_variables(tmp_path: Path) -> None:
    text = CHAIN + (
        'source "cloud" "a" {\n  image = data.null.one.output\n}\n'
        'build {\n  name = data.null.one.output\n  source "cloud.a" {\n    name = data.null.two.output\n  }\n'
        '  provisioner "p" {\n    only = ["cloud.${data.null.two.output}"]\n    all = data.null\n  }\n'
        '  dynamic "post-processor" {\n    for_each = [data.null.one.output]\n'
        "    labels = [post-processor.value]\n    content {\n      x = data.null.one.output\n    }\n  }\n}\n"
    )
    (build,) = plan(tmp_path, text).builds
    assert build.name == "ab.cloud.abcd"
    assert options(build.source.given()) == {"image": "ab"}  # type: ignore[attr-defined]
    assert options(build.provisioners[0].configuration.given()) == {  # type: ignore[attr-defined]
        "all": {"one": {"output": "ab"}, "two": {"output": "abcd"}}
    }
    assert build.post_processors[0][0].type == "ab"
    (problem,) = failing(tmp_path, CHAIN + 'variable "v" {\n  default = data.null.one.output\n}\n')
    assert 'Variables can\'t be used here, found "data"' in problem


def test_bracketed_and_whole_references_are_understood(tmp_path: Path) -> None:
    text = (
        'locals {\n  name = "x"\n  all = [for kind, found in data : keys(found)]\n'
        '  computed = data.null[local.name].output\n  splat = data.null[*]\n  try = try(data.null.x.nope, "none")\n}\n'
        'data "null" "x" {\n  input = [for local in ["a"] : "${local}!"][0]\n}\n'
    )
    found = locals_of(plan(tmp_path, text))
    assert (found["all"], found["computed"], found["try"]) == ([["x"]], "a!", "none")


def test_circles_are_reported_with_their_chain(tmp_path: Path) -> None:
    text = (
        'locals {\n  a = data.null.b.output\n}\ndata "null" "b" {\n  input = data.null.c.output\n}\n'
        'data "null" "c" {\n  input = local.a\n}\n'
        'data "null" "self" {\n  input = data.null.self.output\n}\n'
        "locals {\n  d = local.e\n  e = local.d\n  after = data.null.self.output\n}\n"
    )
    assert failing(tmp_path, text) == [
        (
            "t.pkr.hcl:4:1: Locals and data sources need each other in a circle. "
            "data.null.b -> data.null.c -> local.a -> data.null.b. Take one of the references out."
        ),
        (
            "t.pkr.hcl:10:1: Data sources need each other in a circle. data.null.self -> data.null.self. "
            "Take one of the references out."
        ),
        (
            "t.pkr.hcl:14:3: Locals need each other in a circle. local.d -> local.e -> local.d. "
            "Take one of the references out."
        ),
    ]


def test_what_does_not_exist_is_an_error_once_even_inside_try(tmp_path: Path) -> None:
    text = (
        'data "null" "web" {\n  input = "x"\n}\nlocals {\n  a = data.null.wen.output\n  b = try(local.nope, 1)\n'
        '  c = data.http.x.body\n  d = "${local.a}!"\n  e = data.null.web.outptu\n}\n'
    )
    assert failing(tmp_path, text) == [
        't.pkr.hcl:5:11: There is no "data.null.wen". Did you mean "data.null.web"?',
        't.pkr.hcl:6:16: There is no "local.nope". Known are a, c, d, e.',
        't.pkr.hcl:7:11: There is no "data.http.x". Known are null.web.',
        't.pkr.hcl:9:20: There is no "data.null.web.outptu". Did you mean "data.null.web.output"?',
    ]


def test_without_data_blocks_data_says_so(tmp_path: Path) -> None:
    assert "Declare it: data" in failing(tmp_path, "locals {\n  a = data.null.x.output\n}\n")[0]
    text = (
        'source "cloud" "a" {\n  x = data.null.x.output\n}\nbuild {\n  name = data.null.x\n  sources = ["cloud.a"]\n}\n'
    )
    assert "The template declares no data sources" in failing(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('data "null" "x" {}\ndata "null" "x" {}\n', 'The data source "null.x" is declared twice'),
        ('data "null" {}\n', 'A "data" block has 2 labels, not 1'),
        ('data "nul" "x" {}\n', 'There is no data source "nul". did you mean "null"?'),
        ('data "null" "x" {\n  imput = 1\n}\n', 'data "null": unknown option "imput". Did you mean "input"?'),
        ('data "null" "x" {\n  input = {}\n}\n', 'data "null": the option "input" must be a string'),
        ('data "null" "x" {\n  dynamic "input" {\n    for_each = []\n  }\n}\n', "can't have dynamic blocks"),
        ('data "null" "x" {\n  input = source.name\n}\n', '"source" can\'t be used here'),
        ('data "hcp-packer-version" "x" {}\n', 'The data source "hcp-packer-version" needs HCP Packer'),
        ('data "hcp-packer-artifact" "x" {}\n', "Look the image up with alicloud-images"),
        (
            'data "http" "x" {\n  url = "http://127.0.0.1:1/"\n}\n',
            'data "http" "x": http://127.0.0.1:1 can\'t be reached',
        ),
    ],
)
def test_what_is_wrong_with_a_data_block_is_told_with_its_place(tmp_path: Path, block: str, said: str) -> None:
    (problem,) = failing(tmp_path, block)
    assert said in problem
    assert problem.startswith("t.pkr.hcl:")


def test_several_faults_are_reported_at_once(tmp_path: Path) -> None:
    text = (
        'data "null" "a" {\n  imput = 1\n}\ndata "nothing" "b" {}\ndata "null" "c" {\n  input = upper(1, 2)\n}\n'
        'locals {\n  x = "${data.null.a.output} ${data.nothing.b.z}"\n  y = 1 + "a"\n}\n'
    )
    assert [line.split(":")[1] for line in failing(tmp_path, text)] == ["2", "4", "6", "10"]


def test_go_template_text_is_rendered_in_a_data_block(tmp_path: Path) -> None:
    found = plan(tmp_path, 'data "null" "x" {\n  input = "{{ upper `a` }}"\n}\nlocals {\n  x = data.null.x.output\n}\n')
    assert locals_of(found) == {"x": "A"}


def test_sequential_evaluation_reads_data_before_locals(tmp_path: Path) -> None:
    text = (
        'data "null" "a" {\n  input = "a"\n}\ndata "null" "b" {\n  input = data.null.a.output\n}\n'
        "locals {\n  x = data.null.b.output\n}\n"
    )
    assert locals_of(plan(tmp_path, text, sequential=True)) == {"x": "a"}
    (problem,) = failing(tmp_path, CHAIN.replace("${local.second}d", "x"), sequential=True)
    assert 'A data source can\'t use "local.first" here. With -use-sequential-evaluation' in problem


def test_unread_data_is_unknown_of_its_type_and_flows_on(tmp_path: Path) -> None:
    text = (
        'data "http" "x" {\n  url = "http://127.0.0.1:1/"\n}\n'
        "locals {\n  body = data.http.x.body\n  headers = data.http.x.request_headers\n"
        '  text = "a-${data.http.x.body}"\n  decoded = jsondecode(data.http.x.body)\n'
        "  deep = local.decoded.a.b[0]\n  either = local.decoded.ok ? 1 : 2\n  known = length([data.http.x.body])\n}\n"
        'source "cloud" "a" {\n  headers = local.headers\n  text = local.text\n  deep = local.deep\n'
        '  list = [local.body, "b"]\n  number = local.either\n  truth = local.body == "x"\n}\n'
        'build {\n  sources = ["cloud.a"]\n}\n'
    )
    found = plan(tmp_path, text, data_sources="unknown")
    assert locals_of(found) == dict.fromkeys(("body", "headers", "text", "decoded", "deep", "either")) | {"known": 1}
    given = found.builds[0].source.given()  # type: ignore[attr-defined]
    assert options(given) == {
        "headers": {},
        "text": "<unknown>",
        "deep": "<unknown>",
        "list": ["<unknown>", "b"],
        "number": 0,
        "truth": False,
    }
    assert all(entry.unknown for entry in given)
    assert "can't be reached" in failing(tmp_path, text)[0]


def test_only_built_in_ones_are_read_for_inspect(tmp_path: Path) -> None:
    text = (
        'data "null" "x" {\n  input = "x"\n}\n'
        'data "alicloud-images" "y" {\n  region = "cn-hangzhou"\n  image_name = data.null.x.output\n}\n'
        'data "null" "z" {\n  input = data.alicloud-images.y.id\n}\n'
        "locals {\n  x = data.null.x.output\n  y = data.alicloud-images.y.id\n  z = data.null.z.output\n}\n"
    )
    assert locals_of(plan(tmp_path, text, data_sources="built-in")) == {"x": "x", "y": None, "z": None}


def test_an_unset_variable_keeps_a_data_source_from_being_read(tmp_path: Path) -> None:
    text = 'variable "v" {}\ndata "null" "x" {\n  input = var.v\n}\nlocals {\n  x = data.null.x.output\n}\n'
    assert locals_of(plan(tmp_path, text, tolerant=True)) == {"x": None}


def test_a_data_source_of_a_foreign_plugin_is_unknown_when_nothing_is_read(tmp_path: Path) -> None:
    text = (
        'packer {\n  required_plugins {\n    amazon = {\n      source = "github.com/hashicorp/amazon"\n'
        '      version = ">= 1"\n    }\n  }\n}\ndata "amazon-ami" "x" {\n  owners = ["a"]\n}\n'
        "locals {\n  id = data.amazon-ami.x.id\n}\n"
    )
    found = plan(tmp_path, text, data_sources="unknown")
    assert locals_of(found) == {"id": None}
    (warning,) = found.warnings
    assert 'is part of the plugin "amazon" (github.com/hashicorp/amazon), which is not built in' in warning.summary
    assert failing(tmp_path, text)[0].startswith("t.pkr.hcl:9:1: The data source")


def test_secrets_of_a_data_block_are_masked_in_its_errors(tmp_path: Path) -> None:
    text = (
        'variable "token" {\n  sensitive = true\n  default = "hunter2hunter2"\n}\n'
        'data "http" "x" {\n  url = "http://${var.token}.invalid/"\n  timeout = "2s"\n}\n'
    )
    (problem,) = failing(tmp_path, text)
    assert "hunter2" not in problem
    assert redact.MASK in problem


def test_every_line_of_a_sensitive_local_is_masked(tmp_path: Path) -> None:
    text = (
        'local "key" {\n  sensitive = true\n'
        '  expression = { inner = ["first-line\\nsecond-line", data.null.x.output] }\n}\n'
        'data "null" "x" {\n  input = "third-line"\n}\n'
    )
    found = plan(tmp_path, text)
    assert set(found.secrets) == {"first-line\nsecond-line", "third-line"}
    assert redact.mask("a first-line b second-line c third-line") == "a <sensitive> b <sensitive> c <sensitive>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", ""),
        ('bucket_name = "my-bucket"\n  bucket_labels = { a = "b" }\n  channels = ["x"]', ""),
        ('bucket_name = "ab"', '"bucket_name" can\'t be "ab". Take 3 to 36 letters, digits and dashes.'),
        ('bucket_name = "under_score"', "Take 3 to 36 letters"),
        (f'description = "{"x" * 256}"', '"description" is too long'),
        ("labels = {}\n  bucket_labels = {}", "can't be used together"),
        ("bucket = 1", 'has no argument "bucket". Did you mean "bucket_name"?'),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_an_hcp_registry_is_checked_and_has_no_effect(tmp_path: Path, body: str, said: str, inside: bool) -> None:
    block = f"hcp_packer_registry {{\n  {body}\n}}\n"
    text = 'source "cloud" "a" {}\nbuild {\n  sources = ["cloud.a"]\n' + (block + "}\n" if inside else "}\n" + block)
    if said:
        assert said in failing(tmp_path, text)[0]
    else:
        summaries = [warning.summary for warning in plan(tmp_path, text).warnings]
        assert summaries == ['The block "hcp_packer_registry" has no effect']
    assert any("can have one" in line for line in failing(tmp_path, text + "hcp_packer_registry {}\n"))


class Shape(Options):
    """Options whose rules placeholders would break."""

    name: str = option(doc="The name.")
    mode: str = option(default="", choices=("BIOS", "UEFI"), doc="The mode.")
    size: int = option(default=20, doc="The size.")
    later: str = option(default="", doc="Later.", not_yet="use mode")


def test_placeholders_break_no_rule(tmp_path: Path) -> None:
    text = (
        'data "null" "x" {\n  input = "x"\n}\nsource "cloud" "a" {\n  name = data.null.x.output\n'
        "  mode = data.null.x.output\n  size = data.null.x.output\n  later = data.null.x.output\n}\n"
        'build {\n  sources = ["cloud.a"]\n}\n'
    )
    found = plan(tmp_path, text, data_sources="unknown").builds[0].source.decode(Shape)
    assert (found.mode, found.size, found.later) == ("", 20, "")
    with pytest.raises(TemplateError, match='"mode" can\'t be "x"'):
        plan(tmp_path, text).builds[0].source.decode(Shape)


SHAPES = (
    'data "shapes" "x" {{\n  token = "hunter2hunter2"\n  fault = "{}"\n}}\nlocals {{\n  all = data["shapes"].x\n}}\n'
)


def test_outputs_have_the_types_that_are_declared(tmp_path: Path) -> None:
    found = plan(tmp_path, SHAPES.format(""))
    assert locals_of(found)["all"] == {
        "text": "5",
        "size": 20,
        "truth": True,
        "list": ["a", "b"],
        "table": [{"a": 1, "b": "x"}],
        "free": {"k": [1]},
    }
    assert [str(warning).partition(": ")[2] for warning in found.warnings] == ['data "shapes" "x": be warned.']


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("cloud", "not there with <sensitive>. Describe, NotFound.X, request id R-1. ask for it."),
        ("defect", "a defect in the data source. ZeroDivisionError: with <sensitive>."),
        ("type", "a defect in the data source. Its outputs are not of the types that it declares"),
    ],
)
def test_a_failing_data_source_is_told_with_its_place(tmp_path: Path, fault: str, said: str) -> None:
    first = failing(tmp_path, SHAPES.format(fault))[0]
    assert first.startswith('t.pkr.hcl:1:1: data "shapes" "x": ')
    assert said in first
