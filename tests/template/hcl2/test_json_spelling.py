"""``*.pkr.json``: the same language written as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from tests.template.hcl2.hcl2_plans import options, plan

TEMPLATE: dict[str, Any] = {
    "//": "a comment",
    "packer": {"required_version": ">= 1.7.0"},
    "variable": {
        "s": {"type": "string", "default": "q", "//": "another"},
        "l": {"type": "list(string)", "default": ["a"], "validation": {"condition": "${length(var.l) > 0}",
                                                                       "error_message": "Give one."}},
    },
    "locals": {"up": "${upper(var.s)}", "text": "x-${var.s}", "obj": {"k${1}": "${var.l}", "n": 1.5, "//": "x"}},
    "source": {"cloud": {"a": {"image": "${local.up}", "disk": [{"size": 1}, {"size": "${1 + 1}"}]}}},
    "build": [
        {
            "name": "j",
            "sources": ["source.cloud.a"],
            "provisioner": [{"shell": {"inline": ["echo ${build.ID}"]}}, {"shell": [{"n": 1}, {"n": 2}]}],
            "post-processors": [{"post-processor": [{"one": {}}, {"two": {"name": "cut"}}]}],
        }
    ],
}  # fmt: skip


def test_a_template_in_json_is_planned(tmp_path: Path) -> None:
    found = plan(tmp_path, json.dumps(TEMPLATE), "t.pkr.json")
    assert {local.name: local.value for local in found.locals} == {
        "up": "Q", "text": "x-q", "obj": {"k1": ["a"], "n": 1.5},
    }  # fmt: skip
    (build,) = found.builds
    assert build.name == "j.cloud.a"
    assert options(build.source.given()) == {"image": "Q", "disk": [{"size": 1}, {"size": 2}]}  # type: ignore[attr-defined]
    assert [p.type for p in build.provisioners] == ["shell", "shell", "shell"]
    configuration: Any = build.provisioners[0].configuration
    assert options(configuration.given({"ID": "i-1"})) == {"inline": ["echo i-1"]}
    assert [[p.name or p.type for p in chain] for chain in build.post_processors] == [["one", "cut"]]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ('{"variable": {"a": {"type": "strng"}}}', "1:29", "strng"),
        ('{"locals": {\n  "a": "${nope.x}"}}', "2:8", "nope"),
        ('{"locals": {\n  "a": "${1 +}"}}', "2:8", "Expected a value"),
        ('{"sorce": {}}', "1:2", '"sorce"'),
        ('{"build": 5}', "1:11", "object"),
        ('{"build": }', "1:11", "value"),
        ('{"variable": {"a": {"defualt": 1}}}', "1:21", "default"),
    ],
)
def test_errors_in_json_have_their_place(tmp_path: Path, text: str, place: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        plan(tmp_path, text, "t.pkr.json")
    problem = caught.value.diagnostics[0]
    assert str(problem.location) == f"{tmp_path}/t.pkr.json:{place}"
    assert expected in str(problem)
