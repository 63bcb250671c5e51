"""Faults by rule, rate limits: what the client sees, and what has happened in the cloud."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from darabonba.exceptions import UnretryableException

from imagesmith_simulator.faults import Fault, Faults


def _vpcs(cloud: Any) -> int:
    return len([line for line in cloud.inventory() if line.startswith("vpc")])


def test_a_refusal_has_the_code_and_status_that_were_asked_for(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="refuse", action="CreateVpc", code="Forbidden.Strange", status=403))
    with pytest.raises(ClientException) as caught:
        sdk.do("CreateVpc")
    assert (caught.value.code, caught.value.status_code) == ("Forbidden.Strange", 403)
    assert _vpcs(cloud) == 0
    sdk.do("CreateVpc")


def test_the_nth_call_of_an_action_and_so_many_after_it(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="refuse", action="CreateVpc", code="X", nth=2, times=2))
    outcomes = []
    for _ in range(4):
        sdk.do("DescribeRegions")
        try:
            sdk.do("CreateVpc")
            outcomes.append("ok")
        except ClientException as error:
            outcomes.append(str(error.code))
    assert outcomes == ["ok", "X", "X", "ok"]


def test_the_nth_call_of_all(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="refuse", code="X", nth=3))
    sdk.do("CreateVpc")
    sdk.do("DescribeRegions")
    assert sdk.refused("DescribeVpcs") == "X"
    sdk.do("DescribeVpcs")


def test_a_throttled_call_with_and_without_the_time_to_come_again(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="throttle", action="CreateVpc", times=1))
    cloud.faults.add(Fault(kind="throttle", action="CreateVpc", nth=2, seconds=1.5))
    with pytest.raises(ClientException) as plain:
        sdk.do("CreateVpc")
    assert plain.value.code == "Throttling.User"
    with pytest.raises(ThrottlingException) as told:
        sdk.do("CreateVpc")
    assert (told.value.code, told.value.retry_after) == ("Throttling.User", 1500)
    assert _vpcs(cloud) == 0


def test_a_server_error(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="error_5xx", action="CreateVpc"))
    cloud.faults.add(Fault(kind="error_5xx", action="CreateVpc", nth=2, code="InternalError", status=500))
    for code, status in (("ServiceUnavailable", 503), ("InternalError", 500)):
        with pytest.raises(ServerException) as caught:
            sdk.do("CreateVpc")
        assert (caught.value.code, caught.value.status_code) == (code, status)
    assert _vpcs(cloud) == 0


@pytest.mark.parametrize(("kind", "made"), [("cut", 0), ("lose_answer", 1), ("html_502", 0)])
def test_a_broken_connection_before_and_after_the_work(sdk: Any, cloud: Any, kind: str, made: int) -> None:
    sdk.do("DescribeRegions")
    cloud.faults.add(Fault(kind=kind, action="CreateVpc"))  # type: ignore[arg-type]
    with pytest.raises(UnretryableException):
        sdk.do("CreateVpc", client_token="t-1")
    assert _vpcs(cloud) == made
    assert (cloud.calls()[-1].fault, cloud.calls()[-1].status) == (kind, 502 if kind == "html_502" else 0)
    sdk.do("CreateVpc", client_token="t-1")
    assert _vpcs(cloud) == 1


def test_a_slow_call_takes_its_time_on_the_simulated_clock(start: Any, connect: Any) -> None:
    cloud = start(speed=20)
    sdk = connect(cloud)
    sdk.do("DescribeRegions")
    cloud.faults.add(Fault(kind="slow", action="CreateVpc", seconds=10))
    began = time.monotonic()
    sdk.do("CreateVpc")
    assert 0.45 <= time.monotonic() - began < 3


def test_every_call_has_its_latency(start: Any, connect: Any) -> None:
    cloud = start(latencies={"call": 0.2})
    sdk = connect(cloud)
    began = time.monotonic()
    sdk.do("DescribeRegions")
    assert time.monotonic() - began >= 0.2


def test_closing_ends_calls_that_are_held(start: Any, connect: Any) -> None:
    cloud = start()
    sdk = connect(cloud)
    cloud.faults.add(Fault(kind="slow", action="CreateVpc", seconds=3600))
    ended = threading.Event()

    def call() -> None:
        with contextlib.suppress(UnretryableException):
            sdk.do("CreateVpc")
        ended.set()

    thread = threading.Thread(target=call)
    thread.start()
    while not cloud.calls():
        threading.Event().wait(0.01)
    cloud.close()
    assert ended.wait(5)
    thread.join()


def test_calls_beyond_the_rate_are_throttled(sdk: Any, cloud: Any) -> None:
    cloud.limit(0.001)
    sdk.do("DescribeRegions")
    assert sdk.refused("DescribeRegions") == "Throttling.User"
    cloud.clock.advance(1000)
    sdk.do("DescribeRegions")
    cloud.limit(0.001, tell_when=True)
    sdk.do("DescribeRegions")
    with pytest.raises(ThrottlingException) as caught:
        sdk.do("DescribeRegions")
    assert caught.value.retry_after > 900_000
    cloud.limit(None)
    sdk.do("DescribeRegions")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "explode"}, "no fault of the kind"),
        ({"kind": "cut", "nth": 0}, "count from 1"),
        ({"kind": "cut", "times": 0}, "count from 1"),
        ({"kind": "refuse"}, "needs the code"),
        ({"kind": "cut", "acton": "X"}, "has no acton"),
        ({}, "needs its kind"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault.from_json(rule)


def test_rules_count_for_themselves_and_can_be_dropped() -> None:
    faults = Faults()
    faults.add(Fault(kind="cut", action="A", nth=2))
    faults.add(Fault(kind="slow", nth=2))
    matched = [faults.match(action) for action in ("A", "B", "A")]
    assert [fault and fault.kind for fault in matched] == [None, "slow", "cut"]
    assert [rule["counted"] for rule in faults.rules()] == [2, 3]
    faults.clear()
    assert faults.match("A") is None
