"""What the cloud does with the machines behind instances, with a kind of machine that notes what it is told."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imagesmith_simulator.machines.interface import DiskSnapshot, Endpoint, MachineSpec

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpsNNLGcPXjvZ2hTVr5wQgeQIdVm1g8Yd4sZ1hKw0rG me"


class NotedDisk:
    """A disk's contents: a set of words."""

    def __init__(self, words: set[str]) -> None:
        self.words = words
        self.deleted = False

    def size_bytes(self) -> int:
        return len(self.words)

    def delete(self) -> None:
        assert not self.deleted, "deleted twice"
        self.deleted = True


class NotedMachine:
    """A machine that has a disk of words, and events where real work would take time."""

    def __init__(self, spec: MachineSpec, port: int) -> None:
        self.spec = spec
        self.port = port
        self.disk = set(spec.base.words) if isinstance(spec.base, NotedDisk) else set()
        self.on = False
        self.keys = spec.authorized_keys
        self.addresses: list[str] = []
        self.allows: Callable[[str, int], bool] = lambda _peer, _port: False
        self.powered_off: Callable[[], None] = lambda: None
        self.snapshots: list[NotedDisk] = []
        self.may_stop = threading.Event()
        self.may_stop.set()
        self.broken = ""
        self.destroyed = False

    def boot(self) -> None:
        self.on = True

    def power_off(self, *, force: bool = False) -> None:
        assert self.may_stop.wait(10)
        self.on = False

    @property
    def running(self) -> bool:
        return self.on

    def on_power_off(self, callback: Callable[[], None]) -> None:
        self.powered_off = callback

    def listen(self, host: str) -> Endpoint:
        self.addresses.append(host)
        return Endpoint(host, self.port)

    def stop_listening(self, host: str) -> None:
        self.addresses.remove(host)

    def set_firewall(self, allows: Callable[[str, int], bool]) -> None:
        self.allows = allows

    def set_keys(self, authorized_keys: tuple[str, ...]) -> None:
        self.keys = authorized_keys

    def console(self) -> str:
        return "login:"

    def snapshot(self) -> DiskSnapshot:
        if self.broken:
            raise OSError(self.broken)
        self.snapshots.append(NotedDisk(set(self.disk)))
        return self.snapshots[-1]

    def destroy(self) -> None:
        self.destroyed = True


class NotedKind:
    """Makes such machines."""

    def __init__(self, port: int = 22, unavailable: str = "") -> None:
        self.machines: dict[str, NotedMachine] = {}
        self.port = port
        self.why = unavailable
        self.closed = False

    def unavailable(self) -> str:
        return self.why

    def create(self, spec: MachineSpec) -> NotedMachine:
        self.machines[spec.id] = NotedMachine(spec, self.port)
        return self.machines[spec.id]

    def close(self) -> None:
        self.closed = True


def _until(probe: Callable[[], Any]) -> None:
    for _ in range(500):
        if probe():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not come in time")


class Place:
    """A cloud with such machines, the SDK, and the way to a machine."""

    def __init__(self, start: Any, connect: Any, **kind: Any) -> None:
        self.kind = NotedKind(**kind)
        self.cloud = start(machines=self.kind)
        self.sdk = connect(self.cloud)
        self.net = self.sdk.network()

    def run(self, **fields: Any) -> tuple[str, NotedMachine]:
        made = self.sdk.run(self.net, **fields)
        self.wait(made, "Running")
        return made, self.kind.machines[made]

    def wait(self, instance: str, status: str) -> None:
        _until(lambda: self.sdk.instance(instance).status == status)


@pytest.fixture
def place(start: Any, connect: Any) -> Place:
    return Place(start, connect)


def test_a_machine_gets_keys_password_and_user_data_and_is_on_when_the_instance_runs(place: Place) -> None:
    place.sdk.do("ImportKeyPair", key_pair_name="k1", public_key_body=KEY)
    instance, machine = place.run(key_pair_name="k1", user_data=base64.b64encode(b"#!/bin/sh").decode(), host_name="h")
    assert machine.on
    assert (machine.spec.authorized_keys, machine.spec.username, machine.spec.hostname) == ((KEY,), "root", "h")
    assert (machine.spec.user_data, machine.spec.base) == (b"#!/bin/sh", None)
    body = place.sdk.do("GetInstanceConsoleOutput", instance_id=instance)
    assert base64.b64decode(body.console_output) == b"login:"
    _, other = place.run(password="Passw0rd-1")
    assert (other.spec.password, other.spec.authorized_keys) == ("Passw0rd-1", ())


def test_stopping_takes_as_long_as_the_guest_takes(place: Place) -> None:
    instance, machine = place.run()
    machine.may_stop.clear()
    place.sdk.do("StopInstance", instance_id=instance)
    assert place.sdk.instance(instance).status == "Stopping"
    machine.may_stop.set()
    place.wait(instance, "Stopped")
    assert not machine.on


def test_a_guest_that_switches_itself_off_stops_its_instance(place: Place) -> None:
    instance, machine = place.run()
    machine.on = False
    machine.powered_off()
    place.wait(instance, "Stopped")
    place.sdk.do("StartInstance", instance_id=instance)
    place.wait(instance, "Running")
    assert machine.on


def test_an_image_holds_the_disk_and_new_instances_start_from_it(place: Place) -> None:
    instance, machine = place.run()
    machine.disk.add("nginx")
    image = place.sdk.do("CreateImage", instance_id=instance, image_name="web").image_id
    _until(lambda: place.sdk.image(image).status == "Available")
    _, again = place.run(image_id=image)
    assert again.disk == {"nginx"}


def test_a_disks_contents_go_with_the_last_snapshot_that_holds_them(place: Place) -> None:
    sdk = place.sdk
    instance, machine = place.run()
    image = sdk.do("CreateImage", instance_id=instance, image_name="web").image_id
    _until(lambda: sdk.image(image).status == "Available")
    copy = sdk.do("CopyImage", image_id=image, destination_region_id="cn-beijing").image_id
    (contents,) = machine.snapshots
    for identity, region in ((image, "cn-hangzhou"), (copy, "cn-beijing")):
        assert not contents.deleted
        snapshot = sdk.image(identity, region_id=region).disk_device_mappings.disk_device_mapping[0].snapshot_id
        sdk.do("DeleteImage", image_id=identity, region_id=region)
        sdk.do("DeleteSnapshot", snapshot_id=snapshot)
    assert contents.deleted


def test_a_snapshot_that_fails_ends_in_the_failed_state_and_so_does_its_image(place: Place) -> None:
    instance, machine = place.run()
    machine.broken = "disk full"
    image = place.sdk.do("CreateImage", instance_id=instance, image_name="web").image_id
    _until(lambda: place.sdk.image(image).status == "CreateFailed")
    body = place.sdk.do("GetInstanceConsoleOutput", instance_id=instance)
    assert b"disk full" in base64.b64decode(body.console_output)


def test_each_address_is_one_of_its_own_and_is_given_up_with_the_eip(place: Place) -> None:
    sdk = place.sdk
    instance, machine = place.run()
    private = sdk.instance(instance).vpc_attributes.private_ip_address.ip_address[0]
    body = sdk.do("AllocateEipAddress")
    sdk.do("AssociateEipAddress", allocation_id=body.allocation_id, instance_id=instance)
    _until(lambda: sdk.eip(body.allocation_id).status == "InUse")
    assert sdk.eip(body.allocation_id).ip_address == body.eip_address
    assert machine.addresses == [private, body.eip_address]
    sdk.do("UnassociateEipAddress", allocation_id=body.allocation_id, instance_id=instance)
    _until(lambda: machine.addresses == [private])


def test_an_address_carries_the_port_where_port_22_could_not_be_bound(start: Any, connect: Any) -> None:
    place = Place(start, connect, port=10022)
    instance, _ = place.run(internet_max_bandwidth_out=5)
    found = place.sdk.instance(instance)
    assert found.vpc_attributes.private_ip_address.ip_address[0].endswith(":10022")
    assert found.public_ip_address.ip_address[0].endswith(":10022")
    other, _ = place.run()
    eip = place.sdk.do("AllocateEipAddress").allocation_id
    place.sdk.do("AssociateEipAddress", allocation_id=eip, instance_id=other)
    _until(lambda: place.sdk.eip(eip).status == "InUse")
    assert place.sdk.eip(eip).ip_address.endswith(":10022")


def test_the_security_group_decides_who_gets_in(place: Place) -> None:
    _, machine = place.run()

    def allow(**fields: str) -> None:
        rule = {"ip_protocol": "tcp", "port_range": "22/22", **fields}
        place.sdk.do("AuthorizeSecurityGroup", security_group_id=place.net.group, **rule)

    assert not machine.allows("127.0.0.1", 22)
    allow(source_cidr_ip="10.0.0.0/8")
    assert not machine.allows("127.0.0.1", 22)
    allow(source_cidr_ip="127.0.0.0/8", priority="5")
    assert machine.allows("127.0.0.1", 22)
    assert not machine.allows("127.0.0.1", 80)
    allow(source_cidr_ip="127.0.0.1/32", priority="1", policy="drop")
    assert not machine.allows("127.0.0.1", 22)
    assert machine.allows("127.0.0.2", 22)


def test_attached_keys_reach_the_machine(place: Place) -> None:
    instance, machine = place.run()
    place.sdk.do("ImportKeyPair", key_pair_name="k1", public_key_body=KEY)
    place.sdk.do("AttachKeyPair", key_pair_name="k1", instance_ids=f'["{instance}"]')
    _until(lambda: machine.keys == (KEY,))


def test_released_instances_lose_their_machines_and_closing_removes_the_rest(place: Place) -> None:
    first, gone = place.run()
    _, left = place.run()
    place.sdk.do("DeleteInstance", instance_id=first, force=True)
    _until(lambda: gone.destroyed)
    before = left.destroyed
    place.cloud.close()
    assert (before, left.destroyed, place.kind.closed) == (False, True, True)


def test_a_kind_of_machine_that_does_not_work_here_says_why(start: Any) -> None:
    with pytest.raises(Exception, match="enable user namespaces"):
        start(machines=NotedKind(unavailable="enable user namespaces"))
