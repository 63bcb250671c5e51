"""A client that we did not write: Debian's packer 1.6.6 builds through the simulated cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith_simulator.faults import Fault

pytestmark = [
    pytest.mark.packer,
    pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed"),
]

BUILDER: dict[str, Any] = {
    "type": "alicloud-ecs",
    "access_key": "SIMULATED-AK",
    "secret_key": "SIMULATED-SK",
    "region": "cn-hangzhou",
    "image_name": "packer_basic",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "internet_charge_type": "PayByTraffic",
    "io_optimized": True,
    "communicator": "none",
    "tags": {"app": "web", "version": "v1.0.0"},
}


def _packer(cloud: Any, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    template = folder / "t.json"
    template.write_text(json.dumps({"builders": [{**BUILDER, **options}]}))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": "/tmp",  # the path of its sockets must be short
        "HTTP_PROXY": cloud.url,
        "HTTPS_PROXY": cloud.url,
        "CHECKPOINT_DISABLE": "1",
    }
    command = ["packer", "build", "-color=false", str(template)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _actions(cloud: Any) -> list[str]:
    return [call.action for call in cloud.calls()]


def test_packer_builds_an_image_of_an_instance(cloud: Any, tmp_path: Path) -> None:
    ended = _packer(cloud, tmp_path, image_disk_mappings=[{"disk_size": 40, "disk_delete_with_instance": True}])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (image,) = cloud.images()
    assert f"cn-hangzhou: {image['id']}" in ended.stdout
    assert (image["name"], image["tags"]) == ("packer_basic", {"app": "web", "version": "v1.0.0"})
    assert [(part["disk"], part["tags"]) for part in image["snapshots"]] == [
        ("system", image["tags"]),
        ("data", image["tags"]),
    ]
    assert cloud.leftovers() == cloud.lost() == []
    assert all(call.outcome == "ok" for call in cloud.calls())
    assert _actions(cloud) == [
        "DescribeRegions",
        *["DescribeImages"] * 3,
        "CreateKeyPair",
        "CreateVpc",
        "DescribeVpcs",
        "DescribeZones",
        "CreateVSwitch",
        "DescribeVSwitches",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroup",
        "CreateInstance",
        *["DescribeInstances"] * 2,
        "AllocateEipAddress",
        "DescribeEipAddresses",
        "AssociateEipAddress",
        "DescribeEipAddresses",
        "AttachKeyPair",
        "StartInstance",
        "DescribeInstances",
        "StopInstance",
        "DescribeInstances",
        "CreateImage",
        "DescribeImages",
        *["AddTags"] * 3,
        "ModifyImageSharePermission",
        "DetachKeyPair",
        "UnassociateEipAddress",
        "DescribeEipAddresses",
        "ReleaseEipAddress",
        "DeleteInstance",
        "DeleteSecurityGroup",
        "DeleteVSwitch",
        "DeleteVpc",
        "DeleteKeyPairs",
    ]


def test_packer_builds_an_image_of_the_system_disk_alone(cloud: Any, tmp_path: Path) -> None:
    cloud.adopt({"vpc_id": "vpc-mine", "vswitch_id": "vsw-mine", "image_disk_mappings": [{"disk_snapshot_id": "s-1"}]})
    ended = _packer(
        cloud,
        tmp_path,
        vpc_id="vpc-mine",
        vswitch_id="vsw-mine",
        ssh_private_ip=True,
        image_ignore_data_disks=True,
        image_disk_mappings=[{"disk_snapshot_id": "s-1", "disk_delete_with_instance": True}],
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (image,) = cloud.images()
    assert [part["disk"] for part in image["snapshots"]] == ["system"]
    assert cloud.leftovers() == cloud.lost() == []
    assert not {"CreateVpc", "AllocateEipAddress"} & set(_actions(cloud))


def test_packer_copies_and_shares(cloud: Any, tmp_path: Path) -> None:
    options = {"image_copy_regions": ["cn-beijing"], "image_copy_names": ["copied"], "image_share_account": ["123456"]}
    ended = _packer(cloud, tmp_path, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    images = {image["region"]: image for image in cloud.images()}
    assert {region: image["name"] for region, image in images.items()} == {
        "cn-hangzhou": "packer_basic",
        "cn-beijing": "copied",
    }
    assert all(image["shared_with"] == ["123456"] for image in images.values())
    assert cloud.leftovers() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"secret_key": "WRONG"}, "SignatureDoesNotMatch"),
        ({"access_key": "NOBODY"}, "InvalidAccessKeyId.NotFound"),
        ({"instance_type": "ecs.none"}, "The instance type ecs.none isn't available in this region"),
        ({"source_image": "none.vhd"}, "No alicloud image was found matching filters: none.vhd"),
    ],
)
def test_packer_understands_refusals(cloud: Any, tmp_path: Path, options: dict[str, str], words: str) -> None:
    ended = _packer(cloud, tmp_path, **options)
    assert ended.returncode == 1
    assert words in ended.stdout + ended.stderr
    assert cloud.inventory() == []


def test_packer_gets_over_a_lost_answer_thanks_to_the_client_token(cloud: Any, tmp_path: Path) -> None:
    cloud.faults.add(Fault(kind="lose_answer", action="CreateInstance"))
    ended = _packer(cloud, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert _actions(cloud).count("CreateInstance") == 2
    assert cloud.leftovers() == []


def test_a_single_throttled_call_ends_packers_build(cloud: Any, tmp_path: Path) -> None:
    cloud.faults.add(Fault(kind="throttle", action="CreateVpc"))
    ended = _packer(cloud, tmp_path)
    assert ended.returncode == 1
    assert "Throttling.User" in ended.stdout + ended.stderr
    assert cloud.inventory() == []
