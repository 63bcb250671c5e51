"""What people get wrong on Huawei Cloud: one clear error, the right exit code, nothing left, nothing of theirs gone."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imagesmith.cli import main
from imagesmith_huaweicloud import DataDisk
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

REGION, FLAVOR = "cn-north-4", "s6.large.2"
BUILDER: dict[str, Any] = {
    "type": "huaweicloud-ecs",
    "region": REGION,
    "image_name": "mistaken",
    "source_image_name": "Ubuntu 22.04 server 64bit",
    "flavor": FLAVOR,
    "communicator": "none",
}
NOBODY, VPC, SUBNET, OTHER_VPC, OTHER_SUBNET, GROUP, EIP, VOLUME, VAULT = (
    str(uuid.UUID(int=number, version=4)) for number in range(1, 10)
)
BY_SSH = {"communicator": "ssh", "ssh_username": "root"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimulatedHuaweicloud]:
    """One cloud for all mistakes: each must leave it as it was. It has two networks, an EIP, a volume and a vault."""
    with SimulatedHuaweicloud.start(machines="none") as simulated:
        simulated.adopt({"region": REGION, "vpc_id": VPC, "subnets": [SUBNET], "security_groups": [GROUP]})
        simulated.adopt({"region": REGION, "vpc_id": OTHER_VPC, "subnets": [OTHER_SUBNET], "floating_ip": EIP})
        simulated.adopt({"region": REGION, "data_disks": [DataDisk(volume_id=VOLUME)], "vault_id": VAULT})
        simulated.register("EXPIRED-AK", "EXPIRED-SK", "expired-token", expired=True)
        simulated.register("TOKEN-AK", "TOKEN-SK", "right-token")
        yield simulated


@dataclass
class Ended:
    """How a build ended: exit code, everything that was said, seconds."""

    code: int
    said: str
    seconds: float


@pytest.fixture
def build(
    cloud: SimulatedHuaweicloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run the command with a template that is right but for the changes; a change to None leaves the option out."""
    monkeypatch.chdir(tmp_path)

    def run(**changes: Any) -> Ended:
        given = {
            "access_key": cloud.access_key,
            "secret_key": cloud.secret_key,
            "project_id": cloud.project_id(REGION),
            "endpoints": dict.fromkeys(("ecs", "ims", "vpc", "eip", "evs", "cbr", "iam"), cloud.url),
        }
        builder = {name: value for name, value in (BUILDER | given | changes).items() if value is not None}
        (tmp_path / "t.json").write_text(json.dumps({"builders": [builder]}, indent=1))
        began = time.monotonic()
        code = main(["build", "-color=false", "t.json"])
        captured = capfd.readouterr()
        return Ended(code, captured.out + captured.err, time.monotonic() - began)

    return run


def check(ended: Ended, cloud: SimulatedHuaweicloud, code: int, *texts: str) -> None:
    """The exit code, the words, and that the cloud is as it was."""
    assert ended.code == code, ended.said
    for text in texts:
        assert re.search(text, ended.said), f"{text!r} is not in\n{ended.said}"
    assert "Traceback" not in ended.said
    assert "defect" not in ended.said
    assert cloud.leftovers() == []
    assert cloud.lost() == []


KEYS_HINT = "check access_key, secret_key and security_token"
MISTAKES: Mapping[str, tuple[dict[str, Any], int, tuple[str, ...]]] = {
    "wrong access key": ({"access_key": "NOBODY-AK"}, 1, (r"APIGW\.0301", KEYS_HINT)),
    "wrong secret key": ({"secret_key": "wrong"}, 1, (r"APIGW\.0301", KEYS_HINT)),
    "wrong token": (
        {"access_key": "TOKEN-AK", "secret_key": "TOKEN-SK", "security_token": "wrong"},
        1,
        (r"APIGW\.030\d", "access_key"),
    ),
    "expired token": (
        {"access_key": "EXPIRED-AK", "secret_key": "EXPIRED-SK", "security_token": "expired-token"},
        1,
        (r"APIGW\.0307", "get fresh temporary keys"),
    ),
    "no region": ({"region": None}, 2, ("region", r"t\.json")),
    "unknown region": ({"region": "cn-mars-1", "project_id": None}, 2, ('no project "cn-mars-1"', "check region")),
    "unknown project by name": ({"project_id": None, "project_name": "mars"}, 2, ('no project "mars"', "project_name")),
    "unknown project by id": ({"project_id": NOBODY.replace("-", "")}, 1, (r"APIGW\.0305",)),
    "unknown option": ({"instance_type": FLAVOR}, 2, (r'unknown option "instance_type"', r"t\.json:\d+")),
    "no such image id": ({"source_image_name": None, "source_image": NOBODY}, 1, (f'no image "{NOBODY}" in {REGION}',)),
    "no such image name": ({"source_image_name": "Plan 9"}, 1, ('no image named "Plan 9"', "check its name")),
    "no image fits": (
        {"source_image_name": None, "source_image_filter": {"filters": {"visibility": "private", "tag": "a.b"}}},
        1,
        ("no image that the source_image_filter describes",),
    ),
    "several images fit": (
        {"source_image_name": None, "source_image_filter": {"filters": {"visibility": "public"}}},
        2,
        (r"there are \d+ images instead of one", "most_recent = true"),
    ),
    "no such flavor": ({"flavor": "x9.huge"}, 1, ('no flavor "x9.huge"',)),
    "no such zone": ({"availability_zone": "cn-north-4z"}, 1, ('no zone "cn-north-4z"', "cn-north-4a")),
    "no such vpc": ({"vpc_id": NOBODY}, 1, (NOBODY, r"VPC\.\d+")),
    "no such vpc name": ({"vpc_name": "mars"}, 1, ('no VPC "mars"', "check vpc_name")),
    "no such subnet": ({"subnets": [NOBODY]}, 1, (f'no subnet "{NOBODY}"', "network id")),
    "subnet outside the vpc": (
        {"vpc_id": VPC, "subnets": [OTHER_SUBNET]},
        2,
        (f"is in {OTHER_VPC}, not in the VPC", "leave vpc_id out"),
    ),
    "subnets of two vpcs": ({"subnets": [SUBNET, OTHER_SUBNET]}, 2, ("the subnets are in different VPCs",)),
    "no such group": ({"security_groups": ["mars"]}, 1, ('no security group "mars"', "check security_groups")),
    "no such port": ({"ports": [NOBODY]}, 1, (f'no network interface "{NOBODY}"',)),
    "no such eip": ({"floating_ip": NOBODY}, 1, (f'no EIP "{NOBODY}"', "check floating_ip")),
    "eip contradicts": ({"floating_ip": EIP, "associate_public_ip_address": False}, 2, ("floating_ip",)),
    "no such volume": ({"data_disks": [{"volume_id": NOBODY}]}, 1, (f'data_disks.0.: there is no volume "{NOBODY}"',)),
    "no such snapshot": ({"data_disks": [{"snapshot_id": NOBODY}]}, 1, (f'there is no snapshot "{NOBODY}"',)),
    "no such data image": ({"data_disks": [{"data_image_id": NOBODY}]}, 1, (f'there is no image "{NOBODY}"',)),
    "a disk of two origins": (
        {"data_disks": [{"volume_id": VOLUME, "volume_size": 9}]},
        2,
        ("volume_size and volume_id exclude each other",),
    ),
    "no vault": ({"image_type": "full-ecs"}, 2, ("vault_id",)),
    "no such vault": ({"image_type": "full-ecs", "vault_id": NOBODY}, 1, (r"IMG\.0170", "check vault_id")),
    "member of nowhere": ({"image_members": [""]}, 3, (r"IMG\.0108", "check image_members", "kept")),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_template(name: str, build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    changes, code, texts = MISTAKES[name]
    check(build(**changes), cloud, code, *texts)


def test_a_wrong_key_is_told_before_anything_else_is_tried(
    build: Callable[..., Ended], cloud: SimulatedHuaweicloud
) -> None:
    before = len(cloud.calls())
    assert build(access_key="NOBODY-AK").seconds < 3
    assert not any(call.mutates for call in cloud.calls()[before:])


@contextmanager
def changed(cloud: SimulatedHuaweicloud, **changes: Any) -> Iterator[None]:
    """The world is another one for a while."""
    before = {name: getattr(cloud.world, name) for name in changes}
    for name, value in changes.items():
        setattr(cloud.world, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(cloud.world, name, value)


ZONES = ("cn-north-4a", "cn-north-4b", "cn-north-4c", "cn-north-4g")


def test_a_flavor_that_the_zone_does_not_sell(build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    with changed(cloud, sold_out={("cn-north-4b", FLAVOR)}):
        ended = build(availability_zone="cn-north-4b")
    check(ended, cloud, 1, f'the zone cn-north-4b does not sell the flavor "{FLAVOR}" now', "take another")


def test_a_flavor_that_no_zone_sells_is_told_before_anything_is_made(
    build: Callable[..., Ended], cloud: SimulatedHuaweicloud
) -> None:
    before = len(cloud.calls())
    with changed(cloud, sold_out={(zone, FLAVOR) for zone in ZONES}):
        ended = build()
    check(ended, cloud, 1, f'no zone of cn-north-4 sells the flavor "{FLAVOR}" now')
    assert not any(call.mutates for call in cloud.calls()[before:])


def test_sold_out_everywhere_as_only_the_jobs_tell(build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    with changed(cloud, hidden_sold_out={(zone, FLAVOR) for zone in ZONES}):
        ended = build()
    check(ended, cloud, 1, f'the flavor "{FLAVOR}" is sold out in', *ZONES, "No valid host was found")


QUOTAS: Mapping[str, Mapping[str, Any]] = {
    "vpc": {},
    "subnet": {},
    "security_group": {},
    "eip": {"eip_bandwidth_size": 5},
    "server": {},
    "volume": {"data_disks": [{"volume_size": 10}, {"volume_id": VOLUME}, {"volume_size": 10}]},
    "image": {},
    "key_pair": BY_SSH,
}


@pytest.mark.parametrize("kind", QUOTAS)
def test_a_quota_is_named(kind: str, build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    before = cloud.quotas[kind]
    cloud.quotas[kind] = 0
    try:
        ended = build(**QUOTAS[kind])
    finally:
        cloud.quotas[kind] = before
    check(
        ended, cloud, 1, "(?i)quota|exceed|number of", "delete what is not needed any more, or ask for a higher quota"
    )


def test_an_eip_of_somebody_s_is_not_taken_away(build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    eip = cloud.gateway.state.eips[EIP]  # type: ignore[attr-defined]
    eip.port_id, eip.status = NOBODY, "ACTIVE"
    try:
        ended = build(floating_ip=EIP)
        assert eip.port_id == NOBODY
    finally:
        eip.port_id, eip.status = "", "DOWN"
    check(ended, cloud, 1, f'the EIP "{EIP}" is ACTIVE, bound to the port {NOBODY}', "give one that is free")


def test_a_volume_of_somebody_s_is_not_taken_away(build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    volume = cloud.gateway.state.volumes[VOLUME]  # type: ignore[attr-defined]
    volume.status = "in-use"
    try:
        ended = build(data_disks=[{"volume_id": VOLUME}])
    finally:
        volume.status = "available"
    check(ended, cloud, 1, f"the volume {VOLUME} is in-use instead of available", "detach it")


def test_a_full_vault(build: Callable[..., Ended], cloud: SimulatedHuaweicloud) -> None:
    vault = cloud.gateway.state.vaults[VAULT]  # type: ignore[attr-defined]
    before, vault.used = vault.used, vault.size
    try:
        ended = build(image_type="full-ecs", vault_id=VAULT)
    finally:
        vault.used = before
    check(ended, cloud, 1, "capacity of the vault is insufficient", "the vault is full: extend it")


@pytest.mark.parametrize(("action", "text"), [
    ("CreateImage", 'image "mistaken" has failed: .+ \\[IMG\\.\\d+\\]'),
    ("CreatePostPaidServers", "instance [0-9a-f-]+ has failed: .+ \\[Ecs\\.\\d+\\]"),
])  # fmt: skip
def test_a_failed_job_tells_its_reason(
    action: str, text: str, build: Callable[..., Ended], cloud: SimulatedHuaweicloud
) -> None:
    cloud.faults.add(Fault(kind="end_state", action=action, times=9))
    try:
        ended = build()
    finally:
        cloud.faults.clear()
    check(ended, cloud, 1, text)


def test_a_closed_port_is_told_before_the_wait_runs_out(
    build: Callable[..., Ended], cloud: SimulatedHuaweicloud
) -> None:
    group = cloud.gateway.state.security_groups[GROUP]  # type: ignore[attr-defined]
    group.rules = [rule for rule in group.rules if rule.direction != "ingress"]
    ended = build(
        **BY_SSH, security_groups=[GROUP], vpc_id=VPC, subnets=[SUBNET], ssh_host="127.0.0.1", ssh_port=9,
        ssh_timeout="2s",
    )  # fmt: skip
    check(ended, cloud, 1, "no rule of the security group .+ lets anybody reach TCP port 9")
    assert ended.said.index("lets anybody reach") < ended.said.index("instance")
