"""From what a template gives to an option object: rendering at load, at run time, nested blocks, places in errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from imagesmith.errors import Location, TemplateError
from imagesmith.options import Given, Options, option
from imagesmith.template.rendering import Block, Interpolation, TemplateConfiguration
from imagesmith.version import PACKER_VERSION

NOON = datetime(2026, 3, 4, 12, 5, 6, 789000, tzinfo=UTC)
PLACE = Location("t.json", 7, 3)


def interpolation(
    language: str = "json", *, build_variables: bool = True, user: Mapping[str, str] | None = None
) -> Interpolation:
    return Interpolation(
        language=language,
        build_name="web",
        build_type="alicloud-ecs",
        template_path="/templates/t.json",
        user=user,
        started=NOON,
        build_variables=build_variables,
    )


class Disk(Options):
    disk_name: str = option(default="", doc="Its name.")
    disk_size: int = option(default=0, doc="In GiB.")
    script: str = option(default="", doc="For later.", rendered="run")


class Machine(Options):
    image_name: str = option(doc="The name.")
    tags: Mapping[str, str] = option(default={}, doc="Tags.")
    disks: Sequence[Disk] = option(default=(), aliases=["volumes"], doc="Disks.")
    system: Disk | None = option(default=None, doc="One disk.")
    command: str = option(default="", doc="For later.", rendered="run")
    old: str = option(default="", doc="Does nothing.", no_effect="Remove it.")
    password: str = option(default="", doc="Secret.", secret=True)


def configuration(*given: tuple[str, Any], **more: Any) -> TemplateConfiguration:
    entries = [Given(name, value, Location("t.json", 10 + number, 5)) for number, (name, value) in enumerate(given)]
    owner = 'builder "machine"'
    return TemplateConfiguration(PLACE, lambda _: entries, interpolation(**more), owner, environ={})


def test_every_string_of_plain_data_is_rendered_once_keys_too() -> None:
    data = {"a-{{build_name}}": ["{{user `x`}}", 5, None, True, {"k": "{{.Missing}}"}]}
    user = {"x": "{{timestamp}}"}
    assert interpolation(user=user).at_load(data, runtime=None) == {
        "a-web": ["{{timestamp}}", 5, None, True, {"k": "<no value>"}]
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{timestamp}}", "1772625906"),
        ("{{isotime}}", "2026-03-04T12:05:06Z"),
        ("{{isotime `20060102-150405`}}", "20260304-120506"),
        ("{{strftime `%Y/%m/%d%L`}}", "2026/03/04.789"),
        ("{{build_name}} {{build_type}}", "web alicloud-ecs"),
        ("{{template_dir}}", "/templates"),
        ("{{packer_version}}", PACKER_VERSION),
        ("{{user `nope`}}", ""),
    ],
)
def test_functions_know_the_build_and_a_clock_that_stands_still(text: str, expected: str) -> None:
    assert interpolation().at_load(text, runtime=None) == expected


def test_uuids_begin_with_the_time_and_differ() -> None:
    first, second = interpolation().at_load(["{{uuid}}", "{{uuid}}"], runtime=None)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)
    assert int(first[:8], 16) == int(NOON.timestamp()) == int(second[:8], 16)
    assert first != second


def test_build_values_stay_as_they_are_until_they_are_known() -> None:
    text = "{{ build `ID` }} {{.WinRMPassword}}"
    kept = interpolation().at_load(text, runtime=None)
    assert interpolation().at_load(kept, runtime=None) == kept
    assert interpolation().at_load(kept, runtime={"ID": "i-1", "WinRMPassword": "p"}) == "i-1 p"
    assert interpolation().at_run(kept, {"WinRMPassword": "p"}, {"ID": "i-1"}) == "i-1 p"


@pytest.mark.parametrize(
    ("language", "allowed", "text", "words"),
    [
        ("json", False, "{{build `ID`}}", "provisioners and post-processors only"),
        ("hcl2", True, "{{build `ID`}}", "Write ${build.ID}"),
        ("hcl2", True, "{{user `x`}}", "Write ${var.x}"),
        ("hcl2", True, "{{template_dir}}", "Write ${path.root}"),
        ("json", True, "{{env `HOME`}}", "in variables only"),
        ("json", True, "{{sed `a` `b`}}", "Use replace or replace_all"),
        ("json", True, "{{vault `a` `b`}}", "in variables only"),
        ("json", True, "{{consul_key `a`}}", "in variables only"),
        ("json", True, "{{aws_secretsmanager `a` `b`}}", "in variables only"),
        ("json", True, "{{clean_resource_name `a`}}", 'no template function "clean_resource_name"'),
    ],
)
def test_functions_are_refused_where_they_are_not_legal(language: str, allowed: bool, text: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        interpolation(language, build_variables=allowed).at_load(text, runtime={"ID": "i"}, location=PLACE, what="x")
    assert words in str(caught.value)
    assert caught.value.first_location == PLACE


def test_an_unknown_build_value_names_the_known_ones() -> None:
    with pytest.raises(TemplateError, match=r'there is no value "Id".*Known are Host, ID'):
        interpolation().at_load("{{build `Id`}}", runtime={"ID": "i-1", "Host": "h"})


def test_text_at_run_time_is_rendered_until_it_is_stable() -> None:
    user = {"inner": "{{.Path}}"}
    assert interpolation(user=user).at_run("{{`{{user `}}`inner`}}", {"Path": "/tmp/s"}, {}) == "/tmp/s"


def test_text_that_never_gets_stable_is_an_error() -> None:
    with pytest.raises(TemplateError, match="still changes"):
        interpolation(user={"x": "a{{user `x`}}"}).at_run("{{user `x`}}", {}, {})


def test_options_become_an_object_with_nested_blocks_and_maps() -> None:
    disk = Block([Given("disk_name", "{{build_name}}-data", Location("t.json", 20, 9)), Given("disk_size", "22")])
    tags = Block([Given("{{build_name}}", "{{isotime `2006`}}")])
    found = configuration(
        ("image_name", "img-{{timestamp}}"), ("tags", tags), ("disks", [disk, {"disk_size": 5}]), ("system", disk)
    ).decode(Machine)
    assert found.image_name == "img-1772625906"
    assert dict(found.tags) == {"web": "2026"}
    assert found.disks == (Disk(disk_name="web-data", disk_size=22), Disk(disk_size=5))
    assert found.system == Disk(disk_name="web-data", disk_size=22)


def test_one_object_stands_for_a_list_of_one_and_aliases_count() -> None:
    disk = Block([Given("disk_name", "{{build_name}}")])
    assert configuration(("image_name", "i"), ("Volumes", disk)).decode(Machine).disks == (Disk(disk_name="web"),)


def test_bodies_of_entries_as_hcl2_gives_them_are_rendered() -> None:
    body = [Given("disk_name", "{{build_name}}"), Given("script", "{{.Later}}")]
    found = configuration(("image_name", "i"), ("disks", [body, body]), ("system", body)).decode(Machine)
    assert found.disks == (Disk(disk_name="web", script="{{.Later}}"),) * 2
    assert found.system == Disk(disk_name="web", script="{{.Later}}")


def test_text_for_later_is_kept_but_its_functions_must_exist() -> None:
    kept = configuration(("image_name", "i"), ("command", "{{.Vars}} {{.Path}} {{build `ID`}}")).decode(Machine)
    assert kept.command == "{{.Vars}} {{.Path}} {{build `ID`}}"
    with pytest.raises(TemplateError, match=r't.json:11:5: builder "machine": the option "command": .*"nosuch"'):
        configuration(("image_name", "i"), ("command", "{{nosuch}}")).decode(Machine)


def test_every_bad_text_is_reported_with_its_place() -> None:
    disk = Block([Given("disk_name", "{{uper `a`}}", Location("t.json", 30, 9))])
    with pytest.raises(TemplateError) as caught:
        configuration(("image_name", "a\n{{"), ("disks", [disk]), ("tags", {"k": "{{env `X`}}"})).decode(Machine)
    places = [(str(d.location), d.summary, d.detail) for d in caught.value.diagnostics]
    assert places[0] == (
        "t.json:10:5",
        'builder "machine": the option "image_name": the action is not closed with }}',
        "at line 2, column 1 of the text",
    )
    assert places[1][:2] == (
        "t.json:30:9",
        'builder "machine": disks: the option "disk_name": there is no template function "uper"',
    )
    assert places[2][0] == "t.json:12:5"


def test_a_wrong_key_in_a_nested_block_is_reported_at_the_key() -> None:
    disk = Block([Given("disk_nam", "x", Location("t.json", 31, 9))])
    with pytest.raises(TemplateError) as caught:
        configuration(("image_name", "i"), ("disks", [disk])).decode(Machine)
    assert caught.value.first_location == Location("t.json", 31, 9)
    assert 'Did you mean "disk_name"?' in str(caught.value)


def test_warnings_of_the_latest_decoding_are_kept() -> None:
    warned = configuration(("image_name", "i"), ("old", "x"))
    warned.decode(Machine)
    assert [str(w) for w in warned.warnings] == [
        't.json:11:5: builder "machine": the option "old" has no effect. Remove it.'
    ]


def test_run_time_values_reach_the_evaluation() -> None:
    seen: list[Mapping[str, object] | None] = []

    def evaluate(runtime: Mapping[str, object] | None) -> list[Given]:
        seen.append(runtime)
        return [Given("image_name", "{{build `ID`}}")]

    found = TemplateConfiguration(PLACE, evaluate, interpolation(), "owner", environ={})
    assert found.decode(Machine).image_name == "{{ build `ID` }}"
    assert found.decode(Machine, {"ID": "i-7"}).image_name == "i-7"
    assert seen == [None, {"ID": "i-7"}]
    assert found.location == PLACE


def test_a_secret_value_is_not_in_the_error() -> None:
    with pytest.raises(TemplateError) as caught:
        configuration(("image_name", "i"), ("password", "hunter2-{{split `s3cr3t` `,` 4}}")).decode(Machine)
    assert "hunter2" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
