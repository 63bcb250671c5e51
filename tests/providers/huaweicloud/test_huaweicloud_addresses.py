"""How the instance is reached: EIPs, the user's and new ones, and private addresses."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from imagesmith.errors import Conflict, NotFound, WaitFailed
from imagesmith.interfaces import Machine
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.faults import Fault
from tests.effects import shows

EIP, VPC, SUBNET, OTHER = (str(uuid.UUID(int=number)) for number in range(21, 25))
OWN = {"vpc_id": VPC, "subnets": [SUBNET]}


def eips(driver: Any) -> dict[str, Any]:
    return dict(driver.simulated._store.eips)


@shows(HuaweicloudEcs, "eip_type", "eip_bandwidth_size")
def test_a_new_eip_is_what_the_template_says(driver: Any) -> None:
    built = driver.build(eip_type="5_sbgp", eip_bandwidth_size=20, **OWN)
    (sent,) = driver.sent("CreatePublicip")
    assert sent["publicip.type"] == "5_sbgp"
    assert (sent["bandwidth.size"], sent["bandwidth.charge_mode"]) == ("20", "traffic")
    assert sent["bandwidth.name"] == sent["publicip.alias"] == built.cloud.context.name
    assert built.address.kind == "eip"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "eip"),
        (OWN, "private"),
        (OWN | {"associate_public_ip_address": True}, "eip"),
        ({"associate_public_ip_address": False}, "private"),
        (OWN | {"eip_type": "5_bgp"}, "private"),
        (OWN | {"eip_bandwidth_size": 5}, "eip"),
        (OWN | {"reuse_ips": True}, "eip"),
        (OWN | {"floating_ip": EIP}, "eip"),
        ({"ssh_interface": "private"}, "private"),
        (OWN | {"ssh_interface": SUBNET}, "private"),
        (OWN | {"ssh_interface": VPC}, "private"),
        ({"ssh_ip_version": "4"}, "eip"),
        ({"ssh_host": "203.0.113.9"}, "given"),
    ],
)
def test_where_to_connect_to(driver: Any, given: Any, kind: str) -> None:
    address = driver.build(**given).address
    assert address.kind == kind
    assert address.host


@shows(HuaweicloudEcs, "associate_public_ip_address")
def test_a_public_address_is_made_in_an_own_network_where_it_is_asked_for(driver: Any) -> None:
    assert driver.build(**OWN, associate_public_ip_address=True).address.kind == "eip"
    assert len(driver.sent("CreatePublicip")) == 1


@shows(HuaweicloudEcs, "ssh_interface")
def test_another_interface_is_connected_to_by_its_network(driver: Any) -> None:
    ports: list[Any] = []
    built = driver.build(
        vpc_id=VPC,
        subnets=[SUBNET, "back"],
        ssh_interface="back",
        on_running=lambda *_: ports.extend(driver.simulated._store.ports.values()),
    )
    back = next(port for port in ports if port.subnet_id != SUBNET)
    assert built.address.host == back.host.partition(":")[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (OWN | {"ssh_interface": "public"}, "has no EIP"),
        (OWN | {"ssh_interface": "nowhere"}, 'no private address in the network "nowhere"'),
    ],
)
def test_an_address_that_there_is_not(driver: Any, given: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match=told):
        driver.build(**given)
    assert driver.simulated.leftovers() == []


@shows(HuaweicloudEcs, "ssh_ip_version")
@pytest.mark.parametrize("given", [{}, OWN])
def test_an_ipv6_address_is_asked_for_and_connected_to(driver: Any, given: Any) -> None:
    address = driver.build(ssh_ip_version="6", **given).address
    assert (address.kind, address.host.count(":") > 1) == ("private", True)
    (sent,) = driver.sent("CreatePostPaidServers")
    assert sent["server.nics[].ipv6_enable"] == "true"
    assert [sent.get("subnet.ipv6_enable") for sent in driver.sent("CreateSubnet")] == ([] if given else ["true"])


@shows(HuaweicloudEcs, "floating_ip")
def test_the_user_s_eip_is_bound_and_given_back(driver: Any) -> None:
    bound: list[str] = []
    driver.build(floating_ip=EIP, on_running=lambda *_: bound.append(eips(driver)[EIP].port_id))
    assert bound[0]
    assert eips(driver)[EIP].status == "DOWN"
    assert driver.sent("UpdatePublicip")[-1] == {"publicip": "{}"}
    assert not {"CreatePublicip", "DeletePublicip"} & set(driver.actions())
    assert driver.simulated.lost() == []


def test_the_user_s_eip_is_found_by_its_address(driver: Any) -> None:
    driver.options(floating_ip=EIP)
    host = eips(driver)[EIP].host
    assert driver.build(floating_ip=host).address.host == host.partition(":")[0]


@pytest.mark.parametrize("state", ["ELB", "FREEZED", "ACTIVE"])
def test_an_eip_that_is_not_free_is_refused_before_anything_is_made(driver: Any, state: Any) -> None:
    driver.options(floating_ip=EIP)
    eips(driver)[EIP].status = state
    with pytest.raises(Conflict, match=f"is {state}"):
        driver.build(floating_ip=EIP)
    assert "CreatePostPaidServers" not in driver.actions()


@pytest.mark.parametrize("name", ["0e3ad9a1-5b0c-4c1f-9f43-2ad4b2f9a001", "203.0.113.99"])
def test_an_eip_that_there_is_not(driver: Any, name: str) -> None:
    run, cloud = driver.open()
    object.__setattr__(cloud.context.options, "floating_ip", name)
    with pytest.raises(NotFound, match="there is no EIP"), run:
        cloud.reserve_address()


@shows(HuaweicloudEcs, "reuse_ips")
def test_only_an_eip_that_is_really_free_is_reused(driver: Any) -> None:
    """Frozen ones and those of a load balancer have no port either."""
    driver.options(floating_ip=EIP)
    driver.options(reuse_ips=True)
    (free,) = [identity for identity in eips(driver) if identity != EIP] or [EIP]
    store = driver.simulated._store
    for number, state in enumerate(["FREEZED", "ELB", "ERROR"]):
        import dataclasses

        store.eips[str(number)] = dataclasses.replace(eips(driver)[EIP], id=str(number), status=state)
    bound: list[str] = []
    driver.build(
        reuse_ips=True,
        on_running=lambda *_: bound.extend(one.id for one in eips(driver).values() if one.port_id),
    )
    assert bound == [free]


def test_an_eip_that_was_taken_meanwhile_is_replaced_by_another(driver: Any) -> None:
    driver.options(reuse_ips=True)
    (first,) = eips(driver)
    run, cloud = driver.open(reuse_ips=True)
    with run:
        source = cloud.source_image()
        reserved = cloud.reserve_address()
        assert reserved.id == first
        driver.options(floating_ip=EIP)
        machine = cloud.launch(source, cloud.login(source), cloud.network())
        eips(driver)[first].status = "ACTIVE"
        eips(driver)[first].port_id = "somebody-else-s"
        cloud.reach(machine, reserved)
        assert eips(driver)[EIP].port_id
    assert eips(driver)[first].port_id == "somebody-else-s"
    assert eips(driver)[EIP].port_id == ""


def test_no_free_eip_is_told(driver: Any) -> None:
    run, cloud = driver.open()
    object.__setattr__(cloud.context.options, "reuse_ips", True)
    with pytest.raises(NotFound, match="there is no free EIP in cn-north-4"), run:
        cloud.reserve_address()


def test_an_eip_that_fails_is_deleted(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="CreatePublicip"))
    with pytest.raises(WaitFailed, match="has ended as ERROR"):
        driver.build()
    assert driver.simulated.leftovers() == []


def test_an_eip_that_is_still_bound_is_unbound_and_deleted(driver: Any) -> None:
    """The instance could not be deleted for a while."""
    run, cloud = driver.open()
    with run:
        source = cloud.source_image()
        reserved = cloud.reserve_address()
        machine = cloud.launch(source, cloud.login(source), cloud.network())
        cloud.reach(machine, reserved)
        with pytest.raises(Conflict):
            cloud.destroy(run._owned[0].resource)
        assert eips(driver)[reserved.id].port_id == ""
        assert isinstance(machine, Machine)
    assert driver.simulated.leftovers() == []
