"""From source and build blocks to the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError, UsageError
from imagesmith.options import Given, Options, option
from imagesmith.plan import PlannedBuild, TemplateRequest
from imagesmith.template.hcl2 import load
from tests.template.hcl2.hcl2_plans import options, plan

SOURCES = (
    'source "cloud" "a" {\n  image = "img"\n  size  = 1.50\n  count = 2\n}\n'
    'source "cloud" "b" {\n  image = "b-${source.type}-${source.name}"\n}\n'
)


def failing(folder: Path, text: str, **request: Any) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        plan(folder, text, **request)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.diagnostics]


def source_options(build: PlannedBuild) -> dict[str, Any]:
    return options(build.source.given())  # type: ignore[attr-defined]


def step_options(step: Any, runtime: dict[str, object] | None = None) -> dict[str, Any]:
    return options(step.configuration.given(runtime))


def test_builds_come_in_order_with_their_names(tmp_path: Path) -> None:
    text = SOURCES + (
        'build {\n  name = "first"\n  sources = ["source.cloud.b", "sources.cloud.a", "cloud.a"]\n}\n'
        'build {\n  source "source.cloud.a" {\n    name  = "renamed"\n    extra = source.name\n  }\n}\n'
    )
    found = plan(tmp_path, text)
    assert [(b.name, b.type, b.short_name, b.block_name) for b in found.builds] == [
        ("first.cloud.b", "cloud", "b", "first"),
        ("first.cloud.a", "cloud", "a", "first"),
        ("first.cloud.a", "cloud", "a", "first"),
        ("cloud.renamed", "cloud", "a", ""),
    ]
    assert source_options(found.builds[0]) == {"image": "b-cloud-b"}
    assert source_options(found.builds[3]) == {"image": "img", "size": 1.5, "count": 2, "extra": "renamed"}


def test_blocks_are_handed_on_with_their_places(tmp_path: Path) -> None:
    text = (
        'source "cloud" "a" {\n  disk {\n    size = 20\n  }\n  dynamic "disk" {\n    for_each = { x = 30, y = 40 }\n'
        '    iterator = it\n    content {\n      size = it.value\n      name = "${it.key}-${source.name}"\n'
        '      dynamic "part" {\n        for_each = [it.key]\n        content {\n          label = part.value\n'
        "        }\n"
        '      }\n    }\n  }\n  only {\n    a = 1\n  }\n  none {}\n}\nbuild {\n  source "cloud.a" {\n    disk {\n'
        "      size = 99\n    }\n  }\n}\n"
    )
    found = source_options(plan(tmp_path, text).builds[0])
    disks = [options(body) for body in found["disk"]]
    assert [disk["size"] for disk in disks] == [20, 30, 40, 99]
    assert (disks[1]["name"], options(disks[2]["part"])) == ("x-a", {"label": "y"})
    assert options(found["only"]) == {"a": 1}
    assert found["none"] == []
    (size, *_) = found["disk"][1]
    assert (size.name, size.location.line, size.location.column) == ("size", 9, 7)


class Disk(Options):
    """A disk of the options below."""

    size: int = option(doc="Size.")
    name: str = option(default="", doc="Name.")


class Cloud(Options):
    """Options that a template gives."""

    image: str = option(doc="Image.")
    disk: tuple[Disk, ...] = option(default=(), doc="Disks.")
    port: int = option(default=22, doc="Port.")
    tags: dict[str, str] = option(default={}, doc="Tags.")


def test_a_source_is_decoded_with_errors_at_their_places(tmp_path: Path) -> None:
    text = (
        'source "cloud" "a" {\n  image = "img-{{build_name}}"\n  tags = { n = 5 }\n  disk {\n    size = "20"\n  }\n}\n'
        'build {\n  sources = ["source.cloud.a"]\n}\n'
    )
    build = plan(tmp_path, text).builds[0]
    decoded = build.source.decode(Cloud)
    assert (decoded.image, decoded.disk, dict(decoded.tags)) == ("img-a", (Disk(size=20),), {"n": "5"})
    wrong = text.replace('size = "20"', 'siz = "20"').replace('"img-{{build_name}}"', "var.nope")
    with pytest.raises(TemplateError) as caught:
        plan(tmp_path, wrong).builds[0].source.decode(Cloud)
    assert [str(d.location).replace(f"{tmp_path}/", "") for d in caught.value.diagnostics] == ["t.pkr.hcl:2:14"]
    with pytest.raises(TemplateError) as caught:
        plan(tmp_path, text.replace('size = "20"', 'siz = "20"')).builds[0].source.decode(Cloud)
    assert any(d.location is not None and d.location.line == 5 for d in caught.value.diagnostics)


def test_all_faults_of_a_body_are_found(tmp_path: Path) -> None:
    text = (
        'source "cloud" "a" {\n  image = var.nope\n  port = 1 + "x"\n  disk {\n    size = uper(1)\n  }\n'
        '  dynamic "disk" {\n    for_each = 5\n    content {}\n  }\n  dynamic "disk" {\n    for_eac = []\n  }\n'
        '  disk "x" {}\n}\nbuild {\n  sources = ["source.cloud.a"]\n}\n'
    )
    with pytest.raises(TemplateError) as caught:
        plan(tmp_path, text).builds[0].source.decode(Cloud)
    shown = [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.diagnostics]
    assert [line.partition(": ")[0] for line in shown] == [
        "t.pkr.hcl:2:14", "t.pkr.hcl:3:10", "t.pkr.hcl:5:12", "t.pkr.hcl:8:16", "t.pkr.hcl:12:5", "t.pkr.hcl:14:3",
    ]  # fmt: skip
    assert 'Did you mean "for_each"?' in shown[4]


STEPS = SOURCES + (
    'build {\n  name = "bb"\n  sources = ["cloud.a", "cloud.b"]\n'
    '  provisioner "shell" {\n    name = "one"\n    pause_before = "1m30s"\n    timeout = "5s"\n    max_retries = 3\n'
    '    continue_on_error = true\n    only = ["cloud.a"]\n    inline = ["${build.ID} ${source.name} ${build.name}"]\n'
    "    override = { a = { inline = [build.Host], port = build.Port } }\n  }\n"
    '  provisioner "file" {\n    except = ["cloud.a"]\n    source = path.root\n  }\n'
    '  dynamic "provisioner" {\n    for_each = ["x", "y"]\n    labels = ["shell-${provisioner.value}"]\n'
    "    content {\n      note = provisioner.value\n    }\n  }\n"
    '  error-cleanup-provisioner "shell" {\n    inline = ["clean"]\n  }\n'
    '  post-processor "manifest" {\n    output = "m.json"\n  }\n'
    '  post-processors {\n    post-processor "one" {\n      keep_input_artifact = true\n    }\n'
    '    post-processor "two" {\n      name = "cut"\n      id = build.ID\n    }\n    post-processor "three" {}\n  }\n'
    "}\n"
)


def test_steps_are_planned_for_each_source(tmp_path: Path) -> None:
    first, second = plan(tmp_path, STEPS).builds
    assert [p.type for p in first.provisioners] == ["shell", "shell-x", "shell-y"]
    assert [p.type for p in second.provisioners] == ["file", "shell-x", "shell-y"]
    shell = first.provisioners[0]
    assert (shell.name, shell.pause_before_s, shell.timeout_s, shell.max_retries, shell.continue_on_error) == (
        "one", 90.0, 5.0, 3, True,
    )  # fmt: skip
    assert step_options(second.provisioners[0]) == {"source": str(tmp_path)}
    assert first.error_cleanup is not None
    assert step_options(first.error_cleanup) == {"inline": ["clean"]}
    assert [[p.type for p in chain] for chain in first.post_processors] == [["manifest"], ["one", "two", "three"]]
    assert [p.keep_input_artifact for p in first.post_processors[1]] == [True, None, None]


def test_run_time_values_are_unknown_first_and_real_later(tmp_path: Path) -> None:
    first = plan(tmp_path, STEPS).builds[0]
    shell = first.provisioners[0]
    assert step_options(shell) == {"inline": ["<unknown>"], "port": 0}
    assert step_options(shell, {"ID": "i-1", "Host": "h", "Port": 22}) == {"inline": ["h"], "port": 22}
    assert step_options(first.post_processors[1][1], {"ID": "i-1"}) == {"id": "i-1"}
    second = plan(tmp_path, STEPS.replace('only = ["cloud.a"]', 'only = ["cloud.b"]')).builds[1]
    assert step_options(second.provisioners[0], {"ID": "i-2"})["inline"] == ["i-2 b bb"]


@pytest.mark.parametrize(
    ("only", "exclude", "builds"),
    [
        (["bb.cloud.a"], [], ["bb.cloud.a"]),
        (["*.b"], [], ["bb.cloud.b"]),
        (["bb.*"], ["*.a"], ["bb.cloud.b"]),
        (["bb.cloud.[ab]"], [], ["bb.cloud.a", "bb.cloud.b"]),
        (["*.{b,c}"], [], ["bb.cloud.b"]),
        (["bb.cloud.?"], [], ["bb.cloud.a", "bb.cloud.b"]),
        ([], ["bb.cloud.[!a]"], ["bb.cloud.a"]),
    ],
)
def test_only_and_except_match_full_names(
    tmp_path: Path, only: list[str], exclude: list[str], builds: list[str]
) -> None:
    assert [b.name for b in plan(tmp_path, STEPS, only=only, exclude=exclude).builds] == builds


def test_except_cuts_a_chain_and_idle_patterns_are_told(tmp_path: Path) -> None:
    found = plan(tmp_path, STEPS, exclude=["cut", "nothing*"])
    assert [[p.type for p in chain] for chain in found.builds[0].post_processors] == [["manifest"], ["one"]]
    assert [w.summary for w in found.warnings] == ['-except "nothing*" matches nothing']
    with pytest.raises(UsageError, match=r"builds are bb\.cloud\.a, bb\.cloud\.b"):
        plan(tmp_path, STEPS, only=["cloud.a"])


def test_structural_faults_are_reported_together(tmp_path: Path) -> None:
    text = (
        'source "cloud" "a" {}\nsource "cloud" "a" {}\nbuild {}\nbuild {\n  nme = 1\n'
        '  sources = ["source.cloud.aa", "x", "cloud.a"]\n  provisoner "shell" {}\n  provisioner "shell" {\n'
        '    pause_before = "5"\n    max_retries = 1.5\n    only = ["a"]\n    except = ["b"]\n  }\n  provisioner {}\n'
        '  provisioner "file" {\n    timeout = "soon"\n    override = 5\n  }\n'
        '  error-cleanup-provisioner "a" {}\n  error-cleanup-provisioner "b" {}\n'
        '  post-processors {\n    provisioner "x" {}\n  }\n}\n'
    )
    assert failing(tmp_path, text) == [('t.pkr.hcl:2:1: The source "cloud.a" is declared twice. '
                                       "The first one is at t.pkr.hcl:1:1.")]  # fmt: skip
    shown = failing(tmp_path, text.replace('source "cloud" "a" {}\n', "", 1))
    assert [line.partition(": ")[2].partition(". ")[0] for line in shown] == [
        "A build needs at least one source",
        'A build block has no argument "nme"',
        'There is no source "cloud.aa"',
        '"x" is not the name of a source',
        'A build block has no block "provisoner"',
        '"pause_before" must be a duration',
        '"max_retries" must be a whole number.',
        '"only" and "except" can\'t be used together.',
        'The block "provisioner" has one label, its type',
        '"timeout" must be a duration',
        '"override" must be an object',
        "A build can have one error-cleanup-provisioner only.",
        'A post-processors block has no block "provisioner".',
    ]


def test_required_versions_and_plugins(tmp_path: Path) -> None:
    def block(version: str = ">= 1.7.0, < 2", source: str = "github.com/hashicorp/alicloud") -> str:
        return (
            f'packer {{\n  required_version = "{version}"\n  required_plugins {{\n    p = {{\n'
            f'      source  = "{source}"\n      version = "~> 1.1"\n    }}\n  }}\n}}\n'
        )

    assert plan(tmp_path, block()).builds == ()
    for source in ("github.com/huaweicloud/huaweicloud", "github.com/acme/alicloud", "github.com/hashicorp/ansible"):
        plan(tmp_path, block(source=source))
    for source in ("github.com/hashicorp/amazon", "github.com/hashicorp/googlecompute"):
        assert plan(tmp_path, block(source=source)).foreign_plugins == {"p": source}
    for source in ("hashicorp/amazon", "https://github.com/hashicorp/amazon"):
        assert failing(tmp_path, block(source=source)) == [
            f't.pkr.hcl:4:9: "{source}" is not the source of a plugin. Write it like "github.com/hashicorp/alicloud".'
        ]
    for version, allowed in {
        ">= 1.7.0": True, "~> 1.16": True, "~> 1.15.0": False, "= 1.16.0": True, "!= 1.16": False, "v1.16.0": True,
        "> 1.16": False, "<= 1.16, >= 1": True, "< 1.6": False,
    }.items():  # fmt: skip
        if allowed:
            plan(tmp_path, block(version))
        else:
            assert f"The template needs Packer {version}" in failing(tmp_path, block(version))[0]
    assert "is not a version constraint" in failing(tmp_path, block("latest"))[0]
    assert "needs a source and a version" in failing(tmp_path, block().replace('version = "~> 1.1"', ""))[0]


def test_what_is_missing_says_so(tmp_path: Path) -> None:
    text = SOURCES + 'build {\n  sources = ["cloud.a"]\n  hcp_packer_registry {}\n}\ncommunicator "ssh" "x" {}\n'
    assert [w.summary for w in plan(tmp_path, text).warnings] == [
        'The block "hcp_packer_registry" has no effect',
        'The block "communicator" has no effect',
    ]
    text = 'source "cloud" "a" {\n  image = build.ID\n}\nbuild {\n  sources = ["cloud.a"]\n}\n'
    with pytest.raises(TemplateError, match="provisioners and post-processors only"):
        plan(tmp_path, text).builds[0].source.decode(Cloud)


def test_a_folder_is_one_template(tmp_path: Path) -> None:
    (tmp_path / "b.pkr.hcl").write_text('build {\n  name = "hcl"\n  sources = ["cloud.a"]\n}\n')
    (tmp_path / "a.pkr.json").write_text('{"build": [{"name": "json", "sources": ["cloud.a"]}]}')
    (tmp_path / "c.pkr.hcl").write_text('source "cloud" "a" {\n  image = local.x\n}\nlocals {\n  x = path.root\n}\n')
    (tmp_path / "ignored.hcl").write_text("}}}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.pkr.hcl").write_text("}}}")
    found = load(TemplateRequest(path=str(tmp_path), environ={}))
    assert [b.name for b in found.builds] == ["hcl.cloud.a", "json.cloud.a"]
    assert source_options(found.builds[0]) == {"image": str(tmp_path)}
    (tmp_path / "e.pkr.hcl").write_text("a = = 1\n")
    (tmp_path / "f.pkr.hcl").write_text("foo {}\nx = 1\n")
    with pytest.raises(TemplateError) as caught:
        load(TemplateRequest(path=str(tmp_path), environ={}))
    assert [str(d.location) for d in caught.value.diagnostics] == [
        f"{tmp_path}/e.pkr.hcl:1:5", f"{tmp_path}/f.pkr.hcl:1:1", f"{tmp_path}/f.pkr.hcl:2:1",
    ]  # fmt: skip


def test_an_empty_folder_and_bad_bytes_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not find any template"):
        load(TemplateRequest(path=str(tmp_path)))
    (tmp_path / "t.pkr.hcl").write_bytes(b'a "b" {\n  c = "\xff"\n}\n')
    with pytest.raises(TemplateError, match=r"t\.pkr\.hcl:2:8: the template is not UTF-8"):
        load(TemplateRequest(path=str(tmp_path / "t.pkr.hcl")))


def test_the_given_of_a_plan_are_the_cores_own(tmp_path: Path) -> None:
    build = plan(tmp_path, SOURCES + 'build {\n  sources = ["cloud.a"]\n}\n').builds[0]
    given = build.source.given()  # type: ignore[attr-defined]
    assert all(isinstance(entry, Given) for entry in given)
    assert str(given[0].location).endswith("t.pkr.hcl:2:3")


def test_what_is_made_of_run_time_values_keeps_its_shape_while_it_is_checked(tmp_path: Path) -> None:
    text = SOURCES + (
        'build {\n  sources = ["cloud.a"]\n  provisioner "shell" {\n'
        '    tags  = merge({ a = "b" }, { id = build.ID })\n    lines = concat(["x"], [build.Host])\n'
        '    parts = split(",", build.Host)\n    port  = build.Port + 1\n    agent = !build.SSHAgentAuth\n'
        '    first = element([build.ID, "y"], 0)\n    text  = "${upper(build.ID)}!"\n  }\n}\n'
    )
    step = plan(tmp_path, text).builds[0].provisioners[0]
    unknown = "<unknown>"
    assert step_options(step) == {
        "tags": {"a": "b", "id": unknown},
        "lines": ["x", unknown],
        "parts": [unknown],
        "port": 0,
        "agent": False,
        "first": unknown,
        "text": unknown,
    }
    runtime: dict[str, object] = {"ID": "i-1", "Host": "h,g", "Port": 22, "SSHAgentAuth": False}
    assert step_options(step, runtime) == {
        "tags": {"a": "b", "id": "i-1"},
        "lines": ["x", "h,g"],
        "parts": ["h", "g"],
        "port": 23,
        "agent": True,
        "first": "i-1",
        "text": "I-1!",
    }
