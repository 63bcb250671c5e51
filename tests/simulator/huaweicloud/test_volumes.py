"""EVS: disks of every source and type, attached at once, deleted; snapshots that exist."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import NotFound
from imagesmith_huaweicloud.sdk import ecs, evs
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import ZONE, Sdk
from tests.simulator.huaweicloud.conftest import Start


def create(server_id: str | None = None, token: str | None = None, **fields: Any) -> Any:
    option = evs.CreateVolumeOption(**{"availability_zone": ZONE, "volume_type": "SSD", "size": 20, **fields})
    body = evs.CreateVolumeRequestBody(volume=option, server_id=server_id)
    return evs.CreateVolumeRequest(x_client_token=token, body=body)


def made(sdk: Sdk, request: Any) -> Any:
    """The disk that a call makes, when its job is done."""
    job = sdk.do(evs.ShowJobRequest(job_id=sdk.do(request)["job_id"]))
    assert job["status"] == "SUCCESS", job
    return sdk.do(evs.ShowVolumeRequest(volume_id=job["entities"]["volume_id"]))["volume"]


def listed(sdk: Sdk, **query: Any) -> list[Any]:
    return list(sdk.do(evs.ListVolumesRequest(**query))["volumes"])


def test_a_new_disk_has_what_was_asked_for(sdk: Sdk) -> None:
    volume = made(
        sdk,
        create(
            name="data",
            description="of a test",
            volume_type="GPSSD2",
            size=100,
            iops=5000,
            throughput=200,
            tags={"team": "os"},
            enterprise_project_id="eps-1",
            metadata={"__system__encrypted": "1", "__system__cmkid": "a-key"},
        ),
    )
    assert (volume["name"], volume["description"], volume["size"]) == ("data", "of a test", 100)
    assert (volume["volume_type"], volume["iops"], volume["throughput"]) == (
        "GPSSD2",
        {"total_val": 5000},
        {"total_val": 200},
    )
    assert (volume["encrypted"], volume["metadata"]["__system__cmkid"]) == (True, "a-key")
    assert (volume["tags"], volume["enterprise_project_id"]) == ({"team": "os"}, "eps-1")
    assert (volume["status"], volume["bootable"], volume["attachments"]) == ("available", "false", [])
    assert sdk.do(evs.ListVolumeTagsRequest())["tags"] == {"team": ["os"]}


def test_a_disk_for_a_server_is_attached_when_the_job_is_done(start: Start) -> None:
    cloud = start(latencies={"volume": 5.0, "attach": 5.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    job = evs.ShowJobRequest(job_id=sdk.do(create(server, name="data"))["job_id"])
    assert listed(sdk, name="data")[0]["status"] == "creating"
    assert sdk.do(job)["status"] in ("INIT", "RUNNING")
    cloud.clock.advance(11)
    assert sdk.do(job)["status"] == "SUCCESS"
    volume = listed(sdk, name="data", server_id=server)[0]
    assert (volume["status"], volume["attachments"][0]["server_id"]) == ("in-use", server)
    assert volume["attachments"][0]["device"] == "/dev/vdb"
    assert sdk.disks(server)[1]["volumeId"] == volume["id"]


def test_a_client_token_makes_one_disk(sdk: Sdk) -> None:
    first, second = (sdk.do(create(name="once", token="a-token")) for _ in range(2))
    assert first == second
    assert len(listed(sdk, name="once")) == 1


def test_the_id_is_told_where_the_metadata_ask_for_it(sdk: Sdk) -> None:
    answer = sdk.do(create(name="known", metadata={"create_for_volume_id": "true"}))
    assert answer["volume_ids"] == [listed(sdk, name="known")[0]["id"]]
    assert "volume_ids" not in sdk.do(create(name="unknown"))


def test_a_disk_of_a_snapshot(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.adopt({"project_id": sdk.project_id, "region": "cn-north-4", "availability_zone": ZONE,
                 "data_disks": [{"snapshot_id": "7cbd7a12-0000-4000-8000-000000000001"}]})  # fmt: skip
    snapshot = sdk.do(evs.ListSnapshotsRequest(id="7cbd7a12-0000-4000-8000-000000000001"))["snapshots"][0]
    assert snapshot["status"] == "available"
    volume = made(sdk, create(snapshot_id=snapshot["id"], size=snapshot["size"] + 10))
    assert volume["snapshot_id"] == snapshot["id"]
    assert sdk.refused(create(snapshot_id=snapshot["id"], size=snapshot["size"] - 1)).code == "EVS.1010"
    assert sdk.refused(create(snapshot_id="none")).code == "EVS.5404"
    other = sdk.do(evs.ListSnapshotsRequest(id=snapshot["id"], availability_zone="cn-north-4g"))
    assert (other["count"], other["snapshots"]) == (0, [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"size": 5}, "EVS.1010"),
        ({"size": 40000}, "EVS.1010"),
        ({"volume_type": "FLOPPY"}, "EVS.5400"),
        ({"availability_zone": "cn-north-4z"}, "EVS.5400"),
        ({"volume_type": "GPSSD2"}, "EVS.5400"),
        ({"volume_type": "SSD", "iops": 3000}, "EVS.5400"),
        ({"volume_type": "ESSD2", "iops": 3000, "throughput": 200}, "EVS.5400"),
        ({"metadata": {"__system__encrypted": "1"}}, "EVS.5400"),
        ({"image_ref": "nothing"}, "IMG.0027"),
        ({"server_id": "nobody"}, "EVS.5404"),
        ({"name": "n" * 65}, "EVS.1003"),
        ({"multiattach": True}, "APIGW.0106"),
    ],
)
def test_disks_that_nobody_sells_are_refused(sdk: Sdk, fields: dict[str, Any], code: str) -> None:
    assert sdk.refused(create(**fields)).code == code
    assert listed(sdk) == []


def test_a_server_in_another_zone_is_refused(sdk: Sdk) -> None:
    server = sdk.server()
    assert "zone" in str(sdk.refused(create(server, availability_zone="cn-north-4b")))


def test_the_quota(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.quotas["volume"] = 1
    made(sdk, create())
    assert sdk.refused(create()).status == 413


def test_a_job_that_fails_leaves_a_disk_in_error(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    server = sdk.server()
    cloud.faults.add(Fault(action="CreateVolume", kind="end_state"))
    job = sdk.do(evs.ShowJobRequest(job_id=sdk.do(create(server, name="data"))["job_id"]))
    assert (job["status"], job["error_code"]) == ("FAIL", "EVS.2024")
    assert job["fail_reason"] == "EbsCreateVolumeTask-fail:volume is error!"
    volume = listed(sdk, name="data")[0]
    assert (volume["id"], volume["status"], volume["attachments"]) == (job["entities"]["volume_id"], "error", [])
    sdk.do(evs.DeleteVolumeRequest(volume_id=volume["id"]))
    assert listed(sdk, name="data") == []


def test_only_what_is_attached_to_nothing_is_deleted(sdk: Sdk) -> None:
    server = sdk.server()
    volume = made(sdk, create(server))
    refusal = sdk.refused(evs.DeleteVolumeRequest(volume_id=volume["id"]))
    assert (refusal.status, "in-use" in str(refusal)) == (400, True)
    sdk.do(ecs.DetachServerVolumeRequest(server_id=server, volume_id=volume["id"]))
    sdk.do(evs.DeleteVolumeRequest(volume_id=volume["id"]))
    assert isinstance(sdk.refused(evs.ShowVolumeRequest(volume_id=volume["id"])), NotFound)


def test_lists_are_filtered_sorted_and_paged(sdk: Sdk) -> None:
    for number in (3, 1, 2):
        made(sdk, create(name=f"disk-{number}", size=10 * number + 10))
    by_name = [volume["name"] for volume in listed(sdk, sort_key="name", sort_dir="asc")]
    assert by_name == ["disk-1", "disk-2", "disk-3"]
    assert [volume["name"] for volume in listed(sdk, sort_key="name", sort_dir="asc", offset=1, limit=1)] == ["disk-2"]
    first = listed(sdk, name="disk-1")[0]
    assert [volume["id"] for volume in listed(sdk, ids=f"['{first['id']}']")] == [first["id"]]
    assert listed(sdk, status="in-use") == []
    assert len(listed(sdk, availability_zone=ZONE)) == 3
    encrypted = made(sdk, create(metadata={"__system__encrypted": "1", "__system__cmkid": "k"}))
    found = listed(sdk, metadata='{"__system__encrypted":"1"}')
    assert [volume["id"] for volume in found] == [encrypted["id"]]
