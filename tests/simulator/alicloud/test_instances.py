"""Instances: their states, what is refused, disks, auto-release."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

REGION = "cn-hangzhou"


def _in(cloud: Any, **ahead: int) -> str:
    at = datetime.fromtimestamp(cloud.clock.now(), UTC) + timedelta(**ahead)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_run_instances_walks_from_pending_over_starting_to_running(start: Any, connect: Any) -> None:
    cloud = start(latencies={"instance": 8})
    sdk = connect(cloud)
    made = sdk.run()
    assert sdk.instance(made).status == "Pending"
    assert sdk.refused("DeleteInstance", instance_id=made, force=True) == "IncorrectInstanceStatus.Initializing"
    cloud.clock.advance(2)
    assert sdk.instance(made).status == "Starting"
    assert sdk.refused("StopInstance", instance_id=made) == "IncorrectInstanceStatus"
    cloud.clock.advance(6)
    assert sdk.instance(made).status == "Running"


def test_stop_and_start_walk_through_their_states(start: Any, connect: Any) -> None:
    cloud = start(latencies={"stop": 5, "instance": 4})
    sdk = connect(cloud)
    made = sdk.run()
    cloud.clock.advance(4)
    sdk.do("StopInstance", instance_id=made, stopped_mode="KeepCharging")
    assert sdk.instance(made).status == "Stopping"
    assert sdk.refused("StartInstance", instance_id=made) == "IncorrectInstanceStatus"
    cloud.clock.advance(5)
    assert (sdk.instance(made).status, sdk.instance(made).stopped_mode) == ("Stopped", "KeepCharging")
    assert sdk.refused("StopInstance", instance_id=made) == "IncorrectInstanceStatus"
    sdk.do("StartInstance", instance_id=made)
    assert sdk.instance(made).status == "Starting"
    cloud.clock.advance(3)
    assert sdk.instance(made).status == "Running"
    sdk.do("RebootInstance", instance_id=made)
    assert sdk.instance(made).status == "Starting"
    cloud.clock.advance(8)
    assert sdk.instance(made).status == "Running"


def test_create_instance_is_born_stopped(sdk: Any) -> None:
    net = sdk.network()
    fields = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    made = sdk.do("CreateInstance", v_switch_id=net.vswitch, security_group_id=net.group, **fields).instance_id
    assert sdk.instance(made).status == "Stopped"


def test_what_is_asked_for_is_what_is_described(sdk: Any, cloud: Any, models: Any) -> None:
    net = sdk.network()
    release = _in(cloud, hours=1)
    made = sdk.run(
        net,
        instance_name="builder",
        description="for a test",
        host_name="build-host",
        auto_release_time=release,
        resource_group_id="rg-1",
        http_tokens="required",
        internet_charge_type="PayByBandwidth",
        tag=[models.RunInstancesRequestTag(key="run", value="42")],
    )
    found = sdk.instance(made)
    assert (found.instance_name, found.description, found.host_name) == ("builder", "for a test", "build-host")
    assert found.auto_release_time == release[:16] + "Z"
    assert (found.vpc_attributes.vpc_id, found.vpc_attributes.v_switch_id) == (net.vpc, net.vswitch)
    assert found.security_group_ids.security_group_id == [net.group]
    assert (found.zone_id, found.resource_group_id) == ("cn-hangzhou-h", "rg-1")
    assert (found.metadata_options.http_tokens, found.internet_charge_type) == ("required", "PayByBandwidth")
    assert [(tag.tag_key, tag.tag_value) for tag in found.tags.tag] == [("run", "42")]
    assert found.vpc_attributes.private_ip_address.ip_address[0].startswith("127.")
    assert [disk.tags.tag[0].tag_key for disk in sdk.disks(made)] == ["run"]


def test_instances_are_found_by_name_tag_status_and_place(sdk: Any, models: Any) -> None:
    net = sdk.network()
    tag = models.RunInstancesRequestTag(key="token", value="t-1")
    made = sdk.run(net, instance_name="imagesmith-1", tag=[tag])
    sdk.run(net, instance_name="other")

    def found(**fields: Any) -> list[str]:
        return [item.instance_id for item in sdk.do("DescribeInstances", **fields).instances.instance]

    assert found(instance_name="imagesmith-*") == [made]
    assert found(tag=[models.DescribeInstancesRequestTag(key="token", value="t-1")]) == [made]
    assert found(tag=[models.DescribeInstancesRequestTag(key="token", value="t-2")]) == []
    assert found(status="Stopped") == []
    assert len(found(vpc_id=net.vpc, v_switch_id=net.vswitch, security_group_id=net.group)) == 2
    assert found(region_id="cn-beijing") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"instance_type": "ecs.none.large"}, "InvalidInstanceType.NotFound"),
        ({"instance_type": "m5.large"}, "InvalidInstanceType.ValueNotSupported"),
        ({"instance_type": ""}, "MissingParameter"),
        ({"image_id": "no_such_image"}, "InvalidImageId.NotFound"),
        ({"image_id": "", "image_family": "none"}, "InvalidImageFamily.NotFound"),
        ({"image_id": ""}, "MissingParameter"),
        ({"v_switch_id": ""}, "MissingParameter.VSwitchId"),
        ({"v_switch_id": "vsw-none"}, "InvalidVSwitchId.NotFound"),
        ({"security_group_id": "sg-none"}, "InvalidSecurityGroupId.NotFound"),
        ({"security_group_id": ""}, "MissingParameter"),
        ({"zone_id": "cn-hangzhou-b"}, "InvalidParameter.Mismatch"),
        ({"key_pair_name": "none"}, "InvalidKeyPairName.NotFound"),
        ({"password": "weak"}, "InvalidPassword.Malformed"),
        ({"user_data": "%%%"}, "InvalidUserData.Base64FormatInvalid"),
        ({"amount": 0}, "InvalidParameter.Amount"),
        ({"internet_charge_type": "Free"}, "InvalidParameter.InternetChargeType"),
        ({"io_optimized": "maybe"}, "InvalidParameter.IoOptimized"),
        ({"instance_charge_type": "PrePaid"}, "InvalidParameter.InstanceChargeType"),
        ({"auto_release_time": "tomorrow"}, "InvalidAutoReleaseTime.Malformed"),
        ({"region_id": "cn-nowhere"}, "InvalidRegionId.NotFound"),
    ],
)
def test_what_run_instances_refuses(sdk: Any, cloud: Any, fields: dict[str, Any], code: str) -> None:
    net = sdk.network()
    good = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
    assert sdk.refused("RunInstances", **{**good, **place, **fields}) == code
    assert not [line for line in cloud.inventory() if line.startswith(("instance", "disk"))]


def test_user_data_may_have_32_kib_and_not_a_byte_more(sdk: Any) -> None:
    net = sdk.network()
    sdk.run(net, user_data=base64.b64encode(b"x" * 32768).decode())
    good = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    longer = base64.b64encode(b"x" * 32769).decode()
    place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
    assert sdk.refused("RunInstances", user_data=longer, **good, **place) == "InvalidUserData.SizeExceeded"


def test_a_zone_without_stock_refuses_and_says_so_beforehand(sdk: Any, cloud: Any) -> None:
    cloud.world.out_of_stock |= {("cn-hangzhou-h", "ecs.g6.large"), ("cn-hangzhou-b", "")}
    net = sdk.network()
    good = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
    assert sdk.refused("RunInstances", **good, **place) == "OperationDenied.NoStock"
    body = sdk.do("DescribeAvailableResource", destination_resource="InstanceType", instance_type="ecs.g6.large")
    stock = {zone.zone_id: zone.status_category for zone in body.available_zones.available_zone}
    assert stock["cn-hangzhou-h"] == stock["cn-hangzhou-b"] == "WithoutStock"
    assert stock["cn-hangzhou-g"] == "WithStock"


def test_a_dry_run_checks_all_and_makes_nothing(sdk: Any, cloud: Any) -> None:
    net = sdk.network()
    good = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large", "dry_run": True}
    place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
    assert sdk.refused("RunInstances", **good, **place) == "DryRunOperation"
    assert sdk.refused("RunInstances", **{**good, "image_id": "none"}, **place) == "InvalidImageId.NotFound"
    assert not [line for line in cloud.inventory() if line.startswith("instance")]


def test_only_a_stopped_instance_is_deleted_without_force(sdk: Any) -> None:
    made = sdk.run()
    assert sdk.refused("DeleteInstance", instance_id=made) == "IncorrectInstanceStatus"
    assert sdk.refused("DeleteInstances", instance_id=[made]) == "IncorrectInstanceStatus"
    sdk.do("StopInstance", instance_id=made)
    sdk.do("DeleteInstance", instance_id=made)
    assert sdk.instance(made) is None
    assert sdk.refused("DeleteInstance", instance_id=made) == "InvalidInstanceId.NotFound"
    many = [sdk.run(), sdk.run()]
    sdk.do("DeleteInstances", instance_id=many, force=True)
    assert [sdk.instance(identity) for identity in many] == [None, None]


def test_an_instance_that_is_being_released_is_still_in_the_way(start: Any, connect: Any) -> None:
    cloud = start(latencies={"release": 6})
    sdk = connect(cloud)
    net = sdk.network()
    made = sdk.run(net)
    sdk.do("DeleteInstance", instance_id=made, force=True)
    assert sdk.refused("DeleteSecurityGroup", security_group_id=net.group) == "DependencyViolation"
    cloud.clock.advance(6)
    sdk.do("DeleteSecurityGroup", security_group_id=net.group)


def test_data_disks_stay_unless_they_are_to_go_with_the_instance(sdk: Any, models: Any) -> None:
    disk = models.RunInstancesRequestDataDisk
    made = sdk.run(
        data_disk=[
            disk(size=20, delete_with_instance=False, disk_name="stays"),
            disk(size=40, delete_with_instance=True),
        ],
        system_disk=models.RunInstancesRequestSystemDisk(size="60", category="cloud_essd"),
    )
    assert sorted((item.type, item.size, item.delete_with_instance) for item in sdk.disks(made)) == [
        ("data", 20, False),
        ("data", 40, True),
        ("system", 60, True),
    ]
    sdk.do("DeleteInstance", instance_id=made, force=True)
    (left,) = sdk.do("DescribeDisks").disks.disk
    assert (left.disk_name, left.status, left.instance_id) == ("stays", "Available", "")
    sdk.do("DeleteDisk", disk_id=left.disk_id)
    assert sdk.refused("DeleteDisk", disk_id=left.disk_id) == "InvalidDiskId.NotFound"


def test_a_disk_in_use_is_not_deleted(sdk: Any) -> None:
    (disk,) = sdk.disks(sdk.run())
    assert sdk.refused("DeleteDisk", disk_id=disk.disk_id) == "IncorrectDiskStatus"


def test_the_cloud_releases_an_instance_when_its_time_has_come(sdk: Any, cloud: Any) -> None:
    made = sdk.run(auto_release_time=_in(cloud, minutes=45))
    eip = sdk.do("AllocateEipAddress").allocation_id
    sdk.do("AssociateEipAddress", allocation_id=eip, instance_id=made)
    cloud.clock.advance(43 * 60)
    assert sdk.instance(made).status == "Running"
    cloud.clock.advance(2 * 60)
    assert sdk.instance(made) is None
    assert (sdk.eip(eip).status, sdk.eip(eip).instance_id) == ("Available", "")


def test_the_release_time_is_moved_and_cancelled(sdk: Any, cloud: Any) -> None:
    moved = sdk.run(auto_release_time=_in(cloud, minutes=40))
    kept = sdk.run(auto_release_time=_in(cloud, minutes=40))
    sdk.do("ModifyInstanceAutoReleaseTime", instance_id=moved, auto_release_time=_in(cloud, minutes=90))
    sdk.do("ModifyInstanceAutoReleaseTime", instance_id=kept)
    cloud.clock.advance(60 * 60)
    assert sdk.instance(moved) is not None
    cloud.clock.advance(60 * 60)
    assert sdk.instance(moved) is None
    assert sdk.instance(kept).auto_release_time == ""


@pytest.mark.parametrize("ahead", [{"minutes": 29}, {"days": 1200}])
def test_the_release_time_lies_between_half_an_hour_and_three_years_ahead(
    sdk: Any, cloud: Any, ahead: dict[str, int]
) -> None:
    made = sdk.run()
    code = sdk.refused("ModifyInstanceAutoReleaseTime", instance_id=made, auto_release_time=_in(cloud, **ahead))
    assert code == "InvalidAutoReleaseTime.Malformed"


def test_the_console_of_an_instance_without_a_machine_is_empty(sdk: Any) -> None:
    assert sdk.do("GetInstanceConsoleOutput", instance_id=sdk.run()).console_output == ""
    assert sdk.refused("GetInstanceConsoleOutput", instance_id="i-none") == "InvalidInstanceId.NotFound"


def test_the_quota_of_instances_ends_with_a_refusal(sdk: Any, cloud: Any) -> None:
    cloud.quotas["instance"] = 1
    net = sdk.network()
    sdk.run(net)
    good = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    place = {"v_switch_id": net.vswitch, "security_group_id": net.group}
    assert sdk.refused("RunInstances", **good, **place) == "QuotaExceed.AfterpayInstance"
