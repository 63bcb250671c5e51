"""``imagesmith schema``: what validates against it and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from imagesmith import plugin, template
from imagesmith.checking import check_plan
from imagesmith.errors import ImagesmithError
from imagesmith.options import table
from imagesmith.plan import TemplateRequest
from imagesmith.template.json_schema import schema
from tests.cli.command_line import CommandLine

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(path for path in (ROOT / "tests" / "templates").rglob("*.json") if "variables" not in path.name)


@pytest.fixture(scope="module")
def legacy() -> Draft202012Validator:
    return Draft202012Validator(schema("json"))


@pytest.fixture(scope="module")
def hcl2() -> Draft202012Validator:
    return Draft202012Validator(schema("hcl2"))


def faults(validator: Draft202012Validator, document: Any) -> list[str]:
    return [error.message for error in validator.iter_errors(document)]


def with_builder(**options: object) -> dict[str, object]:
    builder = {"type": "alicloud-ecs", "region": "x", "image_name": "x", "instance_type": "x", "source_image": "x"}
    return {"builders": [builder | options]}


def with_provisioner(**options: object) -> dict[str, object]:
    return {"builders": [{"type": "null"}], "provisioners": [options]}


@pytest.mark.parametrize("language", ["json", "hcl2"])
def test_the_schema_is_a_schema_and_the_command_prints_it(imagesmith: CommandLine, language: str) -> None:
    Draft202012Validator.check_schema(schema(language))
    done = imagesmith("schema", f"-language={language}", PYTHONPATH="")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == schema(language)


def test_every_valid_template_of_the_tests_validates(
    legacy: Draft202012Validator, hcl2: Draft202012Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this release accepts as it stands; others need variables, files or a plugin that is not built in."""
    checked = 0
    for path in TEMPLATES:
        monkeypatch.chdir(path.parent)
        request = TemplateRequest(path=str(path), environ={}, tolerant=True)
        try:
            check_plan(template.load(request))
            document = json.loads(path.read_text())
        except (ImagesmithError, ValueError):
            continue
        validator = hcl2 if path.name.endswith(".pkr.json") else legacy
        assert faults(validator, document) == [], path.name
        checked += 1
    assert checked >= 6


@pytest.mark.parametrize(
    "document",
    [
        with_builder(),
        with_builder(ssh_port="22", io_optimized="true", ssh_timeout="5m", _x=None) | {"_comment": "hello"},
        with_builder(ssh_port="{{user `port`}}", io_optimized="{{user `io`}}", ssh_timeout="{{user `t`}}"),
        with_builder(tags={"a": 1, "b": True}),
        with_builder(packer_debug=True),
        with_provisioner(type="shell", inline="a,b", max_retries="3", pause_before="5s"),
        with_provisioner(type="shell", inline=["a"], override={"null": {"inline": ["b"]}}),
        with_provisioner(type="file", override={"null": {"source": "a", "destination": "b"}}),
        {"builders": [{"type": "null"}], "post-processors": ["manifest", [{"type": "manifest", "output": "x"}]]},
        {"builders": [{"type": "null"}], "variables": {"a": None, "b": ""}, "sensitive-variables": ["a"]},
    ],
    ids=lambda document: json.dumps(document)[:60],
)
def test_what_weak_typing_accepts_validates(legacy: Draft202012Validator, document: dict[str, Any]) -> None:
    document["builders"] = [{k: v for k, v in b.items() if k != "_x"} for b in document["builders"]]
    assert faults(legacy, document) == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"builders": []},
        {"builders": {"type": "null"}},
        {"builders": [{}]},
        {"builders": [{"type": "alicloud-esc"}]},
        {"builders": [{"type": "null"}], "provisioner": []},
        {"builders": [{"type": "null"}], "variables": {"a": 5}},
        {"builders": [{"type": "null"}], "_comment": 5},
        {"builders": [{"type": "null", "nosuch": 1}]},
        with_builder(image_nme="x"),
        with_builder(ssh_port="abc"),
        with_builder(ssh_timeout="5"),
        with_builder(io_optimized="maybe"),
        with_builder(image_name=["x"]),
        with_builder(tags=5),
        with_provisioner(type="sleep"),
        with_provisioner(type="shell", inlin=["a"]),
        {"builders": [{"type": "null"}], "post-processors": ["nosuch"]},
        {"builders": [{"type": "null"}], "post-processors": [[["manifest"]]]},
        {"builders": [{"type": "null"}], "post-processors": [{"type": "manifest", "outputt": "x"}]},
    ],
    ids=lambda document: json.dumps(document)[:60],
)
def test_what_is_wrong_does_not_validate(
    legacy: Draft202012Validator, document: dict[str, Any], imagesmith: CommandLine
) -> None:
    assert faults(legacy, document)
    assert imagesmith("validate", imagesmith.write("t.json", document)).returncode == 2


PKR: dict[str, Any] = {
    "//": "a comment",
    "packer": {"required_plugins": {"alicloud": {"source": "github.com/hashicorp/alicloud", "version": ">= 1"}}},
    "variable": {"port": {"type": "number", "default": 22}},
    "locals": {"a": "${var.port}"},
    "source": {"null": {"x": {"communicator": "none", "ssh_port": "${var.port}"}}},
    "build": {
        "sources": ["source.null.x"],
        "provisioner": [{"shell-local": {"inline": ["true"], "only": ["null.x"]}}],
        "post-processors": {"post-processor": {"manifest": {"output": "x.json"}}},
    },
}


def test_a_template_in_hcl2s_json_validates(hcl2: Draft202012Validator, imagesmith: CommandLine) -> None:
    assert faults(hcl2, PKR) == []
    done = imagesmith("validate", imagesmith.write("t.pkr.json", PKR))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"buidl": {}},
        {"source": {"nul": {"x": {}}}},
        {"source": {"null": {"x": {"nosuch": 1}}}},
        {"source": {"null": {"x": {"ssh_port": "abc"}}}},
        {"build": {"sources": ["source.null.x"], "provisioner": {"shell-local": {"inlin": ["x"]}}}},
        {"build": {"sources": ["source.null.x"], "nosuch": 1}},
        {"variable": {"port": {"defualt": 1}}},
    ],
    ids=json.dumps,
)
def test_what_is_wrong_in_hcl2s_json_does_not_validate(
    hcl2: Draft202012Validator, change: dict[str, Any], imagesmith: CommandLine
) -> None:
    assert faults(hcl2, PKR | change)
    assert imagesmith("validate", imagesmith.write("t.pkr.json", PKR | change)).returncode == 2


def test_every_option_is_described_with_its_type_default_and_other_names() -> None:
    known = schema("json")["$defs"]
    for kind, noun in (("builders", "builder"), ("provisioners", "provisioner"), ("post_processors", "post-processor")):
        for name in plugin.names(kind):  # type: ignore[arg-type]
            properties = known[f"{noun}-{name}"]["properties"]
            for record in table(plugin.load(kind, name)).values():
                assert record.doc in properties[record.name]["description"]
                assert record.type_name in properties[record.name]["title"]
                assert all(properties[alias]["deprecated"] for alias in record.aliases)
