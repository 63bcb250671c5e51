"""What people read of an upgraded template, and what they are told about what can't be upgraded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from imagesmith.template.upgrade import Upgraded, upgrade

NULL: dict[str, Any] = {"type": "null", "communicator": "none"}


def upgraded(template: dict[str, Any], *, annotated: bool = False) -> Upgraded:
    return upgrade(json.dumps(template, indent=1), "t.json", annotated=annotated)


def content(text: str, **more: Any) -> str:
    """The upgraded option that holds this text."""
    found = upgraded({"builders": [{"type": "file", "target": "x", "content": text}], **more}).text
    return next(line.partition(" = ")[2] for line in found.splitlines() if line.strip().startswith("content"))


@pytest.mark.parametrize(
    ("text", "hcl"),
    [
        ("{{user `a`}}", "var.a"),
        ("x-{{user `a`}}", '"x-${var.a}"'),
        ("{{user `a` | lower}}", "lower(var.a)"),
        ("{{split (user `a`) `-` 0}}", 'split("-", var.a)[0]'),
        ("{{user `a` | replace_all `.` `_`}}", 'replace(var.a, ".", "_")'),
        ("{{user `a` | replace `v.` `` 1}}", 'regex_replace(var.a, "(?s)^(.*?)v\\\\.", "$${1}")'),
        ("{{uuid}}", "uuidv4()"),
        ("{{isotime `2006`}}", 'legacy_isotime("2006")'),
        ("{{timestamp}}", "local.timestamp"),
        ("{{template_dir}}/x", '"${abspath(path.root)}/x"'),
        ("{{if user `a`}}x{{else}}y{{end}}", '"%{if var.a != ""}x%{else}y%{endif}"'),
        ("{{printf `%q` (user `a`)}}", '"{{printf `%q` (${jsonencode(var.a)})}}"'),
        ("{{.Path}} ${HOME} $${x} 5%{", '"{{.Path}} $${HOME} ${"$$"}{x} 5%%{"'),
        ("cost$$", '"cost$$"'),
        ("{{build_name}}", '"file"'),
    ],
)
def test_text_reads_like_hcl2(text: str, hcl: str) -> None:
    assert content(text, variables={"a": "1"}) == hcl


def test_a_computed_variable_can_still_be_given() -> None:
    text = upgraded({"variables": {"a": "1", "b": "{{user `a`}}2"}, "builders": [NULL]}).text
    assert 'variable "b" {\n  type    = string\n  default = null\n}' in text
    assert 'b = var.b != null ? var.b : "${var.a}2"' in text


def test_text_of_several_lines_becomes_a_heredoc() -> None:
    script = "#!/bin/sh\nset -e\necho ${HOME}\n"
    text = upgraded({"builders": [{"type": "file", "target": "x", "content": script}]}).text
    assert "content = <<EOT\n#!/bin/sh\nset -e\necho $${HOME}\nEOT\n" in text


def test_what_has_no_like_in_hcl2_is_named_with_its_place() -> None:
    found = upgraded(
        {
            "variables": {"a": "{{printf `%q` `x`}}"},
            "builders": [NULL],
            "provisioners": [{"type": "shell-local", "inline": ["{{user `a` | sed `s/a/b/`}}"]}],
        }
    )
    assert not found.complete
    assert [str(problem.location) for problem in found.problems] == ["t.json:3:3", "t.json:14:4"]
    assert '# NOT UPGRADED: provisioner "shell-local": "inline": sed does nothing any more' in found.text


def test_changed_names_are_warnings() -> None:
    found = upgraded({"variables": {"a.b": "1"}, "builders": [{**NULL, "name": "20.04"}]})
    assert found.complete
    assert sorted(problem.summary for problem in found.problems) == [
        'scripts of the build "20.04" get PACKER_BUILD_NAME=image_20_04',
        'the variable "a.b" is called a_b in HCL2',
    ]


def test_annotations_explain_the_parts() -> None:
    template = {"variables": {"a": "1"}, "builders": [NULL]}
    plain, told = upgraded(template).text, upgraded(template, annotated=True).text
    assert "#" not in plain
    assert [line for line in told.splitlines() if not line.startswith("#")] == plain.splitlines()
    assert told.count("#") > 4


def test_secrets_are_named_for_masking_and_not_shown() -> None:
    builder = {"type": "alicloud-ecs", "secret_key": "open sesame", "region": "cn-beijing"}
    found = upgraded({"variables": {"p": "hunter2"}, "sensitive-variables": ["p"], "builders": [builder]})
    assert set(found.secrets) == {"hunter2", "open sesame"}
    assert "hunter2" not in repr(found)
    assert "open sesame" not in repr(found)


def test_plugins_of_known_types_are_required() -> None:
    text = upgraded({"builders": [{"type": "amazon-ebs"}], "provisioners": [{"type": "windows-update"}]}).text
    assert '"github.com/hashicorp/amazon"' in text
    assert '"github.com/rgl/windows-update"' in text


def test_a_template_of_a_wrong_shape_is_refused() -> None:
    with pytest.raises(TemplateError):
        upgraded({"builders": []})
