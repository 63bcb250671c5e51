"""Servers: made by a job, shown as they were asked for, found, stopped, started, deleted, terminated."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imagesmith.errors import Conflict, NotFound, OutOfStock, QuotaExceeded
from imagesmith_huaweicloud.sdk import ecs, eip, vpc
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import FLAVOR, UBUNTU, ZONE, Sdk
from tests.simulator.huaweicloud.conftest import Start

ARM = "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0006"
WINDOWS = "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0007"
NOBODY = "00000000-0000-4000-8000-000000000000"


def job(sdk: Sdk, answer: Any) -> Any:
    return sdk.do(ecs.ShowJobRequest(job_id=answer["job_id"]))


def volume(**fields: Any) -> Any:
    return ecs.PostPaidServerDataVolume(**{"volumetype": "SSD", "size": 20, **fields})


def delete(*servers: str, **fields: Any) -> Any:
    body = ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=identity) for identity in servers], **fields)
    return ecs.DeleteServersRequest(body=body)


def start_request(*servers: str) -> Any:
    option = ecs.BatchStartServersOption(servers=[ecs.ServerId(id=identity) for identity in servers])
    return ecs.BatchStartServersRequest(body=ecs.BatchStartServersRequestBody(os_start=option))


def terminate_at(server: str, at: str) -> Any:
    body = ecs.UpdateServerAutoTerminateTimeRequestBody(auto_terminate_time=at)
    return ecs.UpdateServerAutoTerminateTimeRequest(server_id=server, body=body)


def in_an(cloud: SimulatedHuaweicloud, **time: float) -> str:
    return (datetime.fromtimestamp(cloud.clock.now(), UTC) + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_server_is_build_until_its_job_is_done(start: Start) -> None:
    cloud = start(latencies={"server": 60.0})
    sdk = Sdk(cloud)
    answer = sdk.do(sdk.launch())
    server = answer["serverIds"][0]
    seen = job(sdk, answer)
    assert (seen["status"], seen["job_type"], seen["entities"]["sub_jobs_total"]) == ("INIT", "createServer", 1)
    assert seen["entities"]["sub_jobs"][0]["entities"]["server_id"] == server
    assert (sdk.shown(server)["status"], sdk.shown(server)["OS-EXT-STS:task_state"]) == ("BUILD", "spawning")
    cloud.clock.advance(30)
    assert job(sdk, answer)["status"] == "RUNNING"
    cloud.clock.advance(30)
    seen = job(sdk, answer)
    assert (seen["status"], seen["fail_reason"], seen["entities"]["sub_jobs"][0]["status"]) == (
        "SUCCESS",
        None,
        "SUCCESS",
    )
    shown = sdk.shown(server)
    assert (shown["status"], shown["OS-EXT-STS:vm_state"], shown["OS-EXT-STS:task_state"]) == ("ACTIVE", "active", None)


def test_what_is_asked_for_is_what_is_shown(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    at = in_an(cloud, hours=1)
    server = sdk.server(
        description="of a test",
        metadata={"agency_name": "builder", "purpose": "test"},
        server_tags=[ecs.PostPaidServerTag(key="imagesmith.token", value="t1")],
        auto_terminate_time=at,
        user_data=base64.b64encode(b"#!/bin/sh\necho hi\n").decode(),
        root_volume=ecs.PostPaidServerRootVolume(
            volumetype="GPSSD2",
            size=60,
            iops=4000,
            throughput=150,
            metadata=ecs.PostPaidServerRootVolumeMetadata(system__encrypted="1", system__cmkid="a-key"),
        ),
        data_volumes=[volume(size=100), volume(volumetype="SAS", delete_on_termination=True)],
        extendparam=ecs.PostPaidServerExtendParam(
            charging_mode=0, enterprise_project_id="eps-1", market_type="spot", spot_price="0.5"
        ),
    )
    shown = sdk.shown(server)
    assert (shown["description"], shown["tags"]) == ("of a test", ["imagesmith.token=t1"])
    assert (shown["metadata"]["agency_name"], shown["metadata"]["purpose"]) == ("builder", "test")
    assert (shown["metadata"]["charging_mode"], shown["enterprise_project_id"]) == ("2", "eps-1")
    assert shown["auto_terminate_time"] == f"{at[:-3]}00Z"
    assert base64.b64decode(shown["OS-EXT-SRV-ATTR:user_data"]) == b"#!/bin/sh\necho hi\n"
    assert (shown["flavor"]["id"], shown["image"]["id"]) == (FLAVOR, UBUNTU)
    assert shown["OS-EXT-AZ:availability_zone"] == ZONE
    disks = sdk.disks(server)
    assert [(disk["device"], disk["size"]) for disk in disks] == [("/dev/vda", 60), ("/dev/vdb", 100), ("/dev/vdc", 20)]
    assert [disk["bootIndex"] == 0 for disk in disks] == [True, False, False]
    with cloud.clock.lock:
        root = cloud._store.volumes[disks[0]["volumeId"]]
        assert (root.encrypted, root.kms_key_id, root.iops, root.throughput) == (True, "a-key", 4000, 150)
        assert cloud._store.servers[server].agency_name == "builder"
        assert cloud._store.servers[server].spot_price == "0.5"


def test_without_a_zone_one_is_taken_that_has_the_flavor(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.world.sold_out.add(("cn-north-4a", FLAVOR))
    cloud.world.unavailable.add("cn-north-4b")
    server = sdk.server(availability_zone=None)
    assert sdk.shown(server)["OS-EXT-AZ:availability_zone"] == "cn-north-4c"


def test_interfaces_are_made_in_subnets_and_existing_ones_are_kept(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    port, group = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    vpc_id, subnet = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
    cloud.adopt(
        {"region": "cn-north-4", "vpc_id": vpc_id, "subnets": [subnet], "ports": [port], "security_groups": [group]}
    )
    nics = [ecs.PostPaidServerNic(subnet_id=subnet, ipv6_enable=True), ecs.PostPaidServerNic(port_id=port)]
    server = sdk.server(vpcid=vpc_id, nics=nics, security_groups=[ecs.PostPaidServerSecurityGroup(id=group)])
    found = sdk.do(ecs.ListServerInterfacesRequest(server_id=server))["interfaceAttachments"]
    assert (found[1]["port_id"], found[1]["net_id"], found[1]["delete_on_termination"]) == (port, subnet, False)
    addresses = sdk.shown(server)["addresses"][vpc_id]
    assert [(address["version"], address["primary"]) for address in addresses] == [
        ("4", True),
        ("6", True),
        ("4", False),
    ]
    assert {entry["id"] for entry in sdk.shown(server)["security_groups"]} >= {group}
    again = sdk.refused(sdk.launch(vpcid=vpc_id, nics=[ecs.PostPaidServerNic(port_id=port)]))
    assert again.code == "Ecs.0010"
    sdk.do(delete(server))
    ports = sdk.do(vpc.ListPortsRequest(network_id=subnet))["ports"]
    assert [(entry["id"], entry["device_id"]) for entry in ports] == [(port, "")]


def test_without_a_group_the_projects_default_is_taken(sdk: Sdk) -> None:
    assert [group["name"] for group in sdk.shown(sdk.server())["security_groups"]] == ["default"]


def test_an_eip_of_ones_own_stays_and_one_made_with_the_server_goes(sdk: Sdk) -> None:
    mine = sdk.address()["id"]
    first = sdk.server(publicip=ecs.PostPaidServerPublicip(id=mine))
    seen = sdk.do(eip.ShowPublicipRequest(publicip_id=mine))["publicip"]
    assert seen["status"] == "ACTIVE"
    assert seen["public_ip_address"] in _public(sdk, first)
    band = ecs.PostPaidServerEipBandwidth(size=5, sharetype="PER", chargemode="traffic")
    made = ecs.PostPaidServerPublicip(
        eip=ecs.PostPaidServerEip(iptype="5_bgp", bandwidth=band), delete_on_termination=True
    )
    second = sdk.server(publicip=made)
    assert len(_public(sdk, second)) == 1
    assert len(sdk.do(eip.ListPublicipsRequest())["publicips"]) == 2
    sdk.do(delete(first, second))
    left = sdk.do(eip.ListPublicipsRequest())["publicips"]
    assert [(one["id"], one["status"]) for one in left] == [(mine, "DOWN")]


def test_delete_publicip_deletes_ones_own_eip_too(sdk: Sdk) -> None:
    server = sdk.server(publicip=ecs.PostPaidServerPublicip(id=sdk.address()["id"]))
    sdk.do(delete(server, delete_publicip=True))
    assert sdk.do(eip.ListPublicipsRequest())["publicips"] == []


def _public(sdk: Sdk, server: str) -> list[str]:
    addresses = [address for network in sdk.shown(server)["addresses"].values() for address in network]
    return [address["addr"] for address in addresses if address["OS-EXT-IPS:type"] == "floating"]


REFUSALS: dict[str, tuple[Callable[[Sdk], dict[str, Any]], str]] = {
    "no such flavor": (lambda _: {"flavor_ref": "x9.huge.1"}, "Ecs.0029"),
    "no such image": (lambda _: {"image_ref": NOBODY}, "Ecs.0031"),
    "an image of another architecture": (lambda _: {"image_ref": ARM}, "Ecs.0007"),
    "no such VPC": (lambda _: {"vpcid": NOBODY, "nics": [ecs.PostPaidServerNic(subnet_id=NOBODY)]}, "Ecs.0014"),
    "no such subnet": (lambda _: {"nics": [ecs.PostPaidServerNic(subnet_id=NOBODY)]}, "Ecs.0038"),
    "a subnet of another VPC": (lambda s: {"nics": [ecs.PostPaidServerNic(subnet_id=s.subnet()["id"])]}, "Ecs.0014"),
    "no interface": (lambda _: {"nics": []}, "Ecs.0005"),
    "no such group": (lambda _: {"security_groups": [ecs.PostPaidServerSecurityGroup(id=NOBODY)]}, "Ecs.0005"),
    "no such zone": (lambda _: {"availability_zone": "cn-north-4z"}, "Ecs.0005"),
    "no such key pair": (lambda _: {"key_name": "nobodys"}, "Ecs.0005"),
    "a weak password": (lambda _: {"admin_pass": "password"}, "Ecs.0011"),
    "user data that are not base64": (lambda _: {"user_data": "#!/bin/sh"}, "Ecs.0005"),
    "a disk type that is not sold": (
        lambda _: {"root_volume": ecs.PostPaidServerRootVolume(volumetype="TAPE")},
        "Ecs.0043",
    ),
    "a system disk too small for the image": (
        lambda _: {"root_volume": ecs.PostPaidServerRootVolume(volumetype="SSD", size=20)},
        "Ecs.0005",
    ),
    "iops for a disk that has none": (
        lambda _: {"root_volume": ecs.PostPaidServerRootVolume(volumetype="SSD", iops=5000)},
        "Ecs.0005",
    ),
    "encryption without a key": (
        lambda _: {"data_volumes": [volume(metadata=ecs.PostPaidServerDataVolumeMetadata(system__encrypted="1"))]},
        "Ecs.0005",
    ),
    "a data disk of a system image": (lambda _: {"data_volumes": [volume(data_image_id=UBUNTU)]}, "Ecs.0032"),
    "a data disk without a size": (lambda _: {"data_volumes": [volume(size=0)]}, "Ecs.0005"),
    "too many disks": (lambda _: {"data_volumes": [volume()] * 24}, "Ecs.0042"),
    "no such EIP": (lambda _: {"publicip": ecs.PostPaidServerPublicip(id=NOBODY)}, "Ecs.0005"),
    "a description that is too long": (lambda _: {"description": "x" * 86}, "Ecs.0041"),
    "eleven tags": (
        lambda _: {"server_tags": [ecs.PostPaidServerTag(key=f"k{n}", value="v") for n in range(11)]},
        "Ecs.0005",
    ),
    "a name with a blank": (lambda _: {"name": "my server"}, "Ecs.0005"),
    "a price for what is not spot": (
        lambda _: {"extendparam": ecs.PostPaidServerExtendParam(charging_mode=0, spot_price="1")},
        "Ecs.0005",
    ),
    "a time that is too near": (lambda s: {"auto_terminate_time": in_an(s.cloud, minutes=20)}, "Ecs.0005"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused_at_once(sdk: Sdk, case: str) -> None:
    fields, code = REFUSALS[case]
    assert sdk.refused(sdk.launch(**fields(sdk))).code == code
    assert not [line for line in sdk.cloud.inventory() if line.split(" ")[0] in ("server", "volume", "port", "eip")]


def test_user_data_may_have_32_kb_and_not_a_byte_more(sdk: Sdk) -> None:
    sdk.server(user_data=base64.b64encode(b"#" * 32 * 1024).decode())
    refusal = sdk.refused(sdk.launch(user_data=base64.b64encode(b"#" * (32 * 1024 + 1)).decode()))
    assert "32 KB" in str(refusal)


def test_a_flavor_that_is_sold_out_is_refused_at_once_and_marked_in_the_list(sdk: Sdk) -> None:
    sdk.cloud.world.sold_out.add((ZONE, FLAVOR))
    refusal = sdk.refused(sdk.launch())
    assert isinstance(refusal, OutOfStock)
    assert refusal.code == "Ecs.0319"
    specs = sdk.do(ecs.ListFlavorsRequest(flavor_id=FLAVOR))["flavors"][0]["os_extra_specs"]
    states = dict(part.rstrip(")").split("(") for part in specs["cond:operation:az"].split(","))
    assert states == {ZONE: "sellout", "cn-north-4b": "normal", "cn-north-4c": "normal", "cn-north-4g": "normal"}
    policies = sdk.do(ecs.ListFlavorSellPoliciesRequest(flavor_id=FLAVOR, sell_mode="postPaid", sell_status="sellout"))
    assert [policy["availability_zone_id"] for policy in policies["sell_policies"]] == [ZONE]


def test_a_flavor_that_is_sold_out_without_anybody_knowing_fails_the_job_and_leaves_the_server(sdk: Sdk) -> None:
    sdk.cloud.world.hidden_sold_out.add((ZONE, FLAVOR))
    answer = sdk.do(sdk.launch())
    failed = job(sdk, answer)
    assert (failed["status"], failed["error_code"]) == ("FAIL", "Common.0021")
    sub = failed["entities"]["sub_jobs"][0]
    assert (sub["status"], sub["error_code"]) == ("FAIL", "Ecs.0319")
    assert "No valid host" in sub["fail_reason"]
    assert "No valid host" in failed["fail_reason"]
    server = answer["serverIds"][0]
    shown = sdk.shown(server)
    assert (shown["status"], "No valid host" in shown["fault"]["message"]) == ("ERROR", True)
    assert job(sdk, sdk.do(delete(server)))["status"] == "SUCCESS"
    assert not [line for line in sdk.cloud.inventory() if line.startswith(("server", "volume", "port"))]


def test_a_failed_server_may_vanish_by_itself_too(sdk: Sdk) -> None:
    sdk.cloud.world.hidden_sold_out.add((ZONE, ""))
    sdk.cloud.world.keeps_failed = False
    answer = sdk.do(sdk.launch())
    assert job(sdk, answer)["status"] == "FAIL"
    assert isinstance(sdk.refused(ecs.ShowServerRequest(server_id=answer["serverIds"][0])), NotFound)


@pytest.mark.parametrize(
    ("action", "request_for", "state"),
    [
        ("CreatePostPaidServers", None, "ERROR"),
        ("BatchStopServers", lambda sdk, server: sdk.stop(server), "ACTIVE"),
        ("DeleteServers", lambda sdk, server: delete(server), "ACTIVE"),
    ],
)
def test_a_doomed_job_fails_and_nothing_hangs(sdk: Sdk, action: str, request_for: Any, state: str) -> None:
    server = sdk.server() if request_for else ""
    sdk.cloud.faults.add(Fault(kind="end_state", action=action))
    answer = sdk.do(request_for(sdk, server) if request_for else sdk.launch())
    failed = job(sdk, answer)
    assert failed["status"] == failed["entities"]["sub_jobs"][0]["status"] == "FAIL"
    shown = sdk.shown(server or answer["serverIds"][0])
    assert (shown["status"], shown["OS-EXT-STS:task_state"]) == (state, None)


def test_a_dry_run_checks_all_and_makes_nothing(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    before = list(cloud.inventory())
    subnet = sdk.subnet()
    nics = [ecs.PostPaidServerNic(subnet_id=subnet["id"])]
    assert sdk.do(sdk.launch(dry_run=True, vpcid=subnet["vpc_id"], nics=nics)) == {}
    assert cloud.calls()[-1].status == 202
    refusal = sdk.refused(sdk.launch(dry_run=True, vpcid=subnet["vpc_id"], nics=nics, flavor_ref="x9.huge.1"))
    assert refusal.code == "Ecs.0029"
    assert len(cloud.inventory()) == len(before) + 2


def test_the_same_client_token_makes_no_second_server(sdk: Sdk) -> None:
    subnet = sdk.subnet()
    fields = {"vpcid": subnet["vpc_id"], "nics": [ecs.PostPaidServerNic(subnet_id=subnet["id"])]}
    first = sdk.do(sdk.launch("token-1", **fields))
    assert sdk.do(sdk.launch("token-1", **fields)) == first
    assert sdk.do(sdk.launch("token-2", **fields))["serverIds"] != first["serverIds"]
    assert sdk.refused(sdk.launch("token-1", **fields, description="another")).code == "Ecs.0005"
    assert len(sdk.do(ecs.ListCloudServersRequest())["servers"]) == 2


def test_servers_are_found_by_id_name_tag_state_and_address(sdk: Sdk) -> None:
    subnet = sdk.subnet()
    net = {"vpcid": subnet["vpc_id"], "nics": [ecs.PostPaidServerNic(subnet_id=subnet["id"])]}
    web = sdk.server(**net, name="web-1", server_tags=[ecs.PostPaidServerTag(key="run", value="a")])
    api = sdk.server(**net, name="api-1", server_tags=[ecs.PostPaidServerTag(key="run", value="b")], stopped=True)

    def cloud_servers(**query: Any) -> list[str]:
        return [server["id"] for server in sdk.do(ecs.ListCloudServersRequest(**query))["servers"]]

    def details(**query: Any) -> list[str]:
        return [server["id"] for server in sdk.do(ecs.ListServersDetailsRequest(**query))["servers"]]

    def tagged(action: str = "filter", **fields: Any) -> Any:
        return sdk.do(ecs.ListServersByTagRequest(body=ecs.ListServersByTagRequestBody(action=action, **fields)))

    assert set(cloud_servers()) == set(details()) == {web, api}
    assert cloud_servers(id=web) == cloud_servers(name="web") == cloud_servers(tags="run=a") == [web]
    assert details(status="SHUTOFF") == details(tags="run=b") == details(server_id=api) == [api]
    address = sdk.do(ecs.ListServerInterfacesRequest(server_id=web))["interfaceAttachments"][0]["fixed_ips"][0]
    assert details(ip_eq=address["ip_address"]) == [web]
    assert details(limit=1, offset=2) != details(limit=1, offset=1)
    assert cloud_servers(limit=1, marker=cloud_servers(limit=1)[0]) == cloud_servers()[1:]
    by_value = tagged(tags=[ecs.ServerTags(key="run", values=["a"])])
    assert [entry["resource_id"] for entry in by_value["resources"]] == [web]
    assert by_value["resources"][0]["tags"] == [{"key": "run", "value": "a"}]
    assert tagged("count", tags=[ecs.ServerTags(key="run", values=[])]) == {"total_count": 2}
    assert tagged(tags=[ecs.ServerTags(key="run", values=["z"])])["resources"] == []


def test_what_is_new_is_missing_in_lists_for_a_while(start: Start) -> None:
    cloud = start(latencies={"lists": 5.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    assert sdk.do(ecs.ListCloudServersRequest())["servers"] == []
    assert sdk.shown(server)["id"] == server
    cloud.clock.advance(5)
    assert len(sdk.do(ecs.ListCloudServersRequest())["servers"]) == 1


def test_tags_are_added_and_taken_off(sdk: Sdk) -> None:
    server = sdk.server(server_tags=[ecs.PostPaidServerTag(key="a", value="1")])

    def change(action: str, key: str, value: str | None = None) -> Any:
        body = ecs.BatchCreateServerTagsRequestBody(action=action, tags=[ecs.BatchAddServerTag(key=key, value=value)])
        return ecs.BatchCreateServerTagsRequest(server_id=server, body=body)

    sdk.do(change("create", "b", "2"))
    assert sdk.shown(server)["tags"] == ["a=1", "b=2"]
    sdk.do(change("delete", "a"))
    assert sdk.do(ecs.ShowServerTagsRequest(server_id=server))["tags"] == [{"key": "b", "value": "2"}]


def test_stop_and_start_walk_through_their_states(start: Start) -> None:
    cloud = start(latencies={"stop": 10.0, "server": 40.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    refusal = sdk.refused(sdk.stop(server))
    assert isinstance(refusal, Conflict)
    assert (refusal.code, "BUILD" in str(refusal)) == ("Ecs.0100", True)
    cloud.clock.advance(40)
    answer = sdk.do(sdk.stop(server, "SOFT"))
    assert (sdk.shown(server)["status"], sdk.shown(server)["OS-EXT-STS:task_state"]) == ("ACTIVE", "powering-off")
    assert sdk.refused(sdk.stop(server, "SOFT")).code == "Ecs.0100"
    forced = sdk.do(sdk.stop(server, "HARD"))
    cloud.clock.advance(10)
    assert job(sdk, answer)["status"] == job(sdk, forced)["status"] == "SUCCESS"
    assert sdk.shown(server)["status"] == "SHUTOFF"
    assert sdk.refused(sdk.stop(server)).code == "Ecs.0100"
    answer = sdk.do(start_request(server))
    assert sdk.shown(server)["OS-EXT-STS:task_state"] == "powering-on"
    cloud.clock.advance(20)
    assert (job(sdk, answer)["status"], sdk.shown(server)["status"]) == ("SUCCESS", "ACTIVE")
    assert sdk.refused(start_request(server)).code == "Ecs.0100"
    assert sdk.refused(sdk.stop(NOBODY)).code == "Ecs.0114"


def test_a_restart_ends_where_it_began(start: Start) -> None:
    cloud = start(latencies={"stop": 10.0, "server": 40.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    cloud.clock.advance(40)
    option = ecs.BatchRebootSeversOption(servers=[ecs.ServerId(id=server)], type="SOFT")
    answer = sdk.do(ecs.BatchRebootServersRequest(body=ecs.BatchRebootServersRequestBody(reboot=option)))
    assert sdk.shown(server)["OS-EXT-STS:task_state"] == "rebooting"
    cloud.clock.advance(30)
    assert (job(sdk, answer)["status"], sdk.shown(server)["status"]) == ("SUCCESS", "ACTIVE")


def test_a_deleted_server_is_there_until_its_job_is_done_and_then_not_found(start: Start) -> None:
    cloud = start(latencies={"delete": 10.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    answer = sdk.do(delete(server))
    assert sdk.shown(server)["OS-EXT-STS:task_state"] == "deleting"
    sdk.do(delete(server))
    cloud.clock.advance(10)
    assert job(sdk, answer)["status"] == "SUCCESS"
    refusal = sdk.refused(ecs.ShowServerRequest(server_id=server))
    assert isinstance(refusal, NotFound)
    assert (refusal.code, refusal.status) == ("Ecs.0114", 404)
    assert isinstance(sdk.refused(delete(server)), NotFound)


def test_a_server_can_be_deleted_while_it_is_made(start: Start) -> None:
    cloud = start(latencies={"server": 60.0})
    sdk = Sdk(cloud)
    answer = sdk.do(sdk.launch())
    sdk.do(delete(*answer["serverIds"]))
    cloud.clock.advance(60)
    assert job(sdk, answer)["status"] == "FAIL"
    assert not [line for line in cloud.inventory() if line.startswith(("server", "volume", "port"))]


def test_data_disks_stay_unless_they_are_to_go(sdk: Sdk) -> None:
    stays, goes = volume(), volume(delete_on_termination=True)
    server = sdk.server(data_volumes=[stays, goes])
    sdk.do(delete(server))
    assert len([line for line in sdk.cloud.inventory() if line.startswith("volume")]) == 1
    other = sdk.server(data_volumes=[volume()])
    sdk.do(delete(other, delete_volume=True))
    assert len([line for line in sdk.cloud.inventory() if line.startswith("volume")]) == 1


def test_the_cloud_terminates_a_server_when_its_time_has_come(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    server = sdk.server(auto_terminate_time=in_an(cloud, hours=1))
    cloud.clock.advance(55 * 60)
    sdk.do(terminate_at(server, in_an(cloud, hours=1)))
    cloud.clock.advance(50 * 60)
    assert sdk.shown(server)["status"] == "ACTIVE"
    cloud.clock.advance(10 * 60)
    assert isinstance(sdk.refused(ecs.ShowServerRequest(server_id=server)), NotFound)
    assert not [line for line in cloud.inventory() if line.startswith(("server", "volume", "port"))]


def test_the_end_is_cancelled_with_an_empty_time(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    server = sdk.server(auto_terminate_time=in_an(cloud, hours=1))
    sdk.do(terminate_at(server, ""))
    cloud.clock.advance(2 * 3600)
    assert (sdk.shown(server)["status"], sdk.shown(server)["auto_terminate_time"]) == ("ACTIVE", "")


@pytest.mark.parametrize(("time", "fits"), [({"minutes": 29}, False), ({"minutes": 31}, True), ({"days": 1100}, False)])
def test_the_end_lies_between_half_an_hour_and_three_years_ahead(
    sdk: Sdk, cloud: SimulatedHuaweicloud, time: dict[str, float], fits: bool
) -> None:
    request = terminate_at(sdk.server(), in_an(cloud, **time))
    if fits:
        sdk.do(request)
    else:
        assert sdk.refused(request).code == "Ecs.0005"


def test_quotas_end_with_a_refusal(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    sdk.server()
    limits = sdk.do(ecs.ShowServerLimitsRequest())["absolute"]
    assert (limits["totalInstancesUsed"], limits["totalCoresUsed"], limits["totalRAMUsed"]) == (1, 2, 4096)
    cloud.quotas["server"] = 1
    assert isinstance(sdk.refused(sdk.launch()), QuotaExceeded)
    cloud.quotas.update(server=10, volume=1)
    assert sdk.refused(sdk.launch()).code == "Ecs.0021"


def test_servers_belong_to_their_project(cloud: SimulatedHuaweicloud) -> None:
    here, there = Sdk(cloud), Sdk(cloud, region="cn-south-1")
    server = here.server()
    assert there.do(ecs.ListCloudServersRequest())["servers"] == []
    assert there.refused(ecs.ShowServerRequest(server_id=server)).code == "Ecs.0114"
    zones = there.do(ecs.NovaListAvailabilityZonesRequest())["availabilityZoneInfo"]
    assert [zone["zoneName"][-1] for zone in zones] == ["c", "d", "e", "f"]


def test_a_zone_that_is_down_is_told(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.world.unavailable.add(ZONE)
    zones = sdk.do(ecs.NovaListAvailabilityZonesRequest())["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in zones if not zone["zoneState"]["available"]] == [ZONE]
    up = sdk.do(ecs.ListServerAzInfoRequest())["availability_zones"]
    assert ZONE not in [zone["availability_zone_id"] for zone in up]
    assert len(up) == 3


def test_an_unknown_job_is_refused(sdk: Sdk) -> None:
    assert sdk.refused(ecs.ShowJobRequest(job_id="nobodys")).code == "Common.0011"


def test_the_console_of_a_server_without_a_machine_is_empty(sdk: Sdk) -> None:
    assert sdk.do(ecs.ShowServerConsoleOutputRequest(server_id=sdk.server(), length=50)) == {"output": ""}
