"""Whatever goes wrong with a call, nothing that the build made is left, and nothing else is touched."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import pytest

from imagesmith.errors import AlreadyExists, Conflict, ImagesmithError
from imagesmith.interfaces import Intent, Resource
from imagesmith_huaweicloud import DataDisk
from imagesmith_simulator.faults import Fault

VOLUME, SNAPSHOT, EIP = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
DISKS = (DataDisk(volume_size=20), DataDisk(volume_id=VOLUME), DataDisk(snapshot_id=SNAPSHOT))
CREATES = (
    "NovaCreateKeypair",
    "CreateVpc",
    "CreateSubnet",
    "CreateSecurityGroup",
    "CreateSecurityGroupRule",
    "CreatePublicip",
    "CreatePostPaidServers",
    "AttachServerVolume",
    "CreateVolume",
    "UpdatePublicip",
    "CreateImage",
)
OTHERS = ("BatchStopServers", "DetachServerVolume", "DeleteServers", "DeleteVolume", "DeletePublicip", "DeleteVpc",
          "DeleteSubnet", "DeleteSecurityGroup", "NovaDeleteKeypair", "ShowJob", "ShowServer", "ListServerInterfaces",
          "ListServerBlockDevices", "ShowPublicip", "ListImages")  # fmt: skip


def outcome(driver: Any, **values: Any) -> ImagesmithError | None:
    """How a build with one of each thing ended: only images are left, and nothing of the user's is gone."""
    error = None
    try:
        driver.build(data_disks=DISKS, **values)
    except ImagesmithError as caught:
        error = caught
    driver.simulated.clock.advance(2000)
    assert driver.simulated.leftovers() == []
    assert driver.simulated.lost() == []
    return error


@pytest.mark.parametrize(
    ("action", "kind"),
    [*((action, "lose_answer") for action in (*CREATES, *OTHERS)), *((action, "error_5xx") for action in CREATES)],
)
def test_a_call_that_fails_once_costs_nothing(driver: Any, action: str, kind: Any) -> None:
    driver.simulated.faults.add(Fault(kind=kind, action=action))
    error = outcome(driver)
    assert action in driver.actions()
    assert error is None, error
    assert len(driver.simulated.images()) == 4


@pytest.mark.parametrize("action", CREATES)
def test_a_create_that_is_refused_leaves_nothing(driver: Any, action: str) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action=action, code="Ecs.0005", status=400, times=99))
    assert outcome(driver) is not None


@pytest.mark.parametrize("action", ["CreatePostPaidServers", "CreateVolume", "AttachServerVolume", "CreatePublicip",
                                    "CreateVpc", "CreateSubnet", "CreateImage", "BatchStopServers"])  # fmt: skip
def test_what_ends_in_a_failed_state_is_deleted(driver: Any, action: str) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action=action))
    outcome(driver, stop_timeout=30.0)


def test_lists_that_lag_behind_are_looked_at_again(driver: Any, tmp_path: Any) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"lists": 1.5}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        for action in CREATES:
            slow.faults.add(Fault(kind="lose_answer", action=action))
        assert outcome(other) is None
        assert len(slow.images()) == 4


@pytest.mark.parametrize(
    "action", ["CreateVpc", "CreateSubnet", "CreatePublicip", "CreateSecurityGroup", "CreateImage"]
)
def test_what_is_listed_late_and_made_twice_is_not_left(driver: Any, tmp_path: Any, action: str) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"lists": 10.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        slow.faults.add(Fault(kind="lose_answer", action=action))
        refused = action == "CreateSubnet"  # the second would have the addresses of the first
        with pytest.raises(Conflict) if refused else contextlib.nullcontext():
            other.build()
        assert len(other.sent(action)) == 2
        assert len(slow.images()) == (not refused)
        assert slow.leftovers() == []


def test_a_key_pair_of_the_same_name_is_not_ours(driver: Any) -> None:
    driver.options(ssh_keypair_name="theirs", ssh_password="Secret-123")
    with pytest.raises(AlreadyExists, match='there is a key pair "theirs" already'):
        driver.build(temporary_key_pair_name="theirs")
    assert driver.simulated.lost() == []
    assert driver.simulated.leftovers() == []


def test_another_process_finds_everything_by_its_intent(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a cleanup does after a crash between a create and its record."""
    run, cloud = driver.open(data_disks=DISKS, communicator="none", eip_bandwidth_size=5)
    intents: list[Intent] = []
    write = run._ledger.intent

    def note(build: str, intent: Intent) -> None:
        intents.append(intent)
        write(build, intent)

    monkeypatch.setattr(run._ledger, "intent", note)
    with run:
        source = cloud.source_image()
        login, network, reserved = cloud.login(source), cloud.network(), cloud.reserve_address()
        machine = cloud.launch(source, login, network)
        cloud.reach(machine, reserved)
        owned = {owned.resource.kind: owned.resource.id for owned in run._owned}
        _later, other = driver.open()
        for intent in intents:
            assert other.find(intent) == owned[intent.kind], intent
            stranger = Intent(intent.kind, uuid.uuid4().hex, "another", {**intent.scope, "server": "x", "key": "x"})
            assert other.find(stranger) is None
        assert {intent.kind for intent in intents} == {"vpc", "subnet", "security-group", "eip", "instance",
                                                       "attachment", "volume"}  # fmt: skip
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize("kind", ["instance", "attachment", "volume", "binding", "eip", "key-pair", "security-group",
                                  "subnet", "vpc", "image", "image-job"])  # fmt: skip
def test_what_is_gone_counts_as_deleted(driver: Any, kind: str) -> None:
    _run, cloud = driver.open()
    there = {"vpc": str(uuid.uuid4()), "region": "cn-north-4"}
    cloud.destroy(Resource(kind, str(uuid.uuid4()), "", there))


def test_a_kind_that_is_not_known_is_told(driver: Any) -> None:
    _run, cloud = driver.open()
    with pytest.raises(ImagesmithError, match="a balloon can't be deleted here"):
        cloud.destroy(Resource("balloon", "b-1"))
    with pytest.raises(ImagesmithError, match="a balloon can't be looked up here"):
        cloud.find(Intent("balloon", "t"))
