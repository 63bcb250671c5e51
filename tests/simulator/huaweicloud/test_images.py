"""IMS: images of servers and disks, found by every filter, changed and deleted."""

from __future__ import annotations

import pytest

from imagesmith.errors import NotFound
from imagesmith_huaweicloud.sdk import ecs, evs, ims
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import UBUNTU, ZONE, Sdk
from tests.simulator.huaweicloud.conftest import Start


def create(**fields: object) -> object:
    """A request for an image."""
    return ims.CreateImageRequest(body=ims.CreateImageRequestBody(**fields))


def test_public_images_are_found_by_every_filter(sdk: Sdk) -> None:
    filters = (
        {"id": UBUNTU},
        {"name": "Ubuntu 22.04 server 64bit"},
        {"platform": "Ubuntu", "sort_key": "name", "sort_dir": "desc"},
        {"imagetype": "gold", "os_type": "Linux", "name": "Ubuntu 22.04 server 64bit", "status": "active"},
        {"owner": sdk.images(id=UBUNTU)[0]["owner"], "flavor_id": "s6.large.2", "name": "Ubuntu 22.04 server 64bit"},
        {"visibility": "public", "architecture": "x86", "min_disk": 40, "name": "Ubuntu 22.04 server 64bit"},
    )
    assert [sdk.images(**query)[0]["id"] for query in filters] == [UBUNTU] * len(filters)
    assert {image["name"] for image in sdk.images(flavor_id="kc1.large.2")} == {"openEuler 22.03 LTS 64bit with ARM"}
    assert {image["name"] for image in sdk.images(architecture="arm")} == {"openEuler 22.03 LTS 64bit with ARM"}
    assert sdk.images(name="Ubuntu") == []
    assert sdk.images(imagetype="private") == []
    assert sdk.refused(ims.ListImagesRequest(imagetype="golden")).code == "IMG.0024"
    assert sdk.images(os_type="Windows")[0]["__platform"] == "Windows"


def test_lists_come_in_pages(sdk: Sdk) -> None:
    seen, marker = [], None
    while True:
        page = sdk.do(ims.ListImagesRequest(limit=3, marker=marker, sort_key="name", sort_dir="asc"))
        seen += [image["name"] for image in page["images"]]
        marker = page.get("page_info", {}).get("next_marker")
        if not marker:
            break
    assert seen == sorted(seen)
    assert len(set(seen)) == 7


def test_an_image_of_a_stopped_server_takes_its_time_and_tells_how_far_it_is(start: Start) -> None:
    cloud = start(latencies={"image": 100.0})
    sdk = Sdk(cloud)
    server = sdk.server(stopped=True)
    tags = [ims.TagKeyValue(key="team", value="os"), ims.TagKeyValue(key="plain", value="")]
    began = sdk.do(
        create(name="golden", description="of a test", instance_id=server, image_tags=tags, min_ram=1024, max_ram=8192)
    )
    cloud.clock.advance(50)
    running = sdk.job(began)
    assert (running["status"], running["job_type"]) == ("RUNNING", "createImageByInstance")
    assert 50 <= running["entities"]["process_percent"] < 60
    assert "image_id" not in running["entities"]
    assert [image["status"] for image in sdk.images(name="golden")] == ["saving"]
    assert sdk.images(name="golden", status="active") == []
    cloud.clock.advance(51)
    done = sdk.job(began)
    assert (done["status"], done["entities"]["process_percent"]) == ("SUCCESS", 100)
    image = sdk.do(ims.GlanceShowImageRequest(image_id=done["entities"]["image_id"]))
    assert (image["name"], image["status"], image["min_disk"], image["min_ram"]) == ("golden", "active", 40, 1024)
    assert (image["max_ram"], image["__description"], image["__imagetype"]) == ("8192", "of a test", "private")
    assert (image["__platform"], image["__os_type"], image["owner"]) == ("Ubuntu", "Linux", sdk.project_id)
    assert image["tags"] == ["plain", "team.os"]
    for tag in ("team", "team.os", "team=os", "plain"):
        assert [found["id"] for found in sdk.images(tag=tag)] == [image["id"]]
    assert sdk.images(tag="team.other") == []


def test_what_is_new_is_missing_in_lists_for_a_moment(start: Start) -> None:
    cloud = start(latencies={"lists": 5.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    identity = sdk.image(server)
    assert sdk.images(name="golden") == []
    assert sdk.do(ims.GlanceShowImageRequest(image_id=identity))["id"] == identity
    cloud.clock.advance(6)
    assert [image["id"] for image in sdk.images(name="golden")] == [identity]


def test_the_images_of_data_disks_are_parts_of_one_job(sdk: Sdk) -> None:
    disks = [ecs.PostPaidServerDataVolume(volumetype="SAS", size=size) for size in (20, 30)]
    server = sdk.server(stopped=True, data_volumes=disks)
    wanted = [
        ims.CreateDataImage(name=f"golden-{disk['device'][-3:]}", volume_id=disk["volumeId"], description="d")
        for disk in sdk.disks(server)[1:]
    ]
    job = sdk.job(sdk.do(create(data_images=wanted, image_tags=[ims.TagKeyValue(key="a", value="b")])))
    parts = job["entities"]["sub_jobs_result"]
    assert "image_id" not in job["entities"]
    assert [part["status"] for part in parts] == ["SUCCESS", "SUCCESS"]
    images = [sdk.do(ims.GlanceShowImageRequest(image_id=part["entities"]["image_id"])) for part in parts]
    assert [(image["name"], image["min_disk"]) for image in images] == [("golden-vdb", 20), ("golden-vdc", 30)]
    assert {image["virtual_env_type"] for image in images} == {"DataImage"}
    assert all(image["tags"] == ["a.b"] for image in images)


def test_a_disk_is_made_of_a_data_image(sdk: Sdk) -> None:
    server = sdk.server(data_volumes=[ecs.PostPaidServerDataVolume(volumetype="SAS", size=20)])
    wanted = [ims.CreateDataImage(name="data", volume_id=sdk.disks(server)[1]["volumeId"])]
    job = sdk.job(sdk.do(create(data_images=wanted)))
    image = job["entities"]["sub_jobs_result"][0]["entities"]["image_id"]
    option = evs.CreateVolumeOption(availability_zone=ZONE, volume_type="SSD", size=20, image_ref=image)
    made = sdk.job(sdk.do(evs.CreateVolumeRequest(body=evs.CreateVolumeRequestBody(volume=option))))
    volume = sdk.do(evs.ShowVolumeRequest(volume_id=made["entities"]["volume_id"]))["volume"]
    assert volume["volume_image_metadata"]["image_id"] == image
    option.size = 15
    refusal = sdk.refused(evs.CreateVolumeRequest(body=evs.CreateVolumeRequestBody(volume=option)))
    assert (refusal.code, "20 GB" in str(refusal)) == ("EVS.1010", True)


def test_servers_are_made_of_private_images(sdk: Sdk) -> None:
    identity = sdk.image(sdk.server())
    again = sdk.server(image_ref=identity)
    assert sdk.do(ecs.ShowServerRequest(server_id=again))["server"]["image"]["id"] == identity


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": ""}, "IMG.0013"),
        ({"name": "bad<name"}, "IMG.0003"),
        ({"name": "n" * 129}, "IMG.0003"),
        ({"description": "<b>"}, "IMG.0054"),
        ({"description": "d" * 1025}, "IMG.0054"),
        ({"min_ram": 4096, "max_ram": 1024}, "IMG.0055"),
        ({"instance_id": "nobody"}, "IMG.0005"),
        ({"instance_id": None}, "IMG.0021"),
        ({"data_images": [ims.CreateDataImage(name="d", volume_id="none")], "instance_id": None}, "IMG.0031"),
        ({"image_url": "bucket:file.qcow2", "instance_id": None}, "APIGW.0106"),
    ],
)
def test_images_that_nobody_can_make_are_refused(sdk: Sdk, fields: dict[str, object], code: str) -> None:
    server = sdk.server()
    assert sdk.refused(create(**{"name": "x", "instance_id": server, **fields})).code == code
    assert sdk.images(imagetype="private") == []


def test_a_system_disk_is_no_data_disk(sdk: Sdk) -> None:
    disk = sdk.disks(sdk.server())[0]["volumeId"]
    assert sdk.refused(create(data_images=[ims.CreateDataImage(name="d", volume_id=disk)])).code == "IMG.0022"


def test_a_server_that_is_being_imaged_is_busy(start: Start) -> None:
    cloud = start(latencies={"image": 10.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    sdk.do(create(name="one", instance_id=server))
    assert sdk.refused(create(name="two", instance_id=server)).code == "IMG.0010"
    cloud.clock.advance(11)
    sdk.do(create(name="two", instance_id=server))


def test_the_quota_counts_private_images(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.quotas["image"] = 1
    server = sdk.server()
    sdk.image(server)
    assert sdk.refused(create(name="more", instance_id=server)).code == "IMG.0015"
    assert sdk.do(ims.ShowImageQuotaRequest())["quotas"]["resources"][0]["used"] == 1


def test_a_job_that_fails_says_why_and_leaves_a_killed_image(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    server = sdk.server()
    cloud.faults.add(Fault(action="CreateImage", kind="end_state"))
    job = sdk.job(sdk.do(create(name="golden", instance_id=server)))
    assert (job["status"], job["error_code"]) == ("FAIL", "IMG.0014")
    assert "OpenStack" in job["fail_reason"]
    assert [image["status"] for image in sdk.images(name="golden")] == ["killed"]
    sdk.do(ims.GlanceDeleteImageRequest(image_id=sdk.images(name="golden")[0]["id"]))
    assert sdk.images(name="golden") == []


def test_deleting(start: Start) -> None:
    cloud = start(latencies={"image": 10.0})
    sdk = Sdk(cloud)
    began = sdk.do(create(name="golden", instance_id=sdk.server()))
    making = sdk.images(name="golden")[0]["id"]
    assert sdk.refused(ims.GlanceDeleteImageRequest(image_id=making)).status == 409
    cloud.clock.advance(11)
    assert sdk.job(began)["status"] == "SUCCESS"
    sdk.do(ims.GlanceDeleteImageRequest(image_id=making))
    assert isinstance(sdk.refused(ims.GlanceShowImageRequest(image_id=making)), NotFound)
    assert isinstance(sdk.refused(ims.GlanceDeleteImageRequest(image_id=making)), NotFound)
    assert sdk.refused(ims.GlanceDeleteImageRequest(image_id=UBUNTU)).code == "IMG.0047"


def test_an_image_of_which_a_server_is_being_made_is_in_use(start: Start) -> None:
    cloud = start(latencies={"server": 10.0})
    sdk = Sdk(cloud)
    first = sdk.server()
    cloud.clock.advance(11)
    identity = sdk.image(first)
    sdk.server(image_ref=identity)
    assert sdk.refused(ims.GlanceDeleteImageRequest(image_id=identity)).status == 409
    cloud.clock.advance(11)
    sdk.do(ims.GlanceDeleteImageRequest(image_id=identity))


def test_images_are_changed_by_patches(sdk: Sdk) -> None:
    identity = sdk.image(sdk.server())

    def patch(**changes: str) -> object:
        body = [ims.UpdateImageRequestBody(op="replace", path=f"/{name}", value=text) for name, text in changes.items()]
        return ims.UpdateImageRequest(image_id=identity, body=body)

    changed = sdk.do(patch(name="other", __description="new", min_disk="60", min_ram="2048", max_ram="4096"))
    assert (changed["name"], changed["__description"], changed["min_disk"]) == ("other", "new", 60)
    assert (changed["min_ram"], changed["max_ram"]) == (2048, "4096")
    assert sdk.refused(patch(min_ram="8192")).code == "IMG.0055"
    assert sdk.refused(patch(min_disk="much")).code == "IMG.0055"
    assert sdk.refused(patch(owner="me")).code == "IMG.0035"
    assert sdk.do(ims.GlanceShowImageRequest(image_id=identity))["min_ram"] == 2048


def test_tags_are_added_and_taken_off(sdk: Sdk) -> None:
    identity = sdk.image(sdk.server())

    def act(action: str, *keys: str) -> object:
        tags = [ims.ResourceTag(key=key, value="v") for key in keys]
        body = ims.BatchAddOrDeleteTagsRequestBody(action=action, tags=tags)
        return ims.BatchAddOrDeleteTagsRequest(image_id=identity, body=body)

    sdk.do(act("create", "a", "b"))
    sdk.do(act("delete", "a"))
    assert sdk.do(ims.ListImageTagsRequest(image_id=identity))["tags"] == [{"key": "b", "value": "v"}]
    assert sdk.do(ims.ListImagesTagsRequest())["tags"] == [{"key": "b", "values": ["v"]}]


def test_other_projects_do_not_see_private_images(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    identity = sdk.image(sdk.server())
    other = Sdk(cloud, region="cn-east-3")
    assert other.images(id=identity) == []
    assert isinstance(other.refused(ims.GlanceShowImageRequest(image_id=identity)), NotFound)


def test_the_progress_of_a_job_has_a_path_of_its_own(sdk: Sdk) -> None:
    answer = sdk.do(create(name="golden", instance_id=sdk.server()))
    assert sdk.do(ims.ShowJobProgressRequest(job_id=answer["job_id"])) == sdk.job(answer)
