"""What is in images: the disk as it was at the moment of the call, shared with backups, deleted by the last."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from imagesmith_huaweicloud.sdk import cbr, ecs, ims
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.alicloud.test_machines import NotedKind, NotedMachine
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start

VAULT = "8a3c2f10-0000-4000-8000-000000000001"


class Place:
    """A cloud with machines whose disks hold words."""

    def __init__(self, start: Start, **options: Any) -> None:
        self.kind = NotedKind()
        self.cloud: SimulatedHuaweicloud = start(machines=self.kind, **options)
        self.sdk = Sdk(self.cloud)

    def server(self, **fields: Any) -> tuple[str, NotedMachine]:
        identity = self.sdk.server(**fields)
        show = ecs.ShowServerRequest(server_id=identity)
        _until(lambda: self.sdk.do(show)["server"]["status"] == "ACTIVE")
        return identity, self.kind.machines[identity]

    def ended(self, answer: Mapping[str, Any]) -> Any:
        _until(lambda: self.sdk.job(answer)["status"] in ("SUCCESS", "FAIL"))
        return self.sdk.job(answer)

    def image(self, server: str, name: str) -> str:
        body = ims.CreateImageRequestBody(name=name, instance_id=server)
        return str(self.ended(self.sdk.do(ims.CreateImageRequest(body=body)))["entities"]["image_id"])


def _until(probe: Any) -> None:
    for _ in range(500):
        if probe():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not come in time")


@pytest.fixture
def place(start: Start) -> Place:
    return Place(start)


def test_the_next_server_starts_from_what_the_image_holds(place: Place) -> None:
    first, machine = place.server()
    machine.disk.add("installed")
    golden = place.image(first, "golden")
    machine.disk.add("later")
    second, copy = place.server(image_ref=golden)
    assert copy.disk == {"installed"}
    copy.disk.add("more")
    _, last = place.server(image_ref=place.image(second, "better"))
    assert last.disk == {"installed", "more"}


def test_the_content_goes_with_the_image(place: Place) -> None:
    server, machine = place.server()
    golden = place.image(server, "golden")
    assert [disk.deleted for disk in machine.snapshots] == [False]
    place.sdk.do(ims.GlanceDeleteImageRequest(image_id=golden))
    assert [disk.deleted for disk in machine.snapshots] == [True]


def test_a_backup_keeps_the_content_of_a_whole_image(place: Place) -> None:
    place.cloud.adopt({"project_id": place.sdk.project_id, "region": "cn-north-4", "vault_id": VAULT})
    server, machine = place.server()
    machine.disk.add("installed")
    body = ims.CreateWholeImageRequestBody(name="whole", instance_id=server, vault_id=VAULT)
    whole = place.ended(place.sdk.do(ims.CreateWholeImageRequest(body=body)))["entities"]["image_id"]
    place.sdk.do(ims.GlanceDeleteImageRequest(image_id=whole))
    assert [disk.deleted for disk in machine.snapshots] == [False]
    backup = place.sdk.do(cbr.ListBackupsRequest())["backups"][0]["id"]
    body = ims.CreateWholeImageRequestBody(name="again", backup_id=backup)
    again = place.ended(place.sdk.do(ims.CreateWholeImageRequest(body=body)))["entities"]["image_id"]
    assert place.server(image_ref=again)[1].disk == {"installed"}
    with_backup = ims.GlanceDeleteImageRequestBody(delete_backup=True)
    place.sdk.do(ims.GlanceDeleteImageRequest(image_id=again, body=with_backup))
    assert [disk.deleted for disk in machine.snapshots] == [True]


def test_a_snapshot_that_fails_fails_the_job(place: Place) -> None:
    server, machine = place.server()
    machine.broken = "the disk is on fire"
    body = ims.CreateImageRequestBody(name="golden", instance_id=server)
    job = place.ended(place.sdk.do(ims.CreateImageRequest(body=body)))
    assert (job["status"], job["error_code"]) == ("FAIL", "IMG.0014")
    assert "snapshot" in job["fail_reason"]


def test_the_server_may_go_while_its_image_is_written(start: Start) -> None:
    place = Place(start, latencies={"image": 60.0})
    server, machine = place.server()
    machine.disk.add("installed")
    body = ims.CreateImageRequestBody(name="golden", instance_id=server)
    began = place.sdk.do(ims.CreateImageRequest(body=body))
    _until(lambda: machine.snapshots)
    option = ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=server)], delete_volume=True)
    place.sdk.do(ecs.DeleteServersRequest(body=option))
    place.cloud.clock.advance(61)
    golden = place.ended(began)["entities"]["image_id"]
    assert place.server(image_ref=golden)[1].disk == {"installed"}
