"""The known defects of Packer's plugin for Huawei Cloud, one test each: it fails with the plugin's behaviour.

docs/explanation/what-the-huaweicloud-plugin-does-wrong.md has the table. What concerns the import post-processor (D23)
is refused until it is built.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Build, RunSettings
from imagesmith.errors import ImagesmithError, OutOfStock, WaitFailed, WaitTimeout
from imagesmith.keys import make_key
from imagesmith.lifecycle import Policy
from imagesmith.options import complete
from imagesmith_huaweicloud import DataDisk, HuaweicloudEcs, ImageFilters, SourceImageFilter
from imagesmith_huaweicloud.provider import HuaweicloudProvider
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.communicators.ssh.real_agent import add, ssh_agent

TABLE = Path(__file__).parents[3] / "docs/explanation/what-the-huaweicloud-plugin-does-wrong.md"
VPC, SUBNET, GROUP, OTHER_GROUP, VOLUME, EIP, MEMBER = (str(uuid.UUID(int=number)) for number in range(51, 58))
OWN = {"vpc_id": VPC, "subnets": [SUBNET], "security_groups": [GROUP]}


@pytest.fixture
def with_latencies(driver: Any, tmp_path: Path) -> Any:
    """Drivers of clouds that take their time."""
    clouds: list[SimulatedHuaweicloud] = []

    def make(**latencies: float) -> Any:
        clouds.append(SimulatedHuaweicloud.start(machines="none", latencies=latencies))
        other = type(driver)(clouds[-1], tmp_path / f"cloud-{len(clouds)}")
        driver.ledgers += other.ledgers
        other.ledgers = driver.ledgers
        return other

    yield make
    for cloud in clouds:
        cloud.close()


def test_the_table_has_every_defect_and_every_test() -> None:
    rows = [line.split("|") for line in TABLE.read_text().splitlines() if line.startswith("| D")]
    assert [row[1].strip() for row in rows] == [f"D{number}" for number in range(1, 31)]
    named = [re.findall(r"`(test_d\d\d_\w+)`", row[4]) for row in rows]
    assert all(named)
    assert {name for names in named for name in names} == {name for name in globals() if name.startswith("test_d")}


def test_d01_without_any_eip_option_the_private_address_is_connected_to(driver: Any) -> None:
    address = driver.build(**OWN).address
    assert (address.kind, bool(address.host)) == ("private", True)


@pytest.mark.parametrize("fault", [
    Fault(kind="end_state", action="CreatePostPaidServers"),
    Fault(kind="refuse", action="ShowJob", code="Common.0001", status=400, times=99),
    Fault(kind="refuse", action="ListServerInterfaces", code="Ecs.0000", status=400, times=99),
])  # fmt: skip
def test_d02_a_server_whose_job_fails_is_not_forgotten(driver: Any, fault: Fault) -> None:
    driver.simulated.faults.add(fault)
    with pytest.raises(ImagesmithError):
        driver.build()
    driver.simulated.clock.advance(1000)
    assert not driver.simulated._store.servers
    assert "DeleteServers" in driver.actions()


def test_d03_every_security_group_is_applied(driver: Any) -> None:
    seen: list[Any] = []
    driver.build(
        vpc_id=VPC,
        subnets=[SUBNET],
        security_groups=[GROUP, OTHER_GROUP, "default"],
        on_running=lambda *_: seen.extend(port.security_group_ids for port in driver.simulated._store.ports.values()),
    )
    assert seen[0][:2] == [GROUP, OTHER_GROUP]
    assert len(set(seen[0])) == 3


def test_d04_the_user_s_volume_survives_a_failed_attaching(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="AttachServerVolume"))
    with pytest.raises(WaitFailed, match="attaching volume"):
        driver.build(data_disks=[DataDisk(volume_id=VOLUME)])
    assert driver.simulated.lost() == []
    assert driver.simulated._store.volumes[VOLUME].status == "available"
    assert all(sent["delete_volume"] == "false" for sent in driver.sent("DeleteServers"))


def test_d05_a_failed_detaching_does_not_keep_the_server(driver: Any) -> None:
    driver.options(data_disks=[DataDisk(volume_id=VOLUME)])
    driver.simulated.faults.add(
        Fault(kind="refuse", action="DetachServerVolume", code="Ecs.0000", status=400, times=99)
    )
    driver.build(data_disks=[DataDisk(volume_id=VOLUME)])
    assert not driver.simulated._store.servers
    assert driver.simulated.lost() == []


def test_d06_after_an_interrupt_the_network_is_deleted_however_long_it_is_in_use(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action="DeleteSubnet", code="VPC.0207", status=409, times=5))
    run, cloud = driver.open()

    def interrupt() -> None:
        run.step("network", cloud.network)
        run.cancel.cancel()
        run.cancel.check()

    with pytest.raises(ImagesmithError, match="cancelled"), run:
        interrupt()
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize("action", ["CreateVpc", "CreateSubnet"])
def test_d06_a_network_that_never_gets_ready_is_deleted(driver: Any, action: str) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action=action))
    with pytest.raises(WaitFailed, match="has ended as ERROR"):
        driver.build()
    assert driver.simulated.leftovers() == []


def test_d07_an_eip_that_never_gets_ready_is_deleted(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreatePublicip"))
    with pytest.raises(WaitFailed):
        driver.build()
    assert not driver.simulated._store.eips


def test_d08_a_deleted_server_is_seen_at_once(with_latencies: Any) -> None:
    driver = with_latencies(delete=20.0)
    built = driver.build(**OWN)
    assert built.run.seconds["teardown"] < 25


def test_d09_a_failed_job_tells_its_own_reason(driver: Any) -> None:
    driver.simulated.world.hidden_sold_out.add(("cn-north-4a", ""))
    with pytest.raises(OutOfStock) as error:
        driver.build(availability_zone="cn-north-4a")
    assert "No valid host was found. There are not enough hosts available" in str(error.value)
    assert "Ecs.0319" in str(error.value)
    assert error.value.hint == "take another availability_zone or flavor"


@pytest.mark.parametrize("product", ["ecs", "ims"])
def test_d10_a_lost_poll_is_repeated_and_a_refused_one_is_told_at_once(driver: Any, product: str) -> None:
    nth = {"ecs": 1, "ims": 2}[product]
    driver.simulated.faults.add(Fault(kind="error_5xx", action="ShowJob", nth=nth, times=3))
    driver.build()
    driver.simulated.faults.add(
        Fault(kind="refuse", action="ShowJob", nth=nth, code="APIGW.0307", status=401, times=99)
    )
    began = driver.simulated.clock.now()
    with pytest.raises(ImagesmithError, match=r"APIGW\.0307"):
        driver.build(policy=Policy(on_error="abort"))
    assert driver.simulated.clock.now() - began < 30


def test_d11_the_zone_is_one_that_sells_the_flavor_and_another_is_tried(driver: Any) -> None:
    world = driver.simulated.world
    world.sold_out.add(("cn-north-4a", "s6.large.2"))
    world.hidden_sold_out |= {("cn-north-4b", "s6.large.2"), ("cn-north-4c", "s6.large.2")}
    assert driver.build().machine.zone == "cn-north-4g"
    assert "cn-north-4a" not in {sent["server.availability_zone"] for sent in driver.sent("CreatePostPaidServers")}


def test_d11_a_flavor_that_is_nowhere_is_told_before_the_network_is_made(driver: Any) -> None:
    run, cloud = driver.open()
    object.__setattr__(cloud.context.options, "flavor", "x9.huge")
    with pytest.raises(ImagesmithError, match=r'there is no flavor "x9\.huge" in cn-north-4'), run:
        cloud.source_image()
    assert not any(call.mutates for call in driver.simulated.calls())


def test_d12_no_image_is_taken_of_a_running_server(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="BatchStopServers", times=9))
    with pytest.raises(WaitTimeout):
        driver.build(stop_timeout=10.0)
    assert "CreateImage" not in driver.actions()


def test_d13_fewer_images_than_wanted_are_no_success(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage", nth=2))
    with pytest.raises(WaitFailed, match="1 of 2 images could not be made"):
        driver.build(data_disks=[DataDisk(volume_size=20)])
    (left,) = [image for image in driver.simulated.images() if image["status"] == "active"]
    kept = [event.id for event in driver.events if type(event).__name__ == "ResourceKept"]
    assert kept == [left["id"]]


def test_d13_an_image_that_takes_too_long_is_not_left_being_made(with_latencies: Any) -> None:
    driver = with_latencies(image=300.0)
    with pytest.raises(WaitTimeout):
        driver.build(wait_image_ready_timeout=20.0)
    assert driver.simulated.images() == []


@pytest.mark.parametrize("text", ["reboot12", "hostname", "true", "echo"])
def test_d14_a_word_that_happens_to_be_base64_is_plain_user_data(driver: Any, text: str) -> None:
    seen: list[bytes] = []
    driver.build(
        user_data=text,
        on_running=lambda *_: seen.extend(server.user_data for server in driver.simulated._store.servers.values()),
    )
    assert seen == [text.encode()]
    assert base64.b64decode(text, validate=True)


def test_d15_with_data_disks_the_system_disk_is_imaged_too(driver: Any) -> None:
    driver.build(data_disks=[DataDisk(volume_size=20)])
    assert sorted(image["kind"] for image in driver.simulated.images()) == ["data", "system"]


@pytest.mark.parametrize(
    "filters", [ImageFilters(visibility="public", name_regex="Ubuntu 22"), ImageFilters(tag="os.web")]
)
def test_d16_a_search_uses_all_that_is_given(driver: Any, filters: ImageFilters) -> None:
    """Also a tag alone, and filters beside a name; and only images that are active."""
    search = SourceImageFilter(filters=filters, most_recent=True)
    driver.build(source_image_filter=search)
    (sent,) = driver.sent("ListImages")
    assert (sent["status"], sent["sort_key"], sent["sort_dir"]) == ("active", "created_at", "desc")
    if filters.tag:
        assert sent["tag"] == "os.web"


def test_d16_a_search_by_name_takes_active_images_only(driver: Any) -> None:
    """The newest of that name is being made still."""
    name = "built-before"
    driver.build(image_name=name)
    (older,) = driver.simulated.images()
    driver.build(image_name=name)
    (newer,) = [image for image in driver.simulated.images() if image["id"] != older["id"]]
    driver.simulated._store.images[newer["id"]].status = "queued"
    seen: list[str] = []
    driver.build(
        source_image_name=name,
        on_running=lambda *_: seen.extend(server.image_id for server in driver.simulated._store.servers.values()),
    )
    assert seen == [older["id"]]


def test_d17_the_key_pair_s_type_is_the_template_s_and_its_private_half_never_travels(driver: Any) -> None:
    driver.build(temporary_key_pair_type="ecdsa", temporary_key_pair_bits=521)
    (sent,) = driver.sent("NovaCreateKeypair")
    assert sent["keypair.public_key"].startswith("ecdsa-sha2-nistp521 ")
    assert not any("PRIVATE" in json.dumps(dict(call.parameters)) for call in driver.simulated.calls())


def test_d17_a_named_key_pair_is_used(driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an agent too."""
    private, _public = make_key("rsa", 2048, "mine")
    (tmp_path / "key").write_text(private)
    driver.build(ssh_keypair_name="mine", ssh_private_key_file=str(tmp_path / "key"))
    with ssh_agent(tmp_path, monkeypatch):
        add(tmp_path / "key")
        driver.build(ssh_keypair_name="mine", ssh_agent_auth=True)
    assert [sent["server.key_name"] for sent in driver.sent("CreatePostPaidServers")] == ["mine", "mine"]
    assert "NovaCreateKeypair" not in driver.actions()


def test_d18_answers_without_a_list_are_no_crash(driver: Any) -> None:
    from imagesmith_huaweicloud import image_jobs, jobs

    assert image_jobs.image_of({"sub_jobs_result": None}) == ""
    assert image_jobs.image_of({}) == ""
    assert "does not say why" in str(jobs.failure({"entities": None}, "job"))
    assert "does not say why" in str(jobs.failure({"entities": {"sub_jobs": None}}, "job"))


def test_d18_a_key_that_can_tell_no_password_is_refused_before_anything_is_made(driver: Any) -> None:
    builder = HuaweicloudEcs(
        region="cn-north-4",
        image_name="w",
        flavor="s6.large.2",
        source_image_name="w",
        communicator="winrm",
        winrm_username="Administrator",
        temporary_key_pair_type="ed25519",
    )
    with pytest.raises(ImagesmithError, match="this kind of key can't tell the password of Windows"):
        Build(source=builder, settings=RunSettings(clouds={"huaweicloud": driver.simulated}, simulate=True)).run()
    assert driver.actions() == []


def test_d20_the_host_of_winrm_can_be_given(driver: Any) -> None:
    windows = {"source_image_name": "Windows Server 2022 Standard 64bit English", "winrm_username": "Administrator"}
    built = driver.build(communicator="winrm", winrm_host="203.0.113.9", winrm_password="Good-Secret-1", **windows)
    assert built.address.host == "203.0.113.9"


def test_d19_nothing_secret_is_logged(driver: Any, caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    monkeypatch.setenv("HW_DEBUG", "1")
    with caplog.at_level(logging.DEBUG):
        driver.simulated.register("AK-1", "SK-secret-1", "token-secret-1")
        driver.build(
            access_key="AK-1",
            secret_key="SK-secret-1",
            security_token="token-secret-1",
            user_data="#!/bin/sh\n# user-secret",
            ssh_password="Pass-Secret-1",
        )
    told = caplog.text + driver.said() + "".join(path.read_text() for path in driver.state_dir.rglob("*.jsonl"))
    for secret in ("SK-secret-1", "token-secret-1", "user-secret", "Pass-Secret-1", "PRIVATE KEY"):
        assert secret not in told
    assert base64.b64encode(b"#!/bin/sh\n# user-secret").decode() not in told


@pytest.mark.parametrize(
    ("given", "kind"), [({"ssh_interface": "private"}, "private"), ({"ssh_host": "203.0.113.9"}, "given")]
)
def test_d20_the_address_to_connect_to_can_be_chosen(driver: Any, given: Any, kind: str) -> None:
    assert driver.build(**given).address.kind == kind


def test_d20_an_ipv6_address_is_connected_to(driver: Any) -> None:
    from imagesmith.interfaces import Address
    from imagesmith_huaweicloud import address

    _run, cloud = driver.open(ssh_ip_version="6")
    fixed = [{"ip_address": "192.168.0.5"}, {"ip_address": "2407:c080::5"}]
    found = address._private(cloud.context, [{"net_id": "n", "fixed_ips": fixed}])
    assert Address.parse(found, "private").host == "2407:c080::5"


def test_d21_a_sharing_that_fails_is_an_error_and_its_job_is_awaited(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="BatchAddMembers"))
    with pytest.raises(WaitFailed, match=f"sharing with {MEMBER} has failed"):
        driver.build(image_members=[MEMBER])
    assert len(driver.simulated.images()) == 1


def test_d22_validating_calls_nothing_and_a_project_is_found_by_its_exact_name(driver: Any) -> None:
    options = driver.options(project_name="cn-north-4")
    complete(HuaweicloudEcs(region="cn-north-4", image_name="w", flavor="f", source_image="i", ssh_username="root"), {})
    assert driver.actions() == []
    assert options.project_id == ""
    run = driver.run()
    options = dataclasses.replace(options, project_name="cn-north")
    with pytest.raises(ImagesmithError, match='there is no project "cn-north"'), run:
        HuaweicloudProvider.open(options, run).source_image()


def test_d23_the_import_is_known_and_refused_until_it_is_built() -> None:
    from imagesmith import plugin

    with pytest.raises(plugin.NotYet):
        plugin.load("post_processors", "huaweicloud-import")


def test_d24_the_temporary_network_lets_in_the_communicator_and_nothing_else(driver: Any) -> None:
    driver.build(vpc_cidr_block="10.77.0.0/16", temporary_security_group_source_cidrs=["203.0.113.7/32"])
    (rule,) = driver.sent("CreateSecurityGroupRule")
    assert (rule["security_group_rule.port_range_min"], rule["security_group_rule.port_range_max"]) == ("22", "22")
    assert rule["security_group_rule.remote_ip_prefix"] == "203.0.113.7/32"
    assert driver.sent("CreateVpc")[0]["vpc.cidr"] == "10.77.0.0/16"


def test_d25_calls_are_repeated_and_waits_have_no_fixed_pauses(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="throttle", times=3))
    driver.simulated.faults.add(Fault(kind="error_5xx", nth=6, times=2))
    began = driver.simulated.clock.now()
    driver.build()
    assert driver.simulated.clock.now() - began < 20


def test_d26_a_repeated_launch_forgets_no_server(driver: Any) -> None:
    answers = iter(["r"])
    driver.simulated.faults.add(Fault(kind="refuse", action="AttachServerVolume", code="Ecs.0000", status=400))
    driver.build(data_disks=[DataDisk(volume_id=VOLUME)], policy=Policy(on_error="ask", ask=lambda _: next(answers)))
    assert len(driver.sent("CreatePostPaidServers")) == 2
    assert len(driver.sent("DeleteServers")) == 2
    assert driver.simulated.leftovers() == []


def test_d26_only_free_eips_are_reused(driver: Any) -> None:
    driver.options(floating_ip=EIP)
    driver.simulated._store.eips[EIP].status = "FREEZED"
    run, cloud = driver.open()
    object.__setattr__(cloud.context.options, "reuse_ips", True)
    with pytest.raises(ImagesmithError, match="there is no free EIP"), run:
        cloud.reserve_address()


def test_d27_the_server_can_be_told_apart_and_ends_by_itself(driver: Any) -> None:
    seen: list[Any] = []
    built = driver.build(
        agency_name="builders",
        ssh_password="Good-Secret-1",
        on_running=lambda *_: seen.extend(driver.simulated._store.servers.values()),
    )
    (server,) = seen
    assert server.tags["imagesmith.run"] == built.run.run_id
    assert built.run.run_id in server.description
    assert server.auto_terminate_time
    assert (server.agency_name, server.password) == ("builders", "Good-Secret-1")
    assert driver.sent("CreatePublicip")[0]["publicip.alias"].startswith(f"imagesmith-{built.run.run_id}")


def test_d28_no_key_is_written_to_a_file(driver: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    driver.build()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert written == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_d29_the_temporary_subnet_resolves_intranet_names(driver: Any) -> None:
    seen: list[Any] = []
    driver.build(on_running=lambda *_: seen.extend(driver.simulated._store.subnets.values()))
    assert sorted(seen[0].dns_list) == ["100.125.1.250", "100.125.129.250"]


def test_d30_the_image_has_its_bounds(driver: Any) -> None:
    driver.build(image_min_disk=60, image_min_ram=1024, image_max_ram=8192)
    (image,) = driver.simulated.images()
    assert (image["min_disk"], image["min_ram"], image["max_ram"]) == (60, 1024, 8192)
