"""The instance's life: zones, the lease, the console, stopping; and how few calls a build takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import NotFound, OutOfStock, WaitFailed, WaitTimeout
from imagesmith.interfaces import Machine
from imagesmith.lifecycle import Policy
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.faults import Fault
from tests.effects import shows

ZONES = ("cn-north-4a", "cn-north-4b", "cn-north-4c", "cn-north-4g")


def sold_out(driver: Any, *zones: str, hidden: bool = True) -> None:
    world = driver.simulated.world
    (world.hidden_sold_out if hidden else world.sold_out).update((zone, "") for zone in zones)


def test_a_build_takes_few_calls(driver: Any) -> None:
    driver.build()
    assert len(driver.actions()) <= 34
    assert driver.simulated.leftovers() == []


def test_everything_is_looked_up_before_anything_is_made(driver: Any) -> None:
    driver.build()
    first_write = next(number for number, call in enumerate(driver.simulated.calls()) if call.mutates)
    assert {"ListImages", "NovaListAvailabilityZones", "ListFlavors"} <= set(driver.actions()[:first_write])


def test_another_zone_is_tried_where_one_turns_out_to_be_sold_out(driver: Any) -> None:
    sold_out(driver, *ZONES[:3])
    built = driver.build()
    tried = [sent["server.availability_zone"] for sent in driver.sent("CreatePostPaidServers")]
    assert built.machine.zone == tried[-1] == "cn-north-4g"
    assert len(driver.sent("DeleteServers")) == len(tried)
    assert driver.simulated.leftovers() == []


def test_what_failed_in_a_zone_is_gone_before_the_next_is_tried(driver: Any) -> None:
    sold_out(driver, *ZONES)
    with pytest.raises(OutOfStock):
        driver.build()
    order = [action for action in driver.actions() if action in ("CreatePostPaidServers", "DeleteServers")]
    assert order == ["CreatePostPaidServers", "DeleteServers"] * 4


def test_sold_out_everywhere_names_every_zone(driver: Any) -> None:
    sold_out(driver, *ZONES)
    with pytest.raises(OutOfStock) as error:
        driver.build()
    assert all(zone in str(error.value) for zone in ZONES)
    assert "No valid host was found" in str(error.value)
    assert error.value.code == "Ecs.0319"
    assert driver.simulated.leftovers() == []


def test_a_flavor_that_no_zone_sells_is_told_before_anything_is_made(driver: Any) -> None:
    sold_out(driver, *ZONES, hidden=False)
    with pytest.raises(OutOfStock, match=r'no zone of cn-north-4 sells the flavor "s6\.large\.2" now'):
        driver.build()
    assert not any(call.mutates for call in driver.simulated.calls())


def test_only_zones_that_sell_the_flavor_are_tried(driver: Any) -> None:
    sold_out(driver, *ZONES[1:], hidden=False)
    assert driver.build().machine.zone == "cn-north-4a"
    assert len(driver.sent("CreatePostPaidServers")) == 1


@shows(HuaweicloudEcs, "availability_zone")
def test_the_template_s_zone_is_the_only_one(driver: Any) -> None:
    sold_out(driver, "cn-north-4b")
    with pytest.raises(OutOfStock, match="sold out in cn-north-4b"):
        driver.build(availability_zone="cn-north-4b")
    assert len(driver.sent("CreatePostPaidServers")) == 1


def test_a_zone_that_there_is_not(driver: Any) -> None:
    with pytest.raises(NotFound, match='there is no zone "eu-west-0a"'):
        driver.build(availability_zone="eu-west-0a")


def test_zones_are_chosen_at_random(driver: Any) -> None:
    from imagesmith_huaweicloud.zones import zones_in_order

    _run, cloud = driver.open()
    assert len({tuple(zones_in_order(cloud.context)) for _ in range(20)}) > 1


@shows(HuaweicloudEcs, "release_after")
def test_the_instance_carries_a_lease_that_is_renewed(driver: Any) -> None:
    def times() -> list[str]:
        return [server.auto_terminate_time for server in driver.simulated._store.servers.values()]

    def renew(cloud: Any, machine: Machine) -> None:
        (before,) = times()
        object.__setattr__(cloud.context.options, "release_after", 7200.0)
        cloud.renew(machine)
        assert times()[0] > before

    driver.build(on_running=renew, release_after=5400.0)
    (sent,) = driver.sent("CreatePostPaidServers")
    soon, late = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after)) for after in (4800, 5500))
    assert soon < sent["server.auto_terminate_time"] < late


def test_the_cloud_deletes_an_instance_that_nobody_renews(driver: Any) -> None:
    run, cloud = driver.open(policy=Policy(on_error="abort"), communicator="none")
    with run:
        source = cloud.source_image()
        machine = cloud.launch(source, cloud.login(source), cloud.network())
        driver.simulated.clock.advance(3800)
        with pytest.raises(WaitFailed, match="is gone"):
            cloud.stop(machine)


def test_the_request_is_the_same_when_it_is_repeated(driver: Any) -> None:
    """A client token is refused when anything else differs, the auto-terminate time too."""
    driver.simulated.faults.add(Fault(kind="lose_answer", action="CreatePostPaidServers", times=2))
    driver.build()
    first, *others = driver.sent("CreatePostPaidServers")
    assert others == [first, first]
    assert len({call for call in driver.actions() if call == "DeleteServers"}) == 1


def test_the_console_is_read(driver: Any) -> None:
    seen: list[str] = []
    driver.build(on_running=lambda cloud, machine: seen.append(cloud.console(machine)))
    assert isinstance(seen[0], str)
    assert driver.sent("ShowServerConsoleOutput")[0]["length"] == "500"


def test_the_instance_is_stopped_softly(driver: Any) -> None:
    driver.build()
    assert [sent["os-stop.type"] for sent in driver.sent("BatchStopServers")] == ["SOFT"]


def test_a_guest_that_does_not_listen_has_its_power_cut(driver: Any, tmp_path: Path) -> None:
    """An image is never taken of an instance that runs."""
    driver.simulated.faults.add(Fault(kind="end_state", action="BatchStopServers"))
    driver.build(stop_timeout=30.0)
    assert [sent["os-stop.type"] for sent in driver.sent("BatchStopServers")] == ["SOFT", "HARD"]
    assert "cutting its power" in driver.said()


def test_an_instance_that_can_t_be_stopped_gives_no_image(driver: Any) -> None:
    driver.simulated.faults.add(Fault(kind="end_state", action="BatchStopServers", times=9))
    with pytest.raises(WaitTimeout, match="is still ACTIVE"):
        driver.build(stop_timeout=30.0)
    assert "CreateImage" not in driver.actions()
    assert driver.simulated.leftovers() == []


def test_an_instance_that_stops_by_itself_is_waited_for(driver: Any) -> None:
    def power_off(_cloud: Any, _machine: Machine) -> None:
        (server,) = driver.simulated._store.servers.values()
        driver.simulated._account.servers.guest_powered_off(server)

    driver.build(on_running=power_off, disable_stop_instance=True)
    assert "BatchStopServers" not in driver.actions()


@shows(HuaweicloudEcs, "disable_stop_instance", "stop_timeout")
def test_an_instance_that_should_stop_by_itself_and_does_not(driver: Any) -> None:
    with pytest.raises(WaitTimeout, match="after 60 s") as late:
        driver.build(disable_stop_instance=True, stop_timeout=60.0)
    assert "a provisioner has to shut the guest down" in late.value.hint
    assert "BatchStopServers" not in driver.actions()
    assert driver.simulated.leftovers() == []


def test_an_instance_that_is_off_already_is_no_error(driver: Any) -> None:
    def power_off(_cloud: Any, _machine: Machine) -> None:
        (server,) = driver.simulated._store.servers.values()
        driver.simulated._account.servers.guest_powered_off(server)

    driver.build(on_running=power_off)
    assert len(driver.simulated.images()) == 1


@shows(HuaweicloudEcs, "instance_ready_timeout")
def test_the_wait_for_the_instance_has_its_own_deadline(driver: Any, tmp_path: Path) -> None:
    from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

    with SimulatedHuaweicloud.start(machines="none", latencies={"server": 500.0}) as slow:
        other = type(driver)(slow, tmp_path / "other")
        driver.ledgers = other.ledgers
        with pytest.raises(WaitTimeout, match="after 100 s") as late:
            other.build(instance_ready_timeout=100.0)
        assert "instance_ready_timeout" in late.value.hint
        assert slow.leftovers() == []
