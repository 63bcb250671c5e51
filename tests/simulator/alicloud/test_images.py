"""Snapshots and images: their states, what they hold, copies, sharing, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith_simulator.faults import Fault

SOURCE = "aliyun_3_9_x64_20G_alibase_20231219.vhd"


def _stopped(sdk: Any, **fields: Any) -> str:
    made = sdk.run(**fields)
    sdk.do("StopInstance", instance_id=made)
    return str(made)


def test_a_snapshot_progresses_until_it_is_accomplished(start: Any, connect: Any) -> None:
    cloud = start(latencies={"snapshot": 30})
    sdk = connect(cloud)
    (disk,) = sdk.disks(_stopped(sdk))
    made = sdk.do("CreateSnapshot", disk_id=disk.disk_id, snapshot_name="before").snapshot_id
    assert (sdk.snapshot(made).status, sdk.snapshot(made).progress) == ("progressing", "0%")
    assert sdk.refused("CreateSnapshot", disk_id=disk.disk_id) == "CreatingSnapshot"
    assert sdk.refused("CreateImage", snapshot_id=made, image_name="early") == "InvalidSnapshotId.NotReady"
    cloud.clock.advance(15)
    assert sdk.snapshot(made).progress == "50%"
    assert 14 <= sdk.snapshot(made).remain_time <= 15
    cloud.clock.advance(15)
    assert (sdk.snapshot(made).status, sdk.snapshot(made).progress) == ("accomplished", "100%")
    assert (sdk.snapshot(made).source_disk_id, sdk.snapshot(made).source_disk_type) == (disk.disk_id, "system")


def test_a_snapshot_can_be_deleted_while_it_is_being_made(start: Any, connect: Any) -> None:
    cloud = start(latencies={"snapshot": 30})
    sdk = connect(cloud)
    (disk,) = sdk.disks(_stopped(sdk))
    made = sdk.do("CreateSnapshot", disk_id=disk.disk_id).snapshot_id
    sdk.do("DeleteSnapshot", snapshot_id=made)
    cloud.clock.advance(30)
    assert sdk.snapshot(made) is None
    assert sdk.refused("DeleteSnapshot", snapshot_id=made) == "InvalidSnapshotId.NotFound"


def test_an_image_of_an_instance_takes_the_time_of_its_snapshots_and_its_own(
    start: Any, connect: Any, models: Any
) -> None:
    cloud = start(latencies={"snapshot": 30, "image": 10})
    sdk = connect(cloud)
    disks = [models.RunInstancesRequestDataDisk(size=40, delete_with_instance=True)]
    instance = _stopped(sdk, data_disk=disks)
    made = sdk.do(
        "CreateImage",
        instance_id=instance,
        image_name="web",
        image_family="web-servers",
        image_version="7",
        description="d",
        resource_group_id="rg-2",
        boot_mode="UEFI",
        tag=[models.CreateImageRequestTag(key="app", value="web")],
    ).image_id
    assert sdk.do("DescribeImages", image_id=made).images.image == []
    image = sdk.image(made)
    assert (image.status, image.image_name, image.image_family, image.image_version) == (
        "Creating",
        "web",
        "web-servers",
        "7",
    )
    assert (image.description, image.resource_group_id, image.boot_mode, image.size) == ("d", "rg-2", "UEFI", 20)
    assert [(tag.tag_key, tag.tag_value) for tag in image.tags.tag] == [("app", "web")]
    parts = image.disk_device_mappings.disk_device_mapping
    assert [(part.type, part.size) for part in parts] == [("system", "20"), ("data", "40")]
    cloud.clock.advance(20)
    assert sdk.image(made).progress == "50%"
    assert sdk.refused("DeleteImage", image_id=made) == "ImageIsCreating"
    cloud.clock.advance(10)
    assert [sdk.snapshot(part.snapshot_id).status for part in parts] == ["accomplished"] * 2
    assert sdk.image(made).status == "Creating"
    cloud.clock.advance(10)
    assert sdk.image(made).status == "Available"
    assert sdk.do("DescribeImageFromFamily", image_family="web-servers").image.image_id == made


def test_an_image_of_a_snapshot_holds_that_disk_only(sdk: Any, models: Any) -> None:
    instance = _stopped(sdk, data_disk=[models.RunInstancesRequestDataDisk(size=40)])
    system = next(disk for disk in sdk.disks(instance) if disk.type == "system")
    data = next(disk for disk in sdk.disks(instance) if disk.type == "data")
    snapshot = sdk.do("CreateSnapshot", disk_id=system.disk_id).snapshot_id
    made = sdk.do("CreateImage", snapshot_id=snapshot, image_name="system-only").image_id
    parts = sdk.image(made).disk_device_mappings.disk_device_mapping
    assert [(part.snapshot_id, part.type) for part in parts] == [(snapshot, "system")]
    other = sdk.do("CreateSnapshot", disk_id=data.disk_id).snapshot_id
    assert sdk.refused("CreateImage", snapshot_id=other, image_name="wrong") == "InvalidSnapshotId.DataDisk"


def test_images_go_before_their_snapshots_and_snapshots_stay(sdk: Any, cloud: Any) -> None:
    instance = _stopped(sdk)
    made = sdk.do("CreateImage", instance_id=instance, image_name="web").image_id
    (part,) = sdk.image(made).disk_device_mappings.disk_device_mapping
    assert sdk.refused("DeleteSnapshot", snapshot_id=part.snapshot_id, force=True) == "SnapshotCreatedImage"
    sdk.do("DeleteImage", image_id=made)
    assert sdk.image(made) is None
    assert [line for line in cloud.leftovers() if line.startswith("snapshot")]
    sdk.do("DeleteSnapshot", snapshot_id=part.snapshot_id)
    assert sdk.refused("DeleteImage", image_id=made) == "InvalidImageId.NotFound"


def test_an_image_in_use_is_deleted_by_force_only(sdk: Any) -> None:
    net = sdk.network()
    made = sdk.do("CreateImage", instance_id=sdk.run(net), image_name="web").image_id
    sdk.run(net, image_id=made)
    assert sdk.refused("DeleteImage", image_id=made) == "ImageUsingByInstance"
    sdk.do("DeleteImage", image_id=made, force=True)


def test_public_images_belong_to_nobody(sdk: Any) -> None:
    assert sdk.refused("DeleteImage", image_id=SOURCE) == "InvalidImageId.NotFound"
    assert sdk.image(SOURCE).image_owner_alias == "system"
    assert sdk.do("DescribeImages", image_id=SOURCE, image_owner_alias="self").images.image == []
    assert sdk.do("DescribeImages", image_id=SOURCE, image_owner_alias="marketplace").images.image == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image_name": "taken"}, "InvalidImageName.Duplicated"),
        ({"image_name": "http://x"}, "InvalidImageName.Malformed"),
        ({"instance_id": "i-none"}, "InvalidInstanceId.NotFound"),
        ({"instance_id": ""}, "MissingParameter"),
        ({"instance_id": "", "snapshot_id": "s-none"}, "InvalidSnapshotId.NotFound"),
        ({"boot_mode": "CSM"}, "InvalidParameter.BootMode"),
    ],
)
def test_what_create_image_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    instance = sdk.run()
    sdk.do("CreateImage", instance_id=instance, image_name="taken")
    assert sdk.refused("CreateImage", **{"instance_id": instance, "image_name": "new", **fields}) == code


def test_no_image_of_an_instance_that_is_starting(start: Any, connect: Any) -> None:
    cloud = start(latencies={"instance": 8})
    sdk = connect(cloud)
    made = sdk.run()
    cloud.clock.advance(4)
    assert sdk.refused("CreateImage", instance_id=made, image_name="x") == "IncorrectInstanceStatus"
    (disk,) = sdk.disks(made)
    assert sdk.refused("CreateSnapshot", disk_id=disk.disk_id) == "IncorrectInstanceStatus"


def test_a_name_is_searched_for_and_a_status_is_asked_for(sdk: Any) -> None:
    instance = _stopped(sdk)
    made = sdk.do("CreateImage", instance_id=instance, image_name="web_2024").image_id

    def found(**fields: Any) -> list[str]:
        return [image.image_id for image in sdk.do("DescribeImages", **fields).images.image]

    assert found(image_name="web") == [made]
    assert found(image_name="web_2024", status="Creating,CreateFailed") == []
    assert found(image_name="web_2024", status="Waiting,Creating,CreateFailed,Available") == [made]
    assert sdk.refused("DescribeImages", status="Ready") == "InvalidParameter.Status"
    assert SOURCE in found(image_owner_alias="system", page_size=100)


def test_a_copy_is_an_image_with_snapshots_of_its_own(start: Any, connect: Any, models: Any) -> None:
    cloud = start(latencies={"copy": 20})
    sdk = connect(cloud)
    source = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    tags = [models.CopyImageRequestTag(key="app", value="web")]
    fields = {"destination_image_name": "web-copy", "destination_description": "copied", "tag": tags}
    made = sdk.do("CopyImage", image_id=source, destination_region_id="cn-beijing", **fields).image_id
    there = {"region_id": "cn-beijing"}
    copy = sdk.image(made, **there)
    assert (copy.status, copy.image_name, copy.description, copy.is_copied) == (
        "Creating",
        "web-copy",
        "copied",
        True,
    )
    assert [tag.tag_key for tag in copy.tags.tag] == ["app"]
    assert sdk.image(made) is None
    cloud.clock.advance(20)
    assert sdk.image(made, **there).status == "Available"
    parts = copy.disk_device_mappings.disk_device_mapping
    assert parts[0].snapshot_id != sdk.image(source).disk_device_mappings.disk_device_mapping[0].snapshot_id
    assert sdk.refused("CancelCopyImage", image_id=made, **there) == "IncorrectImageStatus"


def test_a_copy_that_is_being_made_can_be_cancelled(start: Any, connect: Any) -> None:
    cloud = start(latencies={"copy": 20})
    sdk = connect(cloud)
    source = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    made = sdk.do("CopyImage", image_id=source, destination_region_id="cn-beijing").image_id
    before = len(cloud.inventory())
    sdk.do("CancelCopyImage", image_id=made, region_id="cn-beijing")
    assert len(cloud.inventory()) == before - 2
    cloud.clock.advance(20)
    assert sdk.image(made, region_id="cn-beijing") is None


def test_neither_a_copy_that_is_being_made_nor_its_source_is_deleted(start: Any, connect: Any) -> None:
    cloud = start(latencies={"copy": 20})
    sdk = connect(cloud)
    source = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    made = sdk.do("CopyImage", image_id=source, destination_region_id="cn-beijing").image_id
    assert sdk.refused("DeleteImage", image_id=source) == "OperationDenied.ImageCopying"
    assert sdk.refused("DeleteImage", image_id=made, region_id="cn-beijing") == "OperationDenied.ImageCopying"
    cloud.clock.advance(20)
    sdk.do("DeleteImage", image_id=source)
    sdk.do("DeleteImage", image_id=made, region_id="cn-beijing")


def test_a_shared_image_is_not_deleted(sdk: Any) -> None:
    made = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    sdk.do("ModifyImageSharePermission", image_id=made, add_account=["1"])
    assert sdk.refused("DeleteImage", image_id=made, force=True) == "ImageUseShared"
    sdk.do("ModifyImageSharePermission", image_id=made, remove_account=["1"])
    sdk.do("DeleteImage", image_id=made)


def test_a_snapshot_that_a_disk_was_made_of_is_deleted_by_force_only(sdk: Any, models: Any) -> None:
    net = sdk.network()
    (disk,) = sdk.disks(sdk.run(net))
    snapshot = sdk.do("CreateSnapshot", disk_id=disk.disk_id).snapshot_id
    sdk.run(net, data_disk=[models.RunInstancesRequestDataDisk(snapshot_id=snapshot)])
    assert sdk.refused("DeleteSnapshot", snapshot_id=snapshot) == "SnapshotCreatedDisk"
    sdk.do("DeleteSnapshot", snapshot_id=snapshot, force=True)


def test_an_encrypted_copy_cannot_be_shared(sdk: Any) -> None:
    source = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    made = sdk.do("CopyImage", image_id=source, destination_image_name="web-e", encrypted=True).image_id
    assert sdk.image(made).disk_device_mappings.disk_device_mapping[0].encrypted is True
    code = sdk.refused("ModifyImageSharePermission", image_id=made, add_account=["1"])
    assert code == "InvalidOperation.EncryptedImage"


def test_of_the_accounts_to_share_with_only_ten_are_heard(sdk: Any) -> None:
    made = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    sdk.do("ModifyImageSharePermission", image_id=made, add_account=[f"1{n:02}" for n in range(12)])
    shared = sdk.do("DescribeImageSharePermission", image_id=made, page_size=50)
    assert shared.total_count == 10
    sdk.do("ModifyImageSharePermission", image_id=made, remove_account=["100"])
    accounts = sdk.do("DescribeImageSharePermission", image_id=made, page_size=50).accounts.account
    assert [account.aliyun_id for account in accounts] == [f"1{n:02}" for n in range(1, 10)]


def test_what_is_known_about_an_image_can_be_changed(sdk: Any) -> None:
    made = sdk.do("CreateImage", instance_id=_stopped(sdk), image_name="web").image_id
    sdk.do("ModifyImageAttribute", image_id=made, image_name="web-2", description="new", status="Deprecated")
    image = sdk.image(made)
    assert (image.image_name, image.description, image.status) == ("web-2", "new", "Deprecated")
    assert sdk.refused("RunInstances", image_id=made, instance_type="ecs.g6.large") == "IncorrectImageStatus"


@pytest.mark.parametrize(("action", "status"), [("CreateImage", "CreateFailed"), ("CreateSnapshot", "failed")])
def test_a_fault_lets_what_is_being_made_end_in_the_failed_state(
    start: Any, connect: Any, action: str, status: str
) -> None:
    cloud = start(latencies={"snapshot": 5, "image": 5})
    sdk = connect(cloud)
    instance = _stopped(sdk)
    cloud.faults.add(Fault(kind="end_state", action=action))
    if action == "CreateImage":
        made = sdk.do(action, instance_id=instance, image_name="web").image_id
        show = sdk.image
    else:
        made = sdk.do(action, disk_id=sdk.disks(instance)[0].disk_id).snapshot_id
        show = sdk.snapshot
    assert show(made).status in ("Creating", "progressing")
    cloud.clock.advance(10)
    assert show(made).status == status
    assert [line for line in cloud.leftovers() if status in line]
