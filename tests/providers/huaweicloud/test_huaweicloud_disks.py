"""Data disks of every kind: the user's own are attached and given back, ours go or stay as the template says."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from imagesmith.errors import Conflict, NotFound, UsageError
from imagesmith_huaweicloud import DataDisk, HuaweicloudEcs
from imagesmith_simulator.faults import Fault
from tests.effects import shows

VOLUME, OTHER_VOLUME, SNAPSHOT, IMAGE = (str(uuid.UUID(int=number)) for number in range(31, 35))


def volumes(driver: Any) -> dict[str, Any]:
    return dict(driver.simulated._store.volumes)


def devices(driver: Any, **values: Any) -> dict[str, Any]:
    """The instance's data disks by device while it runs."""
    seen: dict[str, Any] = {}

    def look(*_: Any) -> None:
        seen.update({v.device: v for v in volumes(driver).values() if v.server_id and v.kind == "data"})

    driver.build(on_running=look, **values)
    return seen


@shows(
    DataDisk,
    "volume_size",
    "volume_type",
    "iops",
    "throughput",
    "kms_key_id",
    "data_image_id",
    "volume_id",
    "snapshot_id",
)
@shows(HuaweicloudEcs, "data_disks")
def test_each_kind_of_disk_has_its_place(driver: Any) -> None:
    key = str(uuid.uuid4())
    disks = [
        DataDisk(volume_size=30, volume_type="GPSSD2", iops=4000, throughput=150, kms_key_id=key),
        DataDisk(data_image_id=IMAGE),
        DataDisk(volume_id=VOLUME),
        DataDisk(snapshot_id=SNAPSHOT, volume_type="SAS", kms_key_id=key),
        DataDisk(volume_size=40),
    ]
    found = devices(driver, data_disks=disks, enterprise_project_id="ep-1")
    assert sorted(found) == ["/dev/vdb", "/dev/vdc", "/dev/vdd", "/dev/vde", "/dev/vdf"]
    first, image, own, snapshot, last = (found[device] for device in sorted(found))
    assert (first.size, first.volume_type, first.iops, first.throughput) == (30, "GPSSD2", 4000, 150)
    assert (first.encrypted, first.kms_key_id) == (True, key)
    assert image.image_id == IMAGE
    assert own.id == VOLUME
    assert (snapshot.snapshot_id, snapshot.volume_type, snapshot.kms_key_id) == (SNAPSHOT, "SAS", key)
    assert (last.size, last.enterprise_project_id) == (40, "ep-1")
    assert driver.simulated.leftovers() == []
    assert driver.simulated.lost() == []
    assert volumes(driver)[VOLUME].status == "available"


def test_the_user_s_volume_decides_the_zone(driver: Any) -> None:
    driver.options(data_disks=[DataDisk(volume_id=VOLUME)])
    volumes(driver)[VOLUME].availability_zone = "cn-north-4g"
    assert driver.build(data_disks=[DataDisk(volume_id=VOLUME)]).machine.zone == "cn-north-4g"


def test_a_volume_in_another_zone_is_refused_before_anything_is_made(driver: Any) -> None:
    disks = [DataDisk(volume_id=VOLUME)]
    driver.options(data_disks=disks)
    volumes(driver)[VOLUME].availability_zone = "cn-north-4g"
    with pytest.raises(UsageError, match=f"volume {VOLUME} is in the zone cn-north-4g"):
        driver.build(data_disks=disks, availability_zone="cn-north-4a")
    assert driver.simulated.leftovers() == []
    assert "CreateVpc" not in driver.actions()


def test_volumes_in_two_zones_are_refused(driver: Any) -> None:
    disks = [DataDisk(volume_id=VOLUME), DataDisk(volume_id=OTHER_VOLUME)]
    driver.options(data_disks=disks)
    volumes(driver)[VOLUME].availability_zone = "cn-north-4g"
    with pytest.raises(UsageError, match="data_disks are in different zones"):
        driver.build(data_disks=disks)


def test_a_volume_in_use_is_refused_before_anything_is_made(driver: Any) -> None:
    disks = [DataDisk(volume_id=VOLUME)]
    driver.options(data_disks=disks)
    volumes(driver)[VOLUME].status = "in-use"
    with pytest.raises(Conflict, match=r"data_disks\[0\]: the volume .* is in-use instead of available"):
        driver.build(data_disks=disks)
    assert "CreateVpc" not in driver.actions()


@pytest.mark.parametrize(
    ("disk", "told"),
    [
        (DataDisk(volume_id="vol-1"), 'there is no volume "vol-1"'),
        (DataDisk(snapshot_id="snap-1"), 'there is no snapshot "snap-1"'),
        (DataDisk(data_image_id="img-1"), 'there is no image "img-1"'),
    ],
)
def test_what_a_disk_names_must_exist(driver: Any, disk: DataDisk, told: str) -> None:
    with pytest.raises(NotFound, match=told):
        driver.build(data_disks=[disk])
    assert driver.simulated.leftovers() == []


@shows(DataDisk, "delete_on_termination")
def test_disks_that_stay_are_left_and_told(driver: Any) -> None:
    disks = [DataDisk(volume_size=30, delete_on_termination=False), DataDisk(volume_size=20),
             DataDisk(snapshot_id=SNAPSHOT, delete_on_termination=False)]  # fmt: skip
    built = driver.build(data_disks=disks)
    left = [volume for volume in volumes(driver).values() if not volume.found]
    assert sorted((volume.size, volume.status) for volume in left) == [(20, "available"), (30, "available")]
    kept = {event.id for event in driver.events if type(event).__name__ == "ResourceKept" and event.kind == "volume"}
    assert kept == {volume.id for volume in left}
    assert built.run.leftovers == []
    assert all(volume.id in driver.said() for volume in left)


def test_disks_that_stay_do_not_stay_of_an_instance_that_could_not_be_made(driver: Any) -> None:
    driver.simulated.world.hidden_sold_out |= {("cn-north-4a", ""), ("cn-north-4b", ""), ("cn-north-4c", "")}
    driver.build(data_disks=[DataDisk(volume_size=30, delete_on_termination=False)])
    left = [volume for volume in volumes(driver).values() if not volume.found]
    assert [volume.availability_zone for volume in left] == ["cn-north-4g"]


@pytest.mark.parametrize("kind", ["refuse", "end_state"])
def test_a_volume_that_can_t_be_taken_off_is_never_deleted(driver: Any, kind: Any) -> None:
    """Not even where the cloud would delete it with the instance."""
    driver.options(data_disks=[DataDisk(volume_id=VOLUME)])
    driver.simulated.faults.add(Fault(kind=kind, action="DetachServerVolume", code="Ecs.0104", status=400, times=999))
    built = driver.build(data_disks=[DataDisk(volume_size=20), DataDisk(volume_id=VOLUME)])
    assert volumes(driver)[VOLUME].found
    assert driver.simulated.leftovers() == []
    assert {sent["delete_volume"] for sent in driver.sent("DeleteServers")} == {"false"}
    assert built.image is not None


def test_the_user_s_volume_is_taken_off_before_the_instance_goes(driver: Any) -> None:
    driver.build(data_disks=[DataDisk(volume_id=VOLUME)])
    actions = driver.actions()
    assert actions.index("DetachServerVolume") < actions.index("DeleteServers")


def test_a_disk_that_fails_to_be_made_is_deleted(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateVolume"))
    with pytest.raises(Exception, match=r"data disk .* has failed"):
        driver.build(data_disks=[DataDisk(snapshot_id=SNAPSHOT)])
    assert driver.simulated.leftovers() == []
    assert driver.simulated.lost() == []
