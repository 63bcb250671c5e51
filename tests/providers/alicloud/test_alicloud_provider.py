"""The provider's steps against the simulated cloud over HTTP: what each option sends, and what is left afterwards."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import (
    AlreadyExists,
    CloudError,
    Conflict,
    LeftoversRemain,
    NotFound,
    OutOfStock,
    UsageError,
    WaitFailed,
    WaitTimeout,
)
from imagesmith.interfaces import Login, Machine
from imagesmith.ip_ranges import free_subnet
from imagesmith.keys import make_key
from imagesmith.lifecycle import Policy
from imagesmith_alicloud import Disk, SystemDisk
from imagesmith_alicloud.sdk import ecs, vpc
from imagesmith_simulator.faults import Fault

POWER_OFF_S = 0.3


def names(entry: dict[str, str], prefix: str = "Tag") -> dict[str, str]:
    """Tag.1.Key, Tag.1.Value, … as a table."""
    found = {}
    for key, value in entry.items():
        if key.startswith(prefix + ".") and key.endswith(".Key"):
            found[value] = entry[key.removesuffix("Key") + "Value"]
    return found


def test_a_build_makes_a_tagged_image_and_leaves_nothing_else(driver: Any) -> None:
    built = driver.build(tags={"version": "v1.0.0", "app": "web"})
    image = driver.simulated.images()[0]
    assert (image["name"], image["status"]) == ("web", "Available")
    run_tag = {"imagesmith:run": built.run.run_id}
    assert image["tags"] == {"version": "v1.0.0", "app": "web"} | run_tag
    assert [snapshot["tags"] for snapshot in image["snapshots"]] == [{"version": "v1.0.0", "app": "web"}]
    assert built.artifact.id == f"cn-hangzhou:{image['id']}"
    assert built.artifact.builder_id == "alibaba.alicloud"
    assert built.artifact.description.endswith(f"\n\ncn-hangzhou: {image['id']}")
    assert built.artifact.images == {"cn-hangzhou": image["id"]}
    assert driver.simulated.leftovers() == []
    assert built.run.leftovers == []


def test_a_build_takes_fewer_calls_than_packers_forty(driver: Any) -> None:
    driver.build(tags={"a": "b"})
    assert len(driver.actions()) <= 30
    assert len(driver.sent("TagResources")) == 1


def test_everything_temporary_is_marked_when_it_is_created(driver: Any) -> None:
    built = driver.build(run_tags={"team": "infra"})
    for action in ("ImportKeyPair", "CreateVpc", "CreateVSwitch", "CreateSecurityGroup", "AllocateEipAddress"):
        (sent,) = driver.sent(action)
        tags = names(sent)
        assert tags["imagesmith:run"] == built.run.run_id
        assert tags["imagesmith:token"] == sent.get("ClientToken", tags["imagesmith:token"])
        assert tags["imagesmith:expires"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    (instance,) = driver.sent("RunInstances")
    assert names(instance)["team"] == "infra"
    assert names(instance)["imagesmith:token"] == instance["ClientToken"]
    assert instance["InstanceName"].startswith(f"imagesmith-{built.run.run_id}")


def test_the_instance_carries_a_lease_that_is_renewed(driver: Any) -> None:
    def renew(cloud: Any, machine: Machine) -> None:
        cloud.renew(machine)

    driver.build(on_running=renew, release_after=7200.0)
    soon = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 7000))
    assert driver.sent("RunInstances")[0]["AutoReleaseTime"] > soon
    assert driver.sent("ModifyInstanceAutoReleaseTime")[0]["AutoReleaseTime"] > soon


def test_the_private_key_never_travels(driver: Any) -> None:
    built = driver.build()
    assert built.login.temporary
    assert built.login.private_key.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    (sent,) = driver.sent("ImportKeyPair")
    assert sent["PublicKeyBody"] == built.login.public_key
    assert driver.sent("RunInstances")[0]["KeyPairName"] == sent["KeyPairName"]
    body = built.login.private_key.split("\n")[2]
    assert not any(body in json.dumps(dict(call.parameters)) for call in driver.simulated.calls())
    assert body not in repr(built.login)
    assert body not in driver.ledgers[0].path.read_text()


@pytest.mark.parametrize(
    ("kind", "bits", "line"),
    [
        ("", 0, "ssh-rsa"),
        ("rsa", 2048, "ssh-rsa"),
        ("ed25519", 0, "ssh-ed25519"),
        ("ecdsa", 384, "ecdsa-sha2-nistp384"),
    ],
)
def test_the_temporary_keys_type_can_be_chosen(kind: str, bits: int, line: str) -> None:
    private, public = make_key(kind, bits, "me")
    assert public.startswith(line + " ")
    assert public.endswith(" me")
    assert "OPENSSH PRIVATE KEY" in private


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 1024), ("ecdsa", 100)])
def test_weak_or_unknown_key_sizes_are_refused(kind: str, bits: int) -> None:
    with pytest.raises(UsageError):
        make_key(kind, bits, "me")


def test_a_password_needs_no_key(driver: Any) -> None:
    built = driver.build(ssh_password="Secret-123-xy")
    assert "ImportKeyPair" not in driver.actions()
    assert "DeleteKeyPairs" not in driver.actions()
    assert (built.login.password, built.login.key_name) == ("Secret-123-xy", "")
    assert "KeyPairName" not in driver.sent("RunInstances")[0]


def test_the_users_own_key_is_used_and_left_alone(driver: Any, tmp_path: Path) -> None:
    private, _ = make_key("ed25519", 0, "mine")
    file = tmp_path / "id"
    file.write_text(private)
    built = driver.build(ssh_private_key_file=str(file), ssh_keypair_name="mine")
    assert (built.login.private_key, built.login.temporary) == (private, False)
    assert driver.sent("RunInstances")[0]["KeyPairName"] == "mine"
    assert driver.simulated.lost() == []
    assert "DeleteKeyPairs" not in driver.actions()


def test_one_port_is_open_and_only_to_the_given_sources(driver: Any) -> None:
    driver.build(ssh_port=2222, temporary_security_group_source_cidrs=("203.0.113.7/32", "10.0.0.0/8"))
    (rule,) = driver.sent("AuthorizeSecurityGroup")
    shown = {key: value for key, value in rule.items() if key.startswith("Permissions.") and "Desc" not in key}
    assert shown == {
        "Permissions.1.IpProtocol": "TCP",
        "Permissions.1.PortRange": "2222/2222",
        "Permissions.1.Policy": "accept",
        "Permissions.1.SourceCidrIp": "203.0.113.7/32",
        "Permissions.2.IpProtocol": "TCP",
        "Permissions.2.PortRange": "2222/2222",
        "Permissions.2.Policy": "accept",
        "Permissions.2.SourceCidrIp": "10.0.0.0/8",
    }
    assert "opens port" not in driver.said()


def test_a_port_that_is_open_to_everybody_is_said(driver: Any) -> None:
    driver.build()
    assert driver.sent("AuthorizeSecurityGroup")[0]["Permissions.1.SourceCidrIp"] == "0.0.0.0/0"
    assert "opens port 22 to every address" in driver.said()


def test_bandwidth_goes_to_the_eip_and_not_to_the_instance(driver: Any) -> None:
    driver.build(internet_max_bandwidth_out=10, internet_charge_type="PayByTraffic")
    (eip,) = driver.sent("AllocateEipAddress")
    assert (eip["Bandwidth"], eip["InternetChargeType"]) == ("10", "PayByTraffic")
    assert not any(key.startswith("Internet") for key in driver.sent("RunInstances")[0])


def test_a_private_address_needs_no_eip(driver: Any) -> None:
    built = driver.build(ssh_private_ip=True, vpc_id="vpc-xxxx", vswitch_id="vsw-xxxx", internet_max_bandwidth_out=5)
    assert built.address.kind == "private"
    assert built.address.host
    assert not any("Eip" in action for action in driver.actions())
    assert driver.sent("RunInstances")[0]["InternetMaxBandwidthOut"] == "5"
    assert driver.simulated.lost() == []
    assert "CreateVpc" not in driver.actions()


def test_a_vswitch_alone_says_which_vpc_and_zone(driver: Any) -> None:
    built = driver.build(vswitch_id="vsw-xxxx")
    assert built.network.subnet_id == "vsw-xxxx"
    assert driver.sent("CreateSecurityGroup")[0]["VpcId"] == built.network.vpc_id
    assert driver.sent("RunInstances")[0]["ZoneId"] == built.network.zone
    assert driver.simulated.leftovers() == []


def test_a_vswitch_of_another_vpc_is_refused(driver: Any) -> None:
    driver.options(vpc_id="vpc-one", vswitch_id="vsw-one")
    driver.options(vpc_id="vpc-two")
    run, cloud = driver.open(vpc_id="vpc-two", vswitch_id="vsw-one")
    with pytest.raises(UsageError, match="not in vpc_id"), run:
        cloud.network()


def test_a_given_vpc_gets_a_vswitch_where_there_is_room(driver: Any) -> None:
    driver.options(vpc_id="vpc-mine", vswitch_id="vsw-there")
    built = driver.build(vpc_id="vpc-mine")
    (sent,) = driver.sent("CreateVSwitch")
    assert (sent["VpcId"], built.network.vpc_id) == ("vpc-mine", "vpc-mine")
    assert sent["CidrBlock"] == "172.16.0.0/24"
    assert driver.simulated.lost() == []
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize(
    ("within", "taken", "free"),
    [
        ("172.16.0.0/12", [], "172.16.0.0/24"),
        ("10.0.0.0/16", ["10.0.0.0/24", "10.0.1.0/25"], "10.0.2.0/24"),
        ("10.0.0.0/16", ["10.0.0.0/17"], "10.0.128.0/24"),
        ("10.0.0.0/28", [], "10.0.0.0/28"),
    ],
)
def test_a_free_range_overlaps_no_other(within: str, taken: list[str], free: str) -> None:
    assert free_subnet(within, taken) == free


def test_a_full_vpc_is_told() -> None:
    with pytest.raises(UsageError, match="no room"):
        free_subnet("10.0.0.0/24", ["10.0.0.0/25"])


def test_an_existing_security_group_is_used_as_it_is(driver: Any) -> None:
    driver.build(vpc_id="vpc-xxxx", vswitch_id="vsw-xxxx", security_group_id="sg-xxxx")
    assert driver.sent("RunInstances")[0]["SecurityGroupId"] == "sg-xxxx"
    assert not {"CreateSecurityGroup", "AuthorizeSecurityGroup", "DeleteSecurityGroup"} & set(driver.actions())
    assert driver.simulated.lost() == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vpc_id": "no-such"}, 'no VPC "no-such"'),
        ({"vswitch_id": "no-such"}, 'no vSwitch "no-such"'),
        ({"vswitch_id": "vsw-xxxx", "security_group_id": "no-such"}, 'no security group "no-such"'),
        ({"instance_type": "nonsense"}, "nonsense"),
    ],
)
def test_what_does_not_exist_is_named(driver: Any, values: dict[str, str], said: str) -> None:
    run, cloud = driver.open(**values)
    with pytest.raises(CloudError) as refused, run:
        cloud.network()
    assert isinstance(refused.value, NotFound)
    assert said in str(refused.value) or said in str(vars(refused.value))
    assert driver.simulated.inventory() == []


def test_the_zone_is_one_with_stock(driver: Any) -> None:
    world = driver.simulated.world
    first, second, *_ = world.zones("cn-hangzhou")
    world.out_of_stock.add((first, "ecs.g7.large"))
    assert driver.build().network.zone == second


def test_another_zone_is_tried_when_the_first_has_none_left(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action="RunInstances", code="OperationDenied.NoStock", status=403))
    built = driver.build()
    tried = [sent["ZoneId"] for sent in driver.sent("CreateVSwitch")]
    assert len(set(tried)) == 2
    assert built.machine.zone == tried[1]
    assert "has none left" in driver.said()
    assert driver.simulated.leftovers() == []


def test_when_no_zone_has_any_left_that_is_the_error(driver: Any) -> None:
    zones = driver.simulated.world.zones("cn-hangzhou")
    driver.simulated.world.out_of_stock |= {(zone, "") for zone in zones}
    with pytest.raises(OutOfStock) as refused:
        driver.build()
    assert "take another" in refused.value.hint
    assert driver.simulated.inventory() == []


def test_a_given_eip_is_bound_and_kept(driver: Any) -> None:
    built = driver.build(eip_id="eip-xxxx")
    assert built.address.kind == "eip"
    assert not {"AllocateEipAddress", "ReleaseEipAddress"} & set(driver.actions())
    assert driver.simulated.lost() == []


def test_a_given_eip_in_use_is_told_before_anything_is_made(driver: Any) -> None:
    def second(_cloud: Any, _machine: Machine) -> None:
        run, cloud = driver.open(eip_id="eip-xxxx")
        with pytest.raises(Conflict, match="bound to"), run:
            cloud.reserve_address()

    driver.build(eip_id="eip-xxxx", on_running=second)


def test_no_communicator_needs_no_key_no_port_and_no_address(driver: Any) -> None:
    driver.build(communicator="none")
    unwanted = {"ImportKeyPair", "AllocateEipAddress", "AuthorizeSecurityGroup"}
    assert not unwanted & set(driver.actions())
    assert driver.simulated.leftovers() == []


def test_ssh_host_is_taken_as_given(driver: Any) -> None:
    address = driver.build(ssh_host="bastion.example.com").address
    assert (address.host, address.port, address.kind) == ("bastion.example.com", None, "given")
    address = driver.build(ssh_host="127.0.0.1:2222", image_name="web2").address
    assert (address.host, address.port) == ("127.0.0.1", 2222)


def test_the_instances_options_are_sent(driver: Any, tmp_path: Path) -> None:
    script = tmp_path / "boot.sh"
    script.write_text("#!/bin/sh\necho 你好\n")
    driver.build(
        user_data_file=str(script),
        io_optimized=True,
        instance_name="builder",
        security_enhancement_strategy="Deactive",
        zone_id="cn-hangzhou-h",
        resource_group_id="rg-1",
        system_disk_mapping=SystemDisk(disk_size=60, disk_category="cloud_essd", disk_encrypted=False),
        image_disk_mappings=(Disk(disk_size=20, disk_device="/dev/xvdb"), Disk(disk_size=30, disk_name="data")),
    )
    (sent,) = driver.sent("RunInstances")
    assert sent["IoOptimized"] == "optimized"
    assert (sent["InstanceName"], sent["ZoneId"], sent["ResourceGroupId"]) == ("builder", "cn-hangzhou-h", "rg-1")
    assert (sent["SystemDisk.Size"], sent["SystemDisk.Category"], sent["SystemDisk.Encrypted"]) == (
        "60",
        "cloud_essd",
        "false",
    )
    assert (sent["DataDisk.1.Size"], sent["DataDisk.1.Device"]) == ("20", "/dev/xvdb")
    assert [sent[f"DataDisk.{n}.DeleteWithInstance"] for n in (1, 2)] == ["True", "True"]
    assert "DescribeAvailableResource" not in driver.actions()
    image = driver.simulated.images()[0]
    assert len(image["snapshots"]) == 3
    assert driver.simulated.leftovers() == []


def test_user_data_is_sent_in_base64(driver: Any, tmp_path: Path) -> None:
    from imagesmith_alicloud.machine import user_data

    script = tmp_path / "boot.sh"
    script.write_bytes(b"#!/bin/sh\n\xff\n")
    _, cloud = driver.open(user_data_file=str(script))
    assert base64.b64decode(user_data(cloud.context, Login("root"))) == b"#!/bin/sh\n\xff\n"
    _, cloud = driver.open(user_data="echo 你好")
    assert base64.b64decode(user_data(cloud.context, Login("root"))).decode() == "echo 你好"


def test_a_data_disk_that_shall_stay_stays_and_is_said(driver: Any) -> None:
    driver.build(image_disk_mappings=(Disk(disk_size=20, disk_delete_with_instance=False),))
    assert [line.split()[0] for line in driver.simulated.leftovers()] == ["disk"]
    assert "data disk(s) stay after the build, billed" in driver.said()


def test_data_disks_can_be_left_out_of_the_image(driver: Any) -> None:
    built = driver.build(image_disk_mappings=(Disk(disk_size=20),), image_ignore_data_disks=True, tags={"app": "web"})
    image = driver.simulated.images()[0]
    assert len(image["snapshots"]) == 1
    assert image["snapshots"][0]["tags"]["app"] == "web"
    assert "InstanceId" not in driver.sent("CreateImage")[0]
    assert built.image.snapshot_ids == (driver.sent("CreateImage")[0]["SnapshotId"],)
    assert driver.simulated.leftovers() == []


def test_the_images_options_are_sent(driver: Any) -> None:
    driver.build(
        image_version="1.2",
        image_description="what it is",
        target_image_family="web",
        boot_mode="UEFI",
        resource_group_id="rg-1",
    )
    (sent,) = driver.sent("CreateImage")
    wanted = {
        "ImageName": "web",
        "ImageVersion": "1.2",
        "Description": "what it is",
        "ImageFamily": "web",
        "BootMode": "UEFI",
        "ResourceGroupId": "rg-1",
    }
    assert {key: sent[key] for key in wanted} == wanted


def test_without_an_image_there_is_no_artifact(driver: Any) -> None:
    built = driver.build(skip_create_image=True, image_ignore_data_disks=True)
    assert (built.image, built.artifact) == (None, None)
    assert driver.simulated.inventory() == []


def test_stop_keeps_the_capacity_and_can_be_forced(driver: Any) -> None:
    driver.build(force_stop_instance=True)
    (sent,) = driver.sent("StopInstance")
    assert (sent["StoppedMode"], sent["ForceStop"]) == ("KeepCharging", "True")


def test_an_instance_that_stops_itself_is_only_awaited(driver: Any) -> None:
    def shut_down(cloud: Any, machine: Machine) -> None:
        cloud.context.cloud.write(ecs.StopInstanceRequest(instance_id=machine.id))

    driver.build(disable_stop_instance=True, on_running=shut_down)
    assert len(driver.sent("StopInstance")) == 1
    assert driver.simulated.leftovers() == []


def test_an_instance_that_does_not_stop_itself_is_told(driver: Any) -> None:
    with pytest.raises(WaitTimeout) as late:
        driver.build(disable_stop_instance=True, stop_timeout=POWER_OFF_S)
    assert "a provisioner has to shut the guest down" in late.value.hint
    assert driver.simulated.inventory() == []


def test_an_instance_that_is_stopped_already_is_fine(driver: Any) -> None:
    def shut_down(cloud: Any, machine: Machine) -> None:
        cloud.stop(machine)

    driver.build(on_running=shut_down)
    assert driver.simulated.leftovers() == []


def test_an_instance_that_vanishes_ends_the_build_at_once(driver: Any) -> None:
    def release(cloud: Any, machine: Machine) -> None:
        cloud.context.cloud.write(ecs.DeleteInstanceRequest(instance_id=machine.id, force=True))

    with pytest.raises(WaitFailed, match="is gone"):
        driver.build(on_running=release)
    assert driver.simulated.inventory() == []


@pytest.mark.parametrize(
    ("action", "values", "said"),
    [
        ("CreateImage", {}, "has ended as CreateFailed"),
        ("CreateSnapshot", {"image_ignore_data_disks": True}, "has failed"),
    ],
)
def test_a_failed_snapshot_or_image_ends_the_wait_at_once(
    driver: Any, action: str, values: dict[str, Any], said: str
) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action=action))
    with pytest.raises(WaitFailed, match=said):
        driver.build(**values)
    assert driver.simulated.inventory() == []


def test_a_taken_name_is_refused_before_anything_is_made(driver: Any) -> None:
    driver.build()
    before = driver.simulated.inventory()
    with pytest.raises(AlreadyExists) as refused:
        driver.build()
    assert 'already an image named "web"' in str(refused.value)
    assert "image_force_delete" in refused.value.hint
    assert driver.simulated.inventory() == before
    assert len(driver.sent("CreateVpc")) == 1


def test_an_image_whose_name_only_begins_alike_is_no_obstacle(driver: Any) -> None:
    driver.build(image_name="web-2")
    driver.build(image_name="web")
    assert sorted(image["name"] for image in driver.simulated.images()) == ["web", "web-2"]


@pytest.mark.parametrize(
    ("policy", "values", "old_snapshots_stay"),
    [
        (Policy(), {"image_force_delete": True}, True),
        (Policy(), {"image_force_delete": True, "image_force_delete_snapshots": True}, False),
        (Policy(force=True), {}, False),
    ],
)
def test_force_replaces_the_old_image_only_when_the_new_one_is_good(
    driver: Any, policy: Policy, values: dict[str, Any], old_snapshots_stay: bool
) -> None:
    old = driver.build().image
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage"))
    with pytest.raises(WaitFailed):
        driver.build(policy=policy, **values)
    assert [image["id"] for image in driver.simulated.images()] == [old.id], "the old image survives a failed build"
    new = driver.build(policy=policy, **values)
    (image,) = driver.simulated.images()
    assert (image["id"], image["name"]) == (new.image.id, "web")
    assert new.artifact.id == f"cn-hangzhou:{new.image.id}"
    actions = driver.actions()
    assert actions.index("DeleteImage", actions.index("CreateImage", actions.index("CreateImage") + 1)) > 0
    assert [old.snapshot_ids[0] in line for line in driver.simulated.inventory()].count(True) == int(old_snapshots_stay)


def test_force_without_an_old_image_uses_the_name_at_once(driver: Any) -> None:
    driver.build(image_force_delete=True)
    assert driver.sent("CreateImage")[0]["ImageName"] == "web"
    assert "ModifyImageAttribute" not in driver.actions()


def test_a_failed_publish_keeps_the_image_and_marks_it(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action="TagResources", code="Forbidden.RAM", status=403))
    with pytest.raises(CloudError):
        driver.build(tags={"a": "b"})
    (image,) = driver.simulated.images()
    assert image["status"] == "Available"
    assert image["tags"]["imagesmith:state"] == "partial"
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"source_image": "m-nonsense"}, 'no image "m-nonsense"'),
        ({"source_image": "", "image_family": "no-such"}, "no-such"),
    ],
)
def test_a_source_that_does_not_exist_is_named(driver: Any, values: dict[str, str], said: str) -> None:
    run = driver.run()
    options = driver.options()
    import dataclasses

    from imagesmith_alicloud.provider import AlicloudProvider

    cloud = AlicloudProvider.open(dataclasses.replace(options, **values), run)
    run.provider = cloud
    with pytest.raises(NotFound) as refused, run:
        cloud.source_image()
    assert said in str(refused.value)


def test_the_newest_image_of_a_family_is_found(driver: Any) -> None:
    driver.build(target_image_family="base")
    run, cloud = driver.open(source_image="", image_family="base", image_name="other")
    with run:
        assert cloud.source_image().id == driver.simulated.images()[0]["id"]
    run, cloud = driver.open(source_image="", image_family="acs:debian_12_5_x64", image_name="other")
    with run:
        assert cloud.source_image().name.startswith("debian_12_5")


def test_skip_image_validation_asks_for_retired_images_too(driver: Any) -> None:
    run, cloud = driver.open(skip_image_validation=True)
    with run:
        cloud.source_image()
    assert {sent.get("ShowExpired") for sent in driver.sent("DescribeImages") if "ImageId" in sent} == {"True"}


def test_bad_credentials_are_one_clear_error(driver: Any) -> None:
    run = driver.run()
    import dataclasses

    from imagesmith_alicloud.provider import AlicloudProvider

    options = dataclasses.replace(driver.options(), secret_key="wrong")
    run.provider = cloud = AlicloudProvider.open(options, run)
    with pytest.raises(CloudError) as refused, run:
        cloud.source_image()
    assert "ALICLOUD_SECRET_KEY" in refused.value.hint
    assert "wrong" not in str(refused.value)


def test_the_guests_console_is_read(driver: Any) -> None:
    texts: list[str] = []
    driver.build(on_running=lambda cloud, machine: texts.append(cloud.console(machine)))
    assert len(texts) == 1


def test_progress_of_the_image_is_told(driver: Any, tmp_path: Path) -> None:
    from imagesmith.events import Waiting
    from imagesmith_simulator.alicloud import SimulatedAlicloud

    with SimulatedAlicloud.start(machines="none", latencies={"snapshot": 30.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        other.build(communicator="none")
        seen = [event.percent for event in other.events if isinstance(event, Waiting) and "image" in event.what]
        other.ledgers[0].close()
    assert any(percent and 0 < percent < 100 for percent in seen)


def test_leftovers_are_named_when_a_delete_is_refused(driver: Any) -> None:
    driver.simulated.deny(["DeleteVpc"])
    built = driver.build()
    assert [left.resource.kind for left in built.run.leftovers] == ["vpc"]
    assert "Forbidden.RAM" in built.run.leftovers[0].reason
    assert LeftoversRemain([left.as_tuple() for left in built.run.leftovers]).exit_code == 4
    driver.simulated.deny([])
    built.cloud.destroy(built.run.leftovers[0].resource)
    assert driver.simulated.leftovers() == []


def test_the_vpc_api_is_asked_at_its_own_endpoint(driver: Any) -> None:
    driver.build()
    products = {call.action: call.product for call in driver.simulated.calls()}
    assert products["CreateVpc"] == products["AllocateEipAddress"] == "vpc"
    assert products["RunInstances"] == products["CreateSecurityGroup"] == "ecs"
    assert vpc.CreateVpcRequest.__module__.startswith("alibabacloud_vpc")
