"""Whole JSON templates: from a file to a plan."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.checking import check_plan
from imagesmith.errors import TemplateError, UsageError
from imagesmith.options import Options, option
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.template import load

SEED = Path(__file__).parents[1] / "templates" / "seed"


class Builder(Options):
    image_name: str = option(default="", doc="Name.")
    size: int = option(default=0, doc="Size.")
    tags: Mapping[str, str] = option(default={}, doc="Tags.")


class Shell(Options):
    inline: tuple[str, ...] = option(default=(), doc="Commands.")
    note: str = option(default="", doc="A note.")


def template(folder: Path, content: dict[str, Any] | str, name: str = "t.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return str(path)


def plan(folder: Path, content: dict[str, Any] | str, **more: Any) -> Plan:
    more.setdefault("environ", {})
    return load(TemplateRequest(template(folder, content), **more))


def problems(folder: Path, content: dict[str, Any] | str, **more: Any) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        plan(folder, content, **more)
    return [str(diagnostic).replace(str(folder) + "/", "") for diagnostic in caught.value.diagnostics]


ONE = {"builders": [{"type": "b"}]}


@pytest.mark.parametrize(
    "name", ["tags", "ignore_data_disks", "snapshot_timeout", "private_ip", "disable_stop", "user_data"]
)
def test_the_vendors_examples_load(name: str) -> None:
    environ = {"ALICLOUD_ACCESS_KEY": "LTAI-key", "ALICLOUD_SECRET_KEY": "key's secret"}
    found = load(TemplateRequest(str(SEED / f"{name}.json"), environ=environ))
    assert [(b.name, b.short_name, b.type) for b in found.builds] == [("alicloud-ecs",) * 3]
    assert {v.name: v.value for v in found.variables} == {"access_key": "LTAI-key", "secret_key": "key's secret"}


def test_the_vendors_examples_fit_the_builder() -> None:
    from imagesmith_alicloud import AlicloudEcs

    environ = {"ALICLOUD_ACCESS_KEY": "LTAI-key", "ALICLOUD_SECRET_KEY": "s"}
    decoded = {
        name: load(TemplateRequest(str(SEED / f"{name}.json"), environ=environ)).builds[0].source.decode(AlicloudEcs)
        for name in ("tags", "ignore_data_disks", "snapshot_timeout", "private_ip", "disable_stop")
    }
    assert all(options.access_key == "LTAI-key" for options in decoded.values())
    assert dict(decoded["tags"].tags) == {"version": "v1.0.0", "app": "web"}
    assert [disk.disk_device for disk in decoded["ignore_data_disks"].image_disk_mappings] == ["dev/xvdb"]
    assert decoded["ignore_data_disks"].image_ignore_data_disks is True
    assert decoded["snapshot_timeout"].wait_snapshot_ready_timeout == 7200
    assert decoded["private_ip"].ssh_private_ip is True
    assert decoded["disable_stop"].disable_stop_instance is True


def test_the_windows_example_can_be_built_where_its_user_data_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagesmith_alicloud import AlicloudEcs

    monkeypatch.chdir(tmp_path)
    environ = {"ALICLOUD_ACCESS_KEY": "LTAI-key", "ALICLOUD_SECRET_KEY": "sec-ret"}
    plan = load(TemplateRequest(str(SEED / "user_data.json"), environ=environ))
    with pytest.raises(TemplateError, match=r'no file "examples/alicloud/basic/winrm_enable_userdata\.ps1"'):
        check_plan(plan, for_build=True)
    user_data = tmp_path / "examples/alicloud/basic/winrm_enable_userdata.ps1"
    user_data.parent.mkdir(parents=True)
    user_data.write_text("<powershell>\n</powershell>\n")
    assert not any(one.severity == "error" for one in check_plan(plan, for_build=True))
    (build,) = plan.builds
    assert build.source.decode(AlicloudEcs).communicator == "winrm"
    assert [p.type for p in build.provisioners] == ["powershell"]


def test_a_build_gets_its_own_names_and_options(tmp_path: Path) -> None:
    content = {
        "variables": {"n": "web", "size": "22"},
        "builders": [
            {
                "type": "b",
                "name": "{{user `n`}}-1",
                "image_name": "{{build_name}}|{{build_type}}",
                "size": "{{user `size`}}",
            },
            {"type": "a", "tags": {"{{build_name}}": "x"}},
        ],
    }
    found = plan(tmp_path, content)
    assert [(b.name, b.short_name, b.type) for b in found.builds] == [("a", "a", "a"), ("b.web-1", "web-1", "b")]
    assert found.builds[1].source.decode(Builder) == Builder(image_name="web-1|b", size=22)
    assert found.builds[0].source.decode(Builder).tags == {"a": "x"}
    assert (
        found.builds[1].render("{{build_name}} {{.Path}} {{build `ID`}}", {"Path": "/p"}, {"ID": "i"}) == "web-1 /p i"
    )


def test_options_are_reported_where_they_stand(tmp_path: Path) -> None:
    build = plan(tmp_path, '{"builders": [\n  {"type": "b",\n   "image_nam": "x", "size": "many"}]}').builds[0]
    with pytest.raises(TemplateError) as caught:
        build.source.decode(Builder)
    texts = str(caught.value).replace(str(tmp_path) + "/", "").splitlines()
    assert texts[0] == 't.json:3:4: builder "b": unknown option "image_nam". Did you mean "image_name"?'
    assert texts[1].startswith('t.json:3:22: builder "b": the option "size" must be a whole number, not "many".')


def test_values_come_from_defaults_then_files_then_the_command_line(tmp_path: Path) -> None:
    one = template(tmp_path, {"b": "one", "c": "one", "d": "one"}, "1.json")
    two = template(tmp_path, {"c": "two", "d": "two"}, "2.json")
    content = {**ONE, "variables": {"a": "default", "b": "default", "c": "default", "d": None}}
    found = plan(tmp_path, content, variable_files=[one, two], variables=[("d", "x"), ("d", "last=,"), ("new", "y")])
    assert {v.name: v.value for v in found.variables} == {"a": "default", "b": "one", "c": "two", "d": "last=,"}
    assert [(v.name, v.required) for v in found.variables if v.required] == [("d", True)]
    assert found.builds[0].render("{{user `new`}}", {}, {}) == "y"


def test_library_users_may_give_numbers_and_booleans(tmp_path: Path) -> None:
    content = {**ONE, "variables": {"a": "", "b": "", "c": ""}}
    found = plan(tmp_path, content, variables=[("a", 5), ("b", True), ("c", 1.5)])
    assert [v.value for v in found.variables] == ["5", "true", "1.5"]
    with pytest.raises(UsageError, match="must be text"):
        plan(tmp_path, content, variables=[("a", ["x"])])


def test_variables_use_each_other_in_any_order_and_any_number(tmp_path: Path) -> None:
    chain = {f"v{n}": f"{{{{user `v{n + 1}`}}}}" for n in range(500)} | {"v500": "end"}
    found = plan(tmp_path, {**ONE, "variables": chain})
    assert {v.value for v in found.variables} == {"end"}


def test_a_variable_is_rendered_once_and_then_stays(tmp_path: Path) -> None:
    found = plan(tmp_path, {**ONE, "variables": {"id": "{{uuid}}", "same": "{{user `id`}}"}})
    values = [v.value for v in found.variables]
    assert values[0] == values[1] == found.builds[0].render("{{user `id`}}", {}, {})


def test_the_environment_is_read_in_variables_only(tmp_path: Path) -> None:
    content = {
        "variables": {"h": "{{env `H`}}|{{env `UNSET`}}"},
        "builders": [{"type": "b", "image_name": "{{env `H`}}"}],
    }
    found = plan(tmp_path, content, environ={"H": "home"})
    assert found.variables[0].value == "home|"
    with pytest.raises(TemplateError, match="in variables only"):
        found.builds[0].source.decode(Builder)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"a": None}, ["t.json:8:5: the variable \"a\" has no value. Give it one with -var 'a=...' or -var-file."]),
        ({"a": "{{user `bb`}}", "b": ""}, ['there is no variable "bb"', 'Did you mean "b"?']),
        ({"a": "{{user `b`}}", "b": "{{user `a`}}"}, ["in a circle: a -> b -> a"]),
        ({"a": "{{user `a`}}"}, ["in a circle: a -> a"]),
        ({"a": "{{build_name}}"}, ["build_name: this is not known here"]),
        ({"a": "x\n{{uper `x`}}"}, ['"uper"', "t.json:8:16:"]),
        ({"a": 5}, ["must be a string or null", "Put it in double quotes"]),
        ({"a": "{{vault `x` `y`}}"}, ["VAULT_TOKEN is not set"]),
    ],
)
def test_what_is_wrong_with_a_variable_is_said(tmp_path: Path, variables: dict[str, Any], expected: list[str]) -> None:
    found = problems(tmp_path, {**ONE, "variables": variables})
    assert len(found) == 1
    assert found[0].startswith("t.json:8:")
    for words in expected:
        assert words in found[0]


def test_unset_variables_are_tolerated_when_asked(tmp_path: Path) -> None:
    content = {**ONE, "variables": {"a": None, "b": "[{{user `a`}}]"}}
    found = plan(tmp_path, content, tolerant=True)
    assert [(v.value, v.required, v.default) for v in found.variables] == [
        (None, True, None),
        ("[]", False, "[{{user `a`}}]"),
    ]


def test_sensitive_variables_are_secrets(tmp_path: Path) -> None:
    content = {**ONE, "variables": {"pw": "", "x": "{{user `pw`}}"}, "sensitive-variables": ["pw", "typo"]}
    found = plan(tmp_path, content, variables=[("pw", "hunter2-json-load")])
    assert found.secrets == ("hunter2-json-load",)
    assert [v.sensitive for v in found.variables] == [True, False]
    assert redact.mask("a hunter2-json-load b") == "a <sensitive> b"
    assert [w.summary for w in found.warnings] == ['the sensitive variable "typo" does not exist']


def test_nothing_of_a_sensitive_value_is_in_an_error(tmp_path: Path) -> None:
    content = {**ONE, "variables": {"pw": ""}, "sensitive-variables": ["pw"]}
    found = problems(tmp_path, content, variables=[("pw", "{{sesame}}")])
    assert "sesame" not in found[0]
    assert 'the variable "pw": the value is not a valid template' in found[0]


def test_a_value_that_a_text_asks_for_is_not_undeclared(tmp_path: Path) -> None:
    content = {"builders": [{"type": "null", "ssh_host": "{{user `host`}}", "communicator": "none"}]}
    assert plan(tmp_path, content, variables=[("host", "h")], warn_undeclared=True).warnings == ()


def test_undeclared_variables_are_told_when_asked(tmp_path: Path) -> None:
    content = {**ONE, "variables": {"region": "x"}}
    path = template(tmp_path, {"regiom": "y"}, "v.json")
    assert plan(tmp_path, content, variable_files=[path]).warnings == ()
    warned = plan(tmp_path, content, variable_files=[path], warn_undeclared=True).warnings
    assert str(warned[0]) == f'{path}:1:2: the template has no variable "regiom". Did you mean "region"?' or (
        warned[0].hint == 'Did you mean "region"?'
    )


def test_variable_files_hold_strings(tmp_path: Path) -> None:
    path = template(tmp_path, '{"a": 5,\n "b": ["x"]}', "v.json")
    found = problems(tmp_path, ONE, variable_files=[path])
    assert [text.split(": ")[0] for text in found] == ["v.json:1:7", "v.json:2:7"]
    with pytest.raises(UsageError, match="does not exist"):
        plan(tmp_path, ONE, variable_files=[str(tmp_path / "none.json")])
    with pytest.raises(UsageError, match="HCL"):
        plan(tmp_path, ONE, variable_files=["x.pkrvars.hcl"])


def test_provisioners_are_chosen_and_changed_per_builder(tmp_path: Path) -> None:
    content = {
        "variables": {"n": "web", "tries": "2"},
        "builders": [{"type": "b", "name": "{{user `n`}}"}, {"type": "c"}],
        "provisioners": [
            {"type": "shell", "inline": ["a"], "only": ["c"]},
            {
                "type": "shell",
                "inline": ["b"],
                "except": ["c"],
                "pause_before": "1m30s",
                "timeout": "5m",
                "max_retries": 3,
            },
            {
                "type": "shell",
                "inline": ["{{build_name}}"],
                "note": "n",
                "max_retries": "{{user `tries`}}",
                "override": {"c": {"inline": ["changed", "{{build_name}}"]}},
            },
        ],
        "error-cleanup-provisioner": {"type": "shell", "inline": "tidy,up"},
    }
    found = {build.name: build for build in plan(tmp_path, content).builds}
    web, c = found["b.web"].provisioners, found["c"].provisioners
    assert [p.configuration.decode(Shell).inline for p in web] == [("b",), ("web",)]
    assert [p.configuration.decode(Shell).inline for p in c] == [("a",), ("changed", "c")]
    assert c[1].configuration.decode(Shell).note == "n"
    assert (web[0].pause_before_s, web[0].timeout_s, web[0].max_retries) == (90, 300, 3)
    assert web[1].max_retries == 2
    cleanup = found["c"].error_cleanup
    assert cleanup is not None
    assert cleanup.configuration.decode(Shell).inline == ("tidy", "up")


def test_post_processors_make_chains(tmp_path: Path) -> None:
    content = {
        "builders": [{"type": "b"}, {"type": "c"}],
        "post-processors": [
            "manifest",
            [{"type": "compress", "name": "zip", "only": ["b"]}, {"type": "upload", "keep_input_artifact": False}],
            {"type": "shell-local", "keep_input_artifact": True, "except": ["b"]},
        ],
    }
    found = {build.name: build for build in plan(tmp_path, content).builds}

    def chains(name: str) -> list[list[tuple[str, str, bool | None]]]:
        return [[(p.type, p.name, p.keep_input_artifact) for p in chain] for chain in found[name].post_processors]

    upload = ("upload", "upload", False)
    assert chains("b") == [[("manifest", "manifest", None)], [("compress", "zip", None), upload]]
    assert chains("c") == [[("manifest", "manifest", None)], [upload], [("shell-local", "shell-local", True)]]


BUILDERS = {"builders": [{"type": "b"}, {"type": "b", "name": "web"}, {"type": "c"}]}


@pytest.mark.parametrize(
    ("only", "exclude", "left"),
    [
        (["web"], [], ["b.web"]),
        (["b.web", "c"], [], ["b.web", "c"]),
        ([], ["b"], ["b.web", "c"]),
        (["b", "web"], ["web"], ["b"]),
        (["*"], [], []),
        ([], ["b", "web", "c"], []),
    ],
)
def test_only_and_except_match_exact_names(
    tmp_path: Path, only: list[str], exclude: list[str], left: list[str]
) -> None:
    if left:
        assert [b.name for b in plan(tmp_path, BUILDERS, only=only, exclude=exclude).builds] == left
    else:
        with pytest.raises(UsageError, match=r"no build is left to run.*builds are b, web, c"):
            plan(tmp_path, BUILDERS, only=only, exclude=exclude)


def test_except_cuts_a_chain_from_the_named_post_processor_on(tmp_path: Path) -> None:
    content = {
        **ONE,
        "post-processors": [["a", {"type": "x", "name": "cut"}, "z"], [{"type": "x", "name": "cut"}], "a"],
    }
    found = plan(tmp_path, content, exclude=["cut"])
    assert [[p.type for p in chain] for chain in found.builds[0].post_processors] == [["a"], ["a"]]
    assert found.warnings == ()
    assert [w.summary for w in plan(tmp_path, content, exclude=["nope"]).warnings] == ['-except "nope" matches nothing']


def test_unknown_builder_names_are_reported_all_at_once(tmp_path: Path) -> None:
    content = {
        "builders": [{"type": "b", "name": "web"}],
        "provisioners": [{"type": "shell", "only": ["webb"]}, {"type": "shell", "override": {"x": {}}}],
        "post-processors": [[{"type": "m", "except": ["b"]}]],
    }
    found = problems(tmp_path, content)
    assert len(found) == 3
    assert '"only" of provisioner 1: there is no builder "webb". Did you mean "web"?' in found[0]
    assert '"override" of provisioner 2: there is no builder "x"' in found[1]
    assert '"except" of post-processor 1: there is no builder "b"' in found[2]


def test_every_fault_of_the_shape_is_reported(tmp_path: Path) -> None:
    content = {
        "builder": [],
        "_note": 5,
        "builders": [{"name": "x"}, 5],
        "provisioners": [{"type": "shell", "pause_before": "5", "only": ["a"], "except": ["b"]}],
        "post-processors": [[["x"]]],
    }
    text = "\n".join(problems(tmp_path, content))
    for words in (
        'unknown top-level key "builder". Did you mean "builders"?',
        'the comment "_note" must be a string',
        'builder 1 has no "type"',
        "builder 2 must be an object",
        '"pause_before" of provisioner 1 must be a duration',
        'provisioner 1 has both "only" and "except"',
        "post-processor 1.1 must be a string or an object",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"builders": []}, "the template has no builder"),
        ({"builders": [{"type": "b"}, {"type": "b"}]}, 'two builders have the name "b"'),
        ({**ONE, "min_packer_version": "99.1"}, "the template needs Packer 99.1 or higher"),
        ({**ONE, "min_packer_version": "new"}, "is not a version"),
        ({**ONE, "provisioners": [{"type": "s", "max_retries": "many"}]}, "must be a whole number"),
        ({**ONE, "provisioners": [{"type": "s", "max_retries": "{{"}]}, "not closed"),
        ({"builders": [{"type": "b", "name": "{{build_name}}"}]}, 'the name of the builder "b"'),
        ('{"builders": [}', "where a value should be"),
        ("[1]", "a template must be an object"),
    ],
)
def test_bad_templates_are_refused(tmp_path: Path, content: Any, words: str) -> None:
    assert words in problems(tmp_path, content)[0]


def test_versions_that_are_old_enough_pass(tmp_path: Path) -> None:
    for version in ("0.8.0", "v1.6", "1.16.0", "1.16.0-dev"):
        assert plan(tmp_path, {**ONE, "min_packer_version": version}).language == "json"


def test_comments_and_description(tmp_path: Path) -> None:
    found = plan(tmp_path, {**ONE, "_comment": "x", "_c2": "y", "description": "An image.", "push": {"name": "x"}})
    assert found.description == "An image."


def test_a_template_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(ONE).encode())))
    assert load(TemplateRequest("-", environ={})).builds[0].name == "b"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a"')))
    with pytest.raises(TemplateError, match="<stdin>:1:5"):
        load(TemplateRequest("-", environ={}))


def test_what_can_not_be_read_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "json").mkdir()
    template(tmp_path / "json", ONE, "x.json")
    (tmp_path / "latin.json").write_bytes(b'{\n"a": "\xe9"}')
    (tmp_path / "t.hcl").write_text('source "x" "y" {}')
    for path, words in (
        ("none.json", "does not exist"),
        ("none.pkr.hcl", "does not exist"),
        ("empty", "could not find any template.*named \\*.pkr.hcl"),
        ("json", "could not find any template.*did you mean .*x.json"),
        ("latin.json", "latin.json:2:7: the template is not UTF-8 text"),
        ("t.hcl", "looks like HCL2"),
        ("a\0b", "does not exist"),
        ("n" * 5000, "does not exist"),
    ):
        with pytest.raises((UsageError, TemplateError), match=words):
            load(TemplateRequest(str(tmp_path / path), environ={}))


def test_the_language_is_decided_by_the_path_or_by_the_caller(tmp_path: Path) -> None:
    path = template(tmp_path, ONE, "anything.txt")
    assert load(TemplateRequest(path, environ={})).language == "json"
    as_json = template(tmp_path, ONE, "t.pkr.json")
    assert load(TemplateRequest(as_json, language="json", environ={})).language == "json"
    with pytest.raises(UsageError, match="standard input"):
        load(TemplateRequest("-", language="hcl2"))
    with pytest.raises(UsageError, match="no template language"):
        load(TemplateRequest(path, language="yaml"))
    with pytest.raises(UsageError, match="no template was named"):
        load(TemplateRequest(""))
    with pytest.raises(UsageError, match="is a folder"):
        load(TemplateRequest(str(tmp_path), language="json"))
