"""Volumes on servers: attached and taken off by jobs, refused where they don't fit."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import Conflict, NotFound
from imagesmith_huaweicloud.sdk import ecs, evs
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start

VOLUME = "55555555-5555-4555-8555-555555555555"
ELSEWHERE = "66666666-6666-4666-8666-666666666666"


@pytest.fixture
def volumes(cloud: SimulatedHuaweicloud) -> None:
    """A volume in the zone of the servers, and one in another."""
    adopt(cloud)


def adopt(cloud: SimulatedHuaweicloud) -> None:
    for zone, identity in (("cn-north-4a", VOLUME), ("cn-north-4b", ELSEWHERE)):
        cloud.adopt({"region": "cn-north-4", "availability_zone": zone, "data_disks": [{"volume_id": identity}]})


def attach(server: str, volume: str = VOLUME, dry_run: bool | None = None) -> Any:
    option = ecs.AttachServerVolumeOption(volume_id=volume)
    body = ecs.AttachServerVolumeRequestBody(volume_attachment=option, dry_run=dry_run)
    return ecs.AttachServerVolumeRequest(server_id=server, body=body)


def detach(server: str, volume: str = VOLUME) -> Any:
    return ecs.DetachServerVolumeRequest(server_id=server, volume_id=volume)


def status(sdk: Sdk) -> str:
    return str(sdk.do(evs.ShowVolumeRequest(volume_id=VOLUME))["volume"]["status"])


def test_a_volume_is_attached_and_taken_off_by_jobs(start: Start) -> None:
    cloud = start(latencies={"attach": 10.0})
    adopt(cloud)
    sdk = Sdk(cloud)
    server = sdk.server()
    answer = sdk.do(attach(server))
    assert (sdk.job(answer)["job_type"], status(sdk)) == ("attachVolume", "attaching")
    assert isinstance(sdk.refused(attach(server)), Conflict)
    cloud.clock.advance(10)
    assert (sdk.job(answer)["status"], status(sdk)) == ("SUCCESS", "in-use")
    assert [(disk["device"], disk["volumeId"]) for disk in sdk.disks(server)[1:]] == [("/dev/vdb", VOLUME)]
    answer = sdk.do(detach(server))
    assert status(sdk) == "detaching"
    assert sdk.refused(detach(server)).code == "Ecs.0104"
    cloud.clock.advance(10)
    assert (sdk.job(answer)["status"], status(sdk)) == ("SUCCESS", "available")
    assert isinstance(sdk.refused(detach(server)), NotFound)


@pytest.mark.usefixtures("volumes")
def test_what_is_refused(sdk: Sdk) -> None:
    server = sdk.server()
    assert sdk.refused(attach(server, ELSEWHERE)).code == "Ecs.0005"
    assert isinstance(sdk.refused(attach(server, "77777777-7777-4777-8777-777777777777")), NotFound)
    system = sdk.disks(server)[0]["volumeId"]
    assert sdk.refused(detach(server, system)).code == "Ecs.0101"
    assert sdk.do(attach(server, dry_run=True)) == {}
    assert status(sdk) == "available"


@pytest.mark.usefixtures("volumes")
def test_a_failed_job_leaves_the_volume_as_it_was(sdk: Sdk) -> None:
    server = sdk.server()
    sdk.cloud.faults.add(Fault(kind="end_state", action="AttachServerVolume"))
    assert sdk.job(sdk.do(attach(server)))["status"] == "FAIL"
    assert status(sdk) == "available"
    sdk.do(attach(server))
    sdk.cloud.faults.add(Fault(kind="end_state", action="DetachServerVolume"))
    assert sdk.job(sdk.do(detach(server)))["status"] == "FAIL"
    assert status(sdk) == "in-use"


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("with_volumes", [False, True])
def test_deleting_a_server_deletes_a_strangers_volume_only_when_told_to(sdk: Sdk, with_volumes: bool) -> None:
    server = sdk.server()
    sdk.do(attach(server))
    body = ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=server)], delete_volume=with_volumes)
    sdk.do(ecs.DeleteServersRequest(body=body))
    if with_volumes:
        assert len(sdk.cloud.lost()) == 1
    else:
        assert (status(sdk), sdk.cloud.lost()) == ("available", [])
