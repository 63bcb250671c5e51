"""Finding what a create without an answer has made, and deleting it: by kind, read-only, idempotent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imagesmith.errors import AlreadyExists, Conflict, ImagesmithError, WaitFailed
from imagesmith.interfaces import Intent, Machine, Resource
from imagesmith.keys import make_key
from imagesmith.lifecycle import Policy
from imagesmith_alicloud.sdk import ecs, vpc
from imagesmith_simulator.faults import Fault

CREATES = {
    "key-pair": "ImportKeyPair",
    "vpc": "CreateVpc",
    "vswitch": "CreateVSwitch",
    "security-group": "CreateSecurityGroup",
    "eip": "AllocateEipAddress",
    "instance": "RunInstances",
    "snapshot": "CreateSnapshot",
    "image": "CreateImage",
}


def written(driver: Any, event: str) -> list[dict[str, Any]]:
    """The ledger's lines of one event."""
    lines = (json.loads(line) for line in driver.ledgers[-1].path.read_text().splitlines())
    return [line for line in lines if line["event"] == event]


@pytest.fixture
def aborted(driver: Any) -> tuple[Any, list[Intent], list[Resource]]:
    """A build that failed in the end and, told to, left everything: its provider, its intents and what it owns."""
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage"))
    with pytest.raises(WaitFailed):
        driver.build(policy=Policy(on_error="abort"), image_ignore_data_disks=True, tags={"a": "b"})
    intents = [Intent(i["kind"], i["token"], i["name"], i["scope"]) for i in written(driver, "intent")]
    owned = [Resource(o["kind"], o["id"], o["name"], o["scope"]) for o in written(driver, "owned")]
    _, cloud = driver.open()
    return cloud, intents, owned


def test_every_kind_is_found_by_its_intent_alone(aborted: Any) -> None:
    cloud, intents, owned = aborted
    assert sorted(intent.kind for intent in intents) == sorted(CREATES)
    ids = {resource.kind: resource.id for resource in owned}
    assert {intent.kind: cloud.find(intent) for intent in intents} == ids


def test_what_was_never_made_is_not_found(aborted: Any) -> None:
    cloud, intents, _ = aborted
    for intent in intents:
        other = Intent(intent.kind, "f" * 32, "imagesmith-never-made", dict(intent.scope) | {"run": "another"})
        assert cloud.find(other) is None
    assert cloud.find(Intent("snapshot", "t", "", {})) is None


def test_somebody_elses_image_of_that_name_is_not_ours(driver: Any, aborted: Any) -> None:
    cloud, intents, _ = aborted
    image = next(intent for intent in intents if intent.kind == "image")
    assert cloud.find(Intent("image", image.token, image.name, dict(image.scope) | {"run": "another"})) is None


def test_everything_is_deleted_in_reverse_and_a_second_time_is_no_error(driver: Any, aborted: Any) -> None:
    cloud, _, owned = aborted
    for resource in reversed(owned):
        cloud.destroy(resource)
    assert driver.simulated.inventory() == []
    for resource in owned:
        cloud.destroy(resource)


def test_what_is_still_in_use_is_a_conflict(aborted: Any) -> None:
    cloud, _, owned = aborted
    kinds = {resource.kind: resource for resource in owned}
    for kind in ("security-group", "vswitch", "vpc", "eip", "snapshot"):
        with pytest.raises(Conflict):
            cloud.destroy(kinds[kind])


def test_an_eip_that_is_still_bound_is_unbound_and_then_released(driver: Any, aborted: Any) -> None:
    cloud, _, owned = aborted
    eip = next(resource for resource in owned if resource.kind == "eip")
    with pytest.raises(Conflict):
        cloud.destroy(eip)
    cloud.destroy(eip)
    assert not any(line.startswith("eip") for line in driver.simulated.inventory())


def test_an_unknown_kind_is_told(aborted: Any) -> None:
    cloud, _, _ = aborted
    with pytest.raises(ImagesmithError, match="spaceship"):
        cloud.destroy(Resource("spaceship", "s-1"))
    with pytest.raises(ImagesmithError, match="spaceship"):
        cloud.find(Intent("spaceship", "t"))


def test_another_region_is_asked_in_that_region(aborted: Any) -> None:
    cloud, intents, owned = aborted
    intent = next(intent for intent in intents if intent.kind == "security-group")
    elsewhere = {"region": "cn-beijing", "run": intent.scope["run"]}
    assert cloud.find(Intent("security-group", intent.token, intent.name, elsewhere)) is None
    group = next(resource for resource in owned if resource.kind == "security-group")
    cloud.destroy(Resource("security-group", group.id, "", elsewhere))
    assert cloud.find(intent) == group.id
    assert cloud.context.at("cn-beijing").cloud.region == "cn-beijing"


def test_a_data_disk_can_be_deleted_by_its_id(driver: Any) -> None:
    from imagesmith_alicloud import Disk

    built = driver.build(image_disk_mappings=(Disk(disk_size=20, disk_delete_with_instance=False),))
    (line,) = driver.simulated.leftovers()
    token = driver.sent("RunInstances")[0]["ClientToken"]
    found = built.cloud.find(Intent("disk", token, "", {"region": "cn-hangzhou"}))
    assert found == line.split()[1].rstrip(":")
    for _ in range(2):
        built.cloud.destroy(Resource("disk", found, "", {"region": "cn-hangzhou"}))
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("ImportKeyPair", "lose_answer"),
        ("RunInstances", "lose_answer"),
        ("CreateImage", "lose_answer"),
        ("AssociateEipAddress", "lose_answer"),
        ("StopInstance", "lose_answer"),
        ("RunInstances", "html_502"),
    ],
)
def test_a_create_that_goes_wrong_once_neither_fails_nor_doubles(driver: Any, action: str, kind: Any) -> None:
    driver.simulated.faults.add(Fault(kind=kind, action=action))
    driver.build()
    assert driver.simulated.leftovers() == []
    assert len(driver.simulated.images()) == 1


def test_a_key_pair_of_the_users_with_the_temporary_name_survives(driver: Any) -> None:
    cloud = driver.open()[1].context.cloud
    cloud.write(ecs.ImportKeyPairRequest(key_pair_name="mine", public_key_body=make_key("rsa", 2048, "mine")[1]))
    with pytest.raises(AlreadyExists):
        driver.build(temporary_key_pair_name="mine")
    listed = cloud.read(ecs.DescribeKeyPairsRequest(key_pair_name="mine"))
    assert listed["TotalCount"] == 1


def test_an_image_that_appears_under_the_name_meanwhile_survives(driver: Any) -> None:
    def take_the_name(cloud: Any, machine: Machine) -> None:
        cloud.context.cloud.write(ecs.CreateImageRequest(image_name="web", instance_id=machine.id, client_token="x"))

    with pytest.raises(AlreadyExists):
        driver.build(on_running=take_the_name)
    assert [image["name"] for image in driver.simulated.images()] == ["web"]
    assert driver.simulated.leftovers() == []


def test_the_users_eip_and_network_survive_a_failed_build(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreateImage"))
    with pytest.raises(WaitFailed):
        driver.build(eip_id="eip-mine", vswitch_id="vsw-mine", security_group_id="sg-mine")
    assert driver.simulated.lost() == []
    assert driver.simulated.inventory() == []
    listed = driver.open()[1].context.cloud.read(vpc.DescribeEipAddressesRequest(allocation_id="eip-mine"))
    assert listed["EipAddresses"]["EipAddress"][0]["Status"] == "Available"
