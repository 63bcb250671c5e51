"""The record, the critical path, the inventory, and the control interface."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from darabonba.exceptions import UnretryableException

from imagesmith_simulator.faults import Fault

LATENCIES = {"instance": 8, "stop": 5, "snapshot": 30, "image": 10, "vpc": 2, "vswitch": 1, "eip": 3, "call": 0.001}


def _build(sdk: Any, cloud: Any, *, public: bool = True) -> str:
    """A whole build, in the order in which a careful client works; returns the image."""

    def settle() -> None:
        cloud.clock.advance(60)

    vpc = sdk.do("CreateVpc").vpc_id
    eip = sdk.do("AllocateEipAddress").allocation_id if public else ""
    settle()
    vswitch = sdk.do("CreateVSwitch", vpc_id=vpc, zone_id="cn-hangzhou-h", cidr_block="172.16.0.0/24").v_switch_id
    group = sdk.do("CreateSecurityGroup", vpc_id=vpc).security_group_id
    settle()
    fields = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    body = sdk.do("RunInstances", v_switch_id=vswitch, security_group_id=group, password="S3cret-pass", **fields)
    instance = body.instance_id_sets.instance_id_set[0]
    settle()
    if public:
        sdk.do("AssociateEipAddress", allocation_id=eip, instance_id=instance)
        settle()
    sdk.do("StopInstance", instance_id=instance)
    settle()
    image = sdk.do("CreateImage", instance_id=instance, image_name="web").image_id
    settle()
    sdk.do("DeleteInstance", instance_id=instance, force=True)
    if public:
        sdk.do("ReleaseEipAddress", allocation_id=eip)
    sdk.do("DeleteSecurityGroup", security_group_id=group)
    sdk.do("DeleteVSwitch", v_switch_id=vswitch)
    sdk.do("DeleteVpc", vpc_id=vpc)
    return str(image)


def test_the_critical_path_is_the_longest_chain_of_dependent_calls(start: Any, connect: Any) -> None:
    cloud = start(latencies=LATENCIES)
    sdk = connect(cloud)
    _build(sdk, cloud)
    path = cloud.critical_path()
    assert [call.action for call in path.calls] == [
        "CreateVpc",
        "CreateVSwitch",
        "RunInstances",
        "AssociateEipAddress",
        "StopInstance",
        "CreateImage",
        "DeleteInstance",
        "DeleteSecurityGroup",
        "DeleteVpc",
    ]
    transitions = 2 + 1 + 8 + 3 + 5 + (30 + 10)
    assert path.seconds == pytest.approx(transitions + 9 * 0.001)
    assert cloud.critical_path_s(provisioning_s=100) == pytest.approx(path.seconds + 100)


def test_what_is_not_needed_does_not_lengthen_the_critical_path(start: Any, connect: Any) -> None:
    cloud = start(latencies=LATENCIES)
    sdk = connect(cloud)
    _build(sdk, cloud, public=False)
    before = cloud.critical_path_s()
    assert before == pytest.approx(2 + 1 + 8 + 5 + 40 + 8 * 0.001)
    sdk.do("CreateKeyPair", key_pair_name="unrelated")
    for _ in range(20):
        sdk.do("DescribeRegions")
    sdk.refused("DeleteVpc", vpc_id="vpc-none")
    assert cloud.critical_path_s() == before


def test_an_empty_record_has_no_critical_path(cloud: Any) -> None:
    assert (cloud.critical_path().calls, cloud.critical_path_s()) == ((), 0.0)


def test_calls_are_recorded_without_their_secrets(sdk: Any, cloud: Any) -> None:
    _build(sdk, cloud)
    net = sdk.network(cidr_block="172.16.9.0/24")
    sdk.run(net, user_data="c2VjcmV0LXVzZXItZGF0YQ==")
    assert sdk.refused("DeleteVpc", vpc_id=net.vpc).startswith("DependencyViolation")
    calls = cloud.calls()
    assert [call.number for call in calls] == list(range(1, len(calls) + 1))
    assert (calls[0].action, calls[0].product, calls[0].outcome, calls[0].status) == ("CreateVpc", "vpc", "ok", 200)
    assert (calls[-1].outcome, calls[-1].mutates, calls[-1].changed) == ("DependencyViolation.Instance", True, ())
    launch = next(call for call in calls if call.action == "RunInstances")
    assert launch.parameters["Password"] == "***"
    assert [identity[:2] for identity in launch.made] == ["d-", "i-"]
    assert all(call.started_s <= call.ended_s for call in calls)
    text = json.dumps([call.as_json() for call in calls])
    assert "S3cret-pass" not in text
    assert "c2VjcmV0LXVzZXItZGF0YQ" not in text


def test_a_lost_answer_is_recorded_with_what_it_did(sdk: Any, cloud: Any) -> None:
    cloud.faults.add(Fault(kind="lose_answer", action="CreateVpc"))
    with pytest.raises(UnretryableException):
        sdk.do("CreateVpc")
    call = cloud.calls()[-1]
    assert (call.outcome, call.fault, call.made[0][:4]) == ("cut", "lose_answer", "vpc-")


def test_the_inventory_names_what_is_there_and_leftovers_what_should_not_be(sdk: Any, cloud: Any, models: Any) -> None:
    assert cloud.inventory() == []
    image = _build(sdk, cloud)
    assert cloud.leftovers() == []
    assert sorted(line.split()[0] for line in cloud.inventory()) == ["image", "snapshot"]
    tags = [models.TagResourcesRequestTag(key="app", value="web")]
    sdk.do("TagResources", resource_type="image", resource_id=[image], tag=tags)
    (line,) = [line for line in cloud.inventory() if line.startswith("image")]
    assert f'image {image} "web": cn-hangzhou, Available, snapshot s-' in line
    assert line.endswith("tags app=web")
    eip = sdk.do("AllocateEipAddress").allocation_id
    assert [line.split()[:2] for line in cloud.leftovers()] == [["eip", f"{eip}:"]]
    (facts,) = cloud.images()
    assert (facts["id"], facts["tags"], facts["snapshots"][0]["disk"]) == (image, {"app": "web"}, "system")


def _http(cloud: Any, method: str, path: str, body: Any = None, host: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{cloud.url}/_simulator/{path}", data, method=method)
    if host:
        request.add_header("Host", host)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as reply:
        return json.loads(reply.read())


def test_other_processes_can_look_at_the_cloud(sdk: Any, cloud: Any) -> None:
    vpc = sdk.do("CreateVpc").vpc_id
    assert _http(cloud, "GET", "inventory") == [f"vpc {vpc}: cn-hangzhou, Available, 172.16.0.0/12"]
    assert _http(cloud, "GET", "leftovers") == _http(cloud, "GET", "inventory")
    assert _http(cloud, "GET", "lost") == []
    assert _http(cloud, "GET", "images") == []
    assert [call["action"] for call in _http(cloud, "GET", "calls")] == ["CreateVpc"]
    assert _http(cloud, "GET", "critical-path?provisioning_s=2")["calls"][0]["action"] == "CreateVpc"


def test_other_processes_can_drive_the_cloud(sdk: Any, cloud: Any) -> None:
    before = cloud.clock.now()
    assert _http(cloud, "POST", "clock/advance", {"seconds": 3600})["now"].endswith("Z")
    assert cloud.clock.now() - before >= 3600
    rule = {"kind": "refuse", "code": "X", "action": "CreateVpc"}
    assert _http(cloud, "POST", "faults", rule)[0]["code"] == "X"
    assert sdk.refused("CreateVpc") == "X"
    assert _http(cloud, "GET", "faults")[0]["counted"] == 1
    assert _http(cloud, "DELETE", "faults") == []
    _http(cloud, "POST", "deny", {"actions": ["CreateVpc"]})
    assert sdk.refused("CreateVpc") == "Forbidden.RAM"
    keys = _http(cloud, "POST", "attach", {"region": "cn-beijing", "vpc_id": "vpc-mine"})
    assert (keys["access_key"], keys["endpoint"]) == (cloud.access_key, cloud.url)
    assert sdk.do("DescribeVpcs", region_id="cn-beijing").vpcs.vpc[0].vpc_id == "vpc-mine"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "inventory", {}, 404),
        ("POST", "faults", {"kind": "explode"}, 400),
        ("POST", "faults", ["list"], 400),
        ("POST", "clock/advance", {}, 400),
        ("POST", "clock/advance", {"seconds": -5}, 400),
    ],
)
def test_what_the_control_interface_refuses(cloud: Any, method: str, path: str, body: Any, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        _http(cloud, method, path, body)
    assert caught.value.code == status
    assert json.loads(caught.value.read())["error"]
    caught.value.close()


def test_no_foreign_name_gets_at_the_control_interface(cloud: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        _http(cloud, "GET", "inventory", host="evil.example:80")
    assert caught.value.code == 403
    caught.value.close()
