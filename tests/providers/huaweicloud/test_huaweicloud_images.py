"""The images: which are made, that each is kept as soon as it is good, and what is done with them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from imagesmith.errors import AccessDenied, ImagesmithError, WaitFailed, WaitTimeout
from imagesmith_huaweicloud import DataDisk, HuaweicloudEcs
from imagesmith_simulator.faults import Fault
from tests.effects import shows

VAULT, MEMBER, OTHER_MEMBER = (str(uuid.UUID(int=number)) for number in range(41, 44))
DISKS = (DataDisk(volume_size=20), DataDisk(volume_size=30))


def images(driver: Any) -> dict[str, Any]:
    """The images by name."""
    return {image["name"]: image for image in driver.simulated.images()}


@shows(
    HuaweicloudEcs, "image_name", "image_description", "image_tags", "image_min_ram", "image_max_ram", "image_min_disk"
)
def test_an_image_is_what_the_template_says(driver: Any) -> None:
    built = driver.build(
        image_description="a web server",
        image_tags={"app": "web", "version": "v1.0.0"},
        image_min_ram=1024,
        image_max_ram=4096,
        image_min_disk=60,
        enterprise_project_id="ep-1",
    )
    (image,) = driver.simulated.images()
    assert (image["name"], image["description"], image["status"]) == ("web", "a web server", "active")
    assert image["tags"] == {"app": "web", "version": "v1.0.0", "imagesmith.run": built.run.run_id}
    assert (image["min_ram"], image["max_ram"], image["min_disk"]) == (1024, 4096, 60)
    assert image["enterprise_project_id"] == "ep-1"
    assert built.artifact.id == image["id"]
    assert built.artifact.builder_id == "huawei.huaweicloud"
    assert built.artifact.description == f"An image was created: {image['id']}"
    assert built.artifact.images == {"cn-north-4": image["id"]}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["web"]),
        ({"data_disks": DISKS}, ["web", "web-vdb", "web-vdc"]),
        ({"data_disks": DISKS, "image_type": "system"}, ["web"]),
        ({"data_disks": DISKS, "image_type": "data-disk"}, ["web-vdb", "web-vdc"]),
        ({"data_disks": DISKS, "image_type": "system-data"}, ["web", "web-vdb", "web-vdc"]),
        ({"vault_id": VAULT, "data_disks": DISKS}, ["web"]),
        ({"vault_id": VAULT, "image_type": "full-ecs"}, ["web"]),
    ],
)
def test_which_images_are_made(driver: Any, given: Any, names: list[str]) -> None:
    built = driver.build(image_tags={"app": "web"}, **given)
    found = images(driver)
    assert sorted(found) == names
    assert built.artifact.id == ";".join(found[name]["id"] for name in names)
    assert all(image["tags"]["app"] == "web" for image in found.values())
    whole = "vault_id" in given
    assert found[names[0]]["kind"] == ("whole" if whole else "data" if names[0] != "web" else "system")
    assert [sent.get("vault_id") for sent in driver.sent("CreateWholeImage")] == ([VAULT] if whole else [])
    assert driver.simulated.leftovers() == []


@shows(HuaweicloudEcs, "image_type")
def test_the_type_says_which_disks_become_images(driver: Any) -> None:
    driver.build(data_disks=DISKS, image_type="data-disk")
    assert sorted(images(driver)) == ["web-vdb", "web-vdc"]


def test_images_of_several_disks_are_made_side_by_side(driver: Any, tmp_path: Any) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"image": 100.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        began = slow.clock.now()
        other.build(data_disks=DISKS)
        assert slow.clock.now() - began < 150


def test_progress_is_told_in_percent(driver: Any, tmp_path: Any) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"image": 100.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        other.build()
        told = [event.percent for event in other.events if type(event).__name__ == "Waiting" and "image" in event.what]
        assert len([percent for percent in told if percent]) >= 3
        looks = [call for call in slow.calls() if call.action == "ShowJob" and call.product == "ims"]
        assert len(looks) < 20


@shows(HuaweicloudEcs, "wait_image_ready_timeout")
def test_the_wait_for_an_image_has_its_own_deadline(driver: Any, tmp_path: Any) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"image": 400.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        with pytest.raises(WaitTimeout, match='image "web" is still RUNNING after 60 s') as late:
            other.build(wait_image_ready_timeout=60.0)
        assert "wait_image_ready_timeout" in late.value.hint
        assert slow.images() == []
        assert slow.leftovers() == []


def test_a_failed_image_is_told_with_its_reason_and_deleted(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage"))
    with pytest.raises(WaitFailed, match=r'image "web" has failed: .*OpenStack.* \[IMG.0014\]'):
        driver.build()
    assert driver.simulated.leftovers() == []
    assert driver.simulated.images() == []


def test_what_is_good_is_kept_when_another_image_fails(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage", nth=2))
    with pytest.raises(WaitFailed) as failed:
        driver.build(data_disks=DISKS)
    found = images(driver)
    assert sorted(name for name, image in found.items() if image["status"] == "active") == ["web", "web-vdc"]
    assert "1 of 3 images could not be made" in str(failed.value)
    assert "IMG.0014" in str(failed.value)
    for name in ("web", "web-vdc"):
        assert found[name]["id"] in str(failed.value)
    assert driver.simulated.leftovers() == []


def test_an_image_that_can_t_even_be_begun_does_not_stop_the_others(driver: Any) -> None:
    driver.simulated.faults.add(
        Fault(kind="refuse", action="CreateImage", nth=3, code="IMG.0015", status=400, message="quota")
    )
    with pytest.raises(WaitFailed, match=r"1 of 3 images could not be made: .*quota"):
        driver.build(data_disks=DISKS)
    assert sorted(images(driver)) == ["web", "web-vdb"]


def test_an_instance_that_is_still_busy_is_waited_for(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action="CreateImage", code="IMG.0010", status=400, times=3))
    driver.build()
    assert sorted(images(driver)) == ["web"]


@shows(HuaweicloudEcs, "image_members")
def test_images_are_shared(driver: Any) -> None:
    driver.build(data_disks=DISKS, image_members=[MEMBER, OTHER_MEMBER])
    assert [image["members"] for image in driver.simulated.images()] == [
        {MEMBER: "pending", OTHER_MEMBER: "pending"}
    ] * 3
    assert len(driver.sent("BatchAddMembers")) == 1


@shows(HuaweicloudEcs, "image_auto_accept_members")
def test_shared_images_are_accepted_in_the_name_of_the_member(driver: Any) -> None:
    members = [member.replace("-", "") for member in (MEMBER, OTHER_MEMBER)]
    for member in members:
        driver.options(project_id=member)  # projects of the same account
    driver.build(image_members=members, image_auto_accept_members=True)
    (image,) = driver.simulated.images()
    assert image["members"] == dict.fromkeys(members, "accepted")


def test_a_project_of_another_account_can_t_be_accepted_for(driver: Any) -> None:
    with pytest.raises(AccessDenied, match="allow this action"):
        driver.build(image_members=[MEMBER], image_auto_accept_members=True)
    assert driver.simulated.images()[0]["members"] == {MEMBER: "pending"}


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("BatchAddMembers", {"image_members": [MEMBER]}),
        ("BatchUpdateMembers", {"image_members": [MEMBER], "image_auto_accept_members": True}),
        ("UpdateImage", {"image_min_disk": 60}),
    ],
)
@pytest.mark.parametrize("kind", ["refuse", "end_state"])
def test_a_publishing_that_fails_marks_the_image_and_keeps_it(driver: Any, action: str, given: Any, kind: Any) -> None:
    kind = "refuse" if action == "UpdateImage" else kind  # it is no job
    if "image_auto_accept_members" in given:
        driver.options(project_id=MEMBER)
    driver.simulated.faults.add(Fault(kind=kind, action=action, code="IMG.0047", status=400, times=9))
    with pytest.raises(ImagesmithError):
        driver.build(**given)
    (image,) = driver.simulated.images()
    assert (image["status"], image["tags"]["imagesmith.state"]) == ("active", "partial")


def test_an_encrypted_image_can_t_be_shared_which_is_told(driver: Any) -> None:
    with pytest.raises(ImagesmithError, match="leave kms_key_id or image_members out"):
        driver.build(kms_key_id=str(uuid.uuid4()), image_members=[MEMBER])


def test_an_image_whose_job_was_lost_is_found_by_its_tag_not_by_its_name(driver: Any) -> None:
    """Somebody else's image of the same name is not taken for ours."""
    driver.build()
    (first,) = driver.simulated.images()
    driver.simulated.faults.add(Fault(kind="lose_answer", action="CreateImage"))
    built = driver.build()
    assert len(driver.simulated.images()) == 2
    assert built.image.id != first["id"]
    assert len(driver.sent("CreateImage")) == 2


@shows(HuaweicloudEcs, "vault_id")
def test_the_backup_of_a_whole_image_goes_with_it(driver: Any) -> None:
    built = driver.build(image_type="full-ecs", vault_id=VAULT)
    assert driver.simulated._store.backups
    from imagesmith.interfaces import Resource

    built.cloud.destroy(Resource("image", built.image.id))
    assert not driver.simulated._store.backups


def test_a_full_vault_is_told(driver: Any) -> None:
    driver.options(vault_id=VAULT)
    driver.simulated._store.vaults[VAULT].used = driver.simulated._store.vaults[VAULT].size
    with pytest.raises(ImagesmithError, match=r"vault is full|capacity of the vault"):
        driver.build(image_type="full-ecs", vault_id=VAULT)
    assert driver.simulated.leftovers() == []
