"""IMS: images are shared with projects, which accept them."""

from __future__ import annotations

from typing import Any

from imagesmith_huaweicloud.sdk import ecs, ims
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk


def share(image: str, *projects: str) -> Any:
    return ims.BatchAddMembersRequest(body=ims.BatchAddMembersRequestBody(images=[image], projects=list(projects)))


def answer(image: str, project: str, status: str = "accepted", **fields: str) -> Any:
    body = ims.BatchUpdateMembersRequestBody(images=[image], project_id=project, status=status, **fields)
    return ims.BatchUpdateMembersRequest(body=body)


def members(sdk: Sdk, image: str) -> dict[str, str]:
    found = sdk.do(ims.ListImageMembersRequest(image_id=image))["members"]
    return {member["member_id"]: member["status"] for member in found}


def test_a_member_accepts_and_then_uses_an_image(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    member = Sdk(cloud, region="cn-north-1")
    image = sdk.image(sdk.server())
    job = sdk.job(sdk.do(share(image, member.project_id, "0123456789abcdef0123456789abcdef")))
    assert job["status"] == "SUCCESS"
    assert [result["status"] for result in job["entities"]["results"]] == ["success", "success"]
    assert members(sdk, image)[member.project_id] == "pending"
    assert member.images(imagetype="shared") == []
    assert [found["id"] for found in member.images(imagetype="shared", member_status="pending")] == [image]
    assert member.job(member.do(answer(image, member.project_id)))["status"] == "SUCCESS"
    assert members(sdk, image)[member.project_id] == "accepted"
    assert members(member, image) == {member.project_id: "accepted"}
    shared = member.images(imagetype="shared")
    assert [(found["id"], found["owner"], found["visibility"]) for found in shared] == [
        (image, sdk.project_id, "shared")
    ]
    made = member.server(image_ref=image, availability_zone="cn-north-1a")
    assert member.do(ecs.ShowServerRequest(server_id=made))["server"]["image"]["id"] == image
    assert member.refused(ims.GlanceDeleteImageRequest(image_id=image)).code == "IMG.0047"


def test_a_member_rejects_an_image(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    member = Sdk(cloud, region="cn-north-1")
    image = sdk.image(sdk.server())
    sdk.do(share(image, member.project_id))
    member.do(answer(image, member.project_id, "rejected"))
    assert members(sdk, image) == {member.project_id: "rejected"}
    assert member.images(imagetype="shared") == []


def test_some_members_fail_and_others_do_not(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    other = Sdk(cloud, region="cn-north-1").project_id
    image = sdk.image(sdk.server())
    job = sdk.job(sdk.do(share(image, sdk.project_id, other)))
    assert (job["status"], [result["status"] for result in job["entities"]["results"]]) == (
        "FAIL",
        ["failed", "success"],
    )
    assert "shared" in job["fail_reason"]
    assert members(sdk, image) == {other: "pending"}
    assert sdk.job(sdk.do(share(image, other)))["status"] == "FAIL"


def test_what_can_not_be_shared_is_refused(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    member = Sdk(cloud, region="cn-north-1")
    root = ecs.PostPaidServerRootVolume(
        volumetype="SSD",
        size=40,
        metadata=ecs.PostPaidServerRootVolumeMetadata(system__encrypted="1", system__cmkid="a-key"),
    )
    encrypted = sdk.image(sdk.server(root_volume=root), "encrypted")
    image = sdk.image(sdk.server(), "plain")
    assert sdk.refused(share(encrypted, member.project_id)).code == "IMG.0115"
    assert sdk.refused(share("nothing", member.project_id)).code == "IMG.0027"
    assert sdk.refused(share(image)).code == "IMG.0041"
    assert member.refused(share(image, sdk.project_id)).code == "IMG.0027"
    assert member.refused(answer(image, member.project_id)).code == "IMG.0027"
    assert member.refused(answer(image, sdk.project_id)).code == "IMG.0031"


def test_sharing_is_taken_back(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    other = Sdk(cloud, region="cn-north-1").project_id
    image = sdk.image(sdk.server())
    sdk.do(share(image, other))
    assert sdk.images(imagetype="shared")[0]["id"] == image
    body = ims.BatchAddMembersRequestBody(images=[image], projects=[other])
    sdk.do(ims.BatchDeleteMembersRequest(body=body))
    assert members(sdk, image) == {}
    assert sdk.images(imagetype="private")[0]["id"] == image
