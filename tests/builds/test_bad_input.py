"""What people get wrong: one clear error, the right exit code, nothing left in the cloud, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.faults import Fault

BUILDER: dict[str, Any] = {
    "type": "alicloud-ecs",
    "region": "cn-hangzhou",
    "image_name": "mistaken",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "ssh_username": "root",
    "ssh_timeout": "4s",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimulatedAlicloud]:
    """One cloud for all mistakes: each must leave it as it was."""
    with SimulatedAlicloud.start() as simulated:
        yield simulated


def build(
    cloud: SimulatedAlicloud, folder: Path, changes: dict[str, Any], provisioners: list[Any] | None = None, *flags: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with a template that is right but for the changes; a change to None leaves the option out."""
    endpoints = {"custom_endpoint_ecs": cloud.url, "custom_endpoint_vpc": cloud.url}
    keys = {"access_key": cloud.access_key, "secret_key": cloud.secret_key}
    builder = {name: value for name, value in (BUILDER | endpoints | keys | changes).items() if value is not None}
    template = {"builders": [builder], "provisioners": provisioners or []}
    (folder / "t.json").write_text(json.dumps(template, indent=1))
    command = [sys.executable, "-m", "imagesmith", "build", "-color=false", *flags, "t.json"]
    return subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False)


MISTAKES: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown option": ({"instance_typ": "x"}, 2, r'unknown option "instance_typ"'),
    "wrong type": ({"ssh_port": "many"}, 2, "must be a whole number"),
    "missing file": ({"user_data_file": "nope.sh"}, 2, "nope.sh"),
    "no region": ({"region": None}, 2, "region"),
    "bad credentials": ({"access_key": "LTAInobody"}, 1, "InvalidAccessKeyId.NotFound"),
    "wrong secret": ({"secret_key": "wrong"}, 1, "SignatureDoesNotMatch"),
    "no such region": ({"region": "cn-atlantis"}, 1, "cn-atlantis"),
    "no such image": ({"source_image": "m-bp1nosuchimage"}, 1, "m-bp1nosuchimage"),
    "no such instance type": ({"instance_type": "ecs.nosuch.large"}, 1, "ecs.nosuch.large"),
    "no such vpc": ({"vpc_id": "vpc-nosuch", "vswitch_id": "vsw-nosuch"}, 1, "nosuch"),
    "plain http": ({"custom_endpoint_ecs": "http://ecs.example.com"}, 2, "http"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_builder(name: str, cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    changes, code, text = MISTAKES[name]
    done = build(cloud, tmp_path, changes)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert text in said
    assert "Traceback" not in said
    assert "defect" not in said
    assert cloud.leftovers() == []
    if code == 2:
        assert "t.json:" in said


def test_did_you_mean_and_where(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    said = build(cloud, tmp_path, {"instance_typ": "x"}).stderr
    assert 'Did you mean "instance_type"?' in said
    line = next(
        number for number, text in enumerate((tmp_path / "t.json").read_text().splitlines(), 1) if '_typ"' in text
    )
    assert f"t.json:{line}:" in said


def test_a_failing_script_names_its_status_and_its_line(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    done = build(cloud, tmp_path, {}, [{"type": "shell", "inline": ["echo before", "exit 7"]}])
    assert done.returncode == 1
    assert "7" in done.stdout
    assert "before" in done.stdout
    assert cloud.leftovers() == []


def test_the_wrong_key_ends_early_and_says_so(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    done = build(cloud, tmp_path, {"ssh_private_key_file": str(tmp_path / "key")})
    assert done.returncode == 1
    assert "root" in done.stdout
    assert cloud.leftovers() == []


def test_an_unreachable_guest_is_told_from_a_refusing_one(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    done = build(cloud, tmp_path, {"ssh_host": "127.0.0.1", "ssh_port": 1})
    assert done.returncode == 1
    assert "refuses the connection" in done.stdout
    assert cloud.leftovers() == []


def test_a_taken_name_is_found_before_anything_is_made(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    assert build(cloud, tmp_path, {"communicator": "none"}).returncode == 0
    before = len(cloud.calls())
    done = build(cloud, tmp_path, {"communicator": "none"})
    assert done.returncode == 1
    assert "mistaken" in done.stdout
    assert not [call for call in cloud.calls()[before:] if call.mutates]
    assert build(cloud, tmp_path, {"communicator": "none"}, None, "-force").returncode == 0
    assert len([line for line in cloud.inventory() if line.startswith("image")]) == 1


def exhaust(cloud: SimulatedAlicloud) -> Callable[[], None]:
    before = dict(cloud.quotas)
    cloud.quotas.update(dict.fromkeys(before, 0))
    return lambda: cloud.quotas.update(before)


def test_a_quota_is_named(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    restore = exhaust(cloud)
    try:
        done = build(cloud, tmp_path, {"image_name": "too-many"})
    finally:
        restore()
    assert done.returncode == 1
    assert "uota" in done.stdout
    assert cloud.leftovers() == []


def test_a_failing_delete_is_a_leftover_with_its_own_exit_code(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    cloud.faults.add(Fault(kind="refuse", action="ReleaseEipAddress", code="Forbidden.RAM", status=403, times=50))
    done = build(
        cloud, tmp_path, {"image_name": "leftover", "associate_public_ip_address": True, "communicator": "none"}
    )
    cloud.faults.clear()
    assert done.returncode == 4, done.stdout
    (left,) = cloud.leftovers()
    assert left.startswith("eip")
    identity = left.split()[1]
    assert identity in done.stdout
    command = [sys.executable, "-m", "imagesmith", "cleanup", "--all", "--dry-run"]
    planned = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert identity in planned.stdout
    keys = {"ALICLOUD_ACCESS_KEY": cloud.access_key, "ALICLOUD_SECRET_KEY": cloud.secret_key}
    command = [sys.executable, "-m", "imagesmith", "cleanup", "--all"]
    cleaned = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | keys)
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert cloud.leftovers() == []


def test_abort_keeps_everything_and_cleanup_removes_it(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    done = build(
        cloud, tmp_path, {"image_name": "aborted"}, [{"type": "shell", "inline": ["exit 1"]}], "-on-error=abort"
    )
    assert done.returncode == 1
    left = "\n".join(cloud.leftovers())
    assert all(kind in left for kind in ("instance i-", "eip eip-", "vpc vpc-", "vswitch vsw-", "sg-", "key"))
    command = [sys.executable, "-m", "imagesmith", "cleanup", "--all"]
    cleaned = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ), cwd=tmp_path)
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert cloud.leftovers() == []
