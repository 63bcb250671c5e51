"""``imagesmith policy``: which document is printed for which template, and what is told instead of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.command_line import CommandLine

ALICLOUD: dict[str, Any] = {
    "type": "alicloud-ecs",
    "name": "north",
    "region": "cn-beijing",
    "image_name": "web",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.g7.large",
    "ssh_username": "root",
    "vswitch_id": "vsw-1",
}
MORE: dict[str, Any] = {**ALICLOUD, "name": "south", "region": "cn-shenzhen", "vswitch_id": "", "tags": {"a": "b"}}
HUAWEICLOUD: dict[str, Any] = {
    "type": "huaweicloud-ecs",
    "name": "other",
    "region": "cn-north-4",
    "image_name": "web",
    "source_image_name": "Ubuntu 22.04 server 64bit",
    "flavor": "s6.large.2",
    "ssh_username": "root",
}


def policy(imagesmith: CommandLine, builders: list[dict[str, Any]], *words: str) -> Any:
    imagesmith.write("t.json", {"builders": builders})
    done = imagesmith("policy", *words, "t.json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def actions(document: Any) -> set[str]:
    (statement,) = document["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == sorted(set(statement["Action"]))
    return set(statement["Action"])


def test_one_cloud_is_one_document_as_its_console_takes_it(imagesmith: CommandLine) -> None:
    document = policy(imagesmith, [ALICLOUD])
    assert (document["Version"], document["Statement"][0]["Resource"]) == ("1", "*")
    assert {"ecs:RunInstances", "vpc:AllocateEipAddress"} <= actions(document)
    document = policy(imagesmith, [HUAWEICLOUD])
    assert (document["Version"], set(document["Statement"][0])) == ("1.1", {"Effect", "Action"})
    assert {"ecs:cloudServers:createServers", "ims:serverImages:create"} <= actions(document)


def test_builds_in_one_cloud_are_put_together_and_can_be_chosen(imagesmith: CommandLine) -> None:
    north, south, both = (
        actions(policy(imagesmith, [ALICLOUD, MORE], *words)) for words in (["-only=north"], ["-except=north"], [])
    )
    assert "vpc:CreateVpc" not in north
    assert {"vpc:CreateVpc", "ecs:TagResources"} <= south
    assert both == north | south


def test_several_clouds_are_an_object_of_documents(imagesmith: CommandLine) -> None:
    found = policy(imagesmith, [ALICLOUD, HUAWEICLOUD])
    assert list(found) == ["alicloud", "huaweicloud"]
    assert found["alicloud"] == policy(imagesmith, [ALICLOUD])
    assert found["huaweicloud"] == policy(imagesmith, [ALICLOUD, HUAWEICLOUD], "-cloud=huaweicloud")


def test_flags_and_variables_count(imagesmith: CommandLine) -> None:
    assert "ecs:ModifyImageAttribute" not in actions(policy(imagesmith, [ALICLOUD]))
    assert "ecs:ModifyImageAttribute" in actions(policy(imagesmith, [ALICLOUD], "-force"))
    builder = {**ALICLOUD, "vswitch_id": "{{user `vswitch`}}"}
    imagesmith.write("v.json", {"variables": {"vswitch": ""}, "builders": [builder]})
    for value, makes_vpc in (("", True), ("vsw-9", False)):
        done = imagesmith("policy", "-var", f"vswitch={value}", "v.json")
        assert ("vpc:CreateVpc" in done.stdout) is makes_vpc


def test_no_key_and_no_cloud_is_needed(imagesmith: CommandLine) -> None:
    builder = {**ALICLOUD, "custom_endpoint_ecs": "127.0.0.1:9"}
    assert "ecs:RunInstances" in actions(policy(imagesmith, [builder]))


@pytest.mark.parametrize(
    ("builders", "words", "told"),
    [
        ([{"type": "null", "communicator": "none"}], [], "no build of the template works in a cloud"),
        ([ALICLOUD], ["-cloud=huaweicloud"], 'the template has no build in the cloud "huaweicloud"'),
        ([{**ALICLOUD, "instance_tpye": "x"}], [], "instance_tpye"),
    ],
)
def test_what_is_told_instead(
    imagesmith: CommandLine, builders: list[dict[str, Any]], words: list[str], told: str
) -> None:
    imagesmith.write("t.json", {"builders": builders})
    done = imagesmith("policy", *words, "t.json")
    assert done.returncode != 0
    assert done.stdout == ""
    assert told in done.stderr.replace("The template has", "the template has").replace("No build", "no build")
