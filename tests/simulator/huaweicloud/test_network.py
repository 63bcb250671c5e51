"""VPCs, subnets, security groups, EIPs: made after a while, refused where they don't fit, in the way while in use."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from imagesmith.errors import CloudError, Conflict, NotFound, QuotaExceeded
from imagesmith_huaweicloud.sdk import ecs, eip, vpc
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start


def new_vpc(cidr: str = "10.0.0.0/16") -> Any:
    return vpc.CreateVpcRequest(body=vpc.CreateVpcRequestBody(vpc=vpc.CreateVpcOption(name="v", cidr=cidr)))


def new_subnet(vpc_id: str, cidr: str = "10.0.1.0/24", gateway: str = "10.0.1.1") -> Any:
    option = vpc.CreateSubnetOption(name="s", cidr=cidr, vpc_id=vpc_id, gateway_ip=gateway)
    return vpc.CreateSubnetRequest(body=vpc.CreateSubnetRequestBody(subnet=option))


def new_group(name: str = "g") -> Any:
    option = vpc.CreateSecurityGroupOption(name=name)
    return vpc.CreateSecurityGroupRequest(body=vpc.CreateSecurityGroupRequestBody(security_group=option))


def new_rule(group: str, **fields: Any) -> Any:
    given = {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22, **fields}
    option = vpc.CreateSecurityGroupRuleOption(security_group_id=group, **given)
    return vpc.CreateSecurityGroupRuleRequest(body=vpc.CreateSecurityGroupRuleRequestBody(security_group_rule=option))


def bind(address: str, port: str) -> Any:
    option = eip.UpdatePublicipOption(port_id=port)
    return eip.UpdatePublicipRequest(publicip_id=address, body=eip.UpdatePublicipsRequestBody(publicip=option))


def port_of(sdk: Sdk, server: str) -> str:
    return str(sdk.do(ecs.ListServerInterfacesRequest(server_id=server))["interfaceAttachments"][0]["port_id"])


def test_a_vpc_and_its_subnet_are_ready_after_a_while(start: Start) -> None:
    cloud = start(latencies={"vpc": 5.0, "subnet": 5.0})
    sdk = Sdk(cloud)
    made = sdk.do(new_vpc())["vpc"]
    assert made["status"] == "CREATING"
    assert isinstance(sdk.refused(new_subnet(made["id"])), Conflict)
    cloud.clock.advance(5)
    assert sdk.do(vpc.ShowVpcRequest(vpc_id=made["id"]))["vpc"]["status"] == "OK"
    subnet = sdk.do(new_subnet(made["id"]))["subnet"]
    assert subnet["status"] == "UNKNOWN"
    nics = [ecs.PostPaidServerNic(subnet_id=subnet["id"])]
    assert sdk.refused(sdk.launch(vpcid=made["id"], nics=nics)).code == "Ecs.0005"
    cloud.clock.advance(5)
    shown = sdk.do(vpc.ShowSubnetRequest(subnet_id=subnet["id"]))["subnet"]
    assert (shown["status"], shown["neutron_network_id"]) == ("ACTIVE", subnet["id"])
    assert shown["neutron_subnet_id"] != subnet["id"]


@pytest.mark.parametrize(
    ("cidr", "gateway"),
    [
        ("192.168.0.0/24", "192.168.0.1"),
        ("10.0.0.0/8", "10.0.0.1"),
        ("10.0.1.0/24", "10.0.2.1"),
        ("10.0.7.0/24", "10.0.7.1"),
        ("10.0.1.0/30", "10.0.1.1"),
        ("nonsense", "10.0.1.1"),
    ],
)
def test_a_subnet_that_does_not_fit_is_refused(sdk: Sdk, cidr: str, gateway: str) -> None:
    identity = sdk.do(new_vpc())["vpc"]["id"]
    sdk.do(new_subnet(identity, "10.0.7.0/25", "10.0.7.1"))
    assert sdk.refused(new_subnet(identity, cidr, gateway)).status in (400, 409)


@pytest.mark.parametrize("cidr", ["8.8.0.0/16", "10.0.0.0/29", "rubbish"])
def test_a_vpc_that_is_not_private_or_too_small_is_refused(sdk: Sdk, cidr: str) -> None:
    assert sdk.refused(new_vpc(cidr)).status == 400


def test_what_is_in_use_is_not_deleted(sdk: Sdk) -> None:
    subnet = sdk.subnet()
    group = sdk.do(new_group())["security_group"]["id"]
    server = sdk.server(
        vpcid=subnet["vpc_id"],
        nics=[ecs.PostPaidServerNic(subnet_id=subnet["id"])],
        security_groups=[ecs.PostPaidServerSecurityGroup(id=group)],
    )
    requests = [
        vpc.DeleteSecurityGroupRequest(security_group_id=group),
        vpc.DeleteSubnetRequest(vpc_id=subnet["vpc_id"], subnet_id=subnet["id"]),
        vpc.DeleteVpcRequest(vpc_id=subnet["vpc_id"]),
    ]
    for request in requests:
        assert isinstance(sdk.refused(request), Conflict)
    sdk.do(ecs.DeleteServersRequest(body=ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=server)])))
    for request in requests:
        sdk.do(request)
    for request in requests:
        assert isinstance(sdk.refused(request), NotFound)
    assert sdk.cloud.inventory() == []


def test_the_quota_of_vpcs_ends_with_a_refusal(sdk: Sdk) -> None:
    for _ in range(5):
        sdk.do(new_vpc())
    assert isinstance(sdk.refused(new_vpc()), QuotaExceeded)


def test_a_new_group_lets_everything_out_and_only_itself_in(sdk: Sdk) -> None:
    made = sdk.do(new_group())["security_group"]
    rules = {rule["direction"]: rule for rule in made["security_group_rules"]}
    assert rules["ingress"]["remote_group_id"] == made["id"]
    assert rules["egress"]["remote_group_id"] is None
    sdk.do(new_rule(made["id"], remote_ip_prefix="203.0.113.0/24"))
    refusal = sdk.refused(new_rule(made["id"], remote_ip_prefix="203.0.113.0/24"))
    assert isinstance(refusal, Conflict)
    found = sdk.do(vpc.ListSecurityGroupRulesRequest(security_group_id=made["id"]))["security_group_rules"]
    assert len(found) == 3
    assert sdk.refused(new_rule(made["id"], remote_ip_prefix="everywhere")).status == 400


def test_the_default_group_stays(sdk: Sdk) -> None:
    groups = sdk.do(vpc.ListSecurityGroupsRequest())["security_groups"]
    default = next(group for group in groups if group["name"] == "default")
    assert sdk.refused(vpc.DeleteSecurityGroupRequest(security_group_id=default["id"])).status == 409


def test_an_eip_is_active_when_the_server_is_reachable_there(
    cloud: SimulatedHuaweicloud, sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks before would learn an address without the port that takes the place of 22."""
    listening: Future[str] = Future()
    monkeypatch.setattr(cloud._store.machines, "listen", lambda _identity, _address: listening)
    address = sdk.address()["id"]
    sdk.do(bind(address, port_of(sdk, sdk.server())))
    show = eip.ShowPublicipRequest(publicip_id=address)
    assert sdk.do(show)["publicip"]["status"] == "BINDING"
    listening.set_result("127.128.3.4:40022")
    shown = sdk.do(show)["publicip"]
    assert (shown["status"], shown["public_ip_address"]) == ("ACTIVE", "127.128.3.4:40022")


def test_an_eip_is_bound_moved_and_deleted_when_it_is_free(sdk: Sdk) -> None:
    subnet = sdk.subnet()
    net = {"vpcid": subnet["vpc_id"], "nics": [ecs.PostPaidServerNic(subnet_id=subnet["id"])]}
    first, second = sdk.server(**net), sdk.server(**net)
    address = sdk.address()["id"]
    sdk.do(bind(address, port_of(sdk, first)))
    shown = sdk.do(eip.ShowPublicipRequest(publicip_id=address))["publicip"]
    assert (shown["status"], shown["port_id"]) == ("ACTIVE", port_of(sdk, first))
    assert isinstance(sdk.refused(bind(address, port_of(sdk, second))), Conflict)
    assert isinstance(sdk.refused(eip.DeletePublicipRequest(publicip_id=address)), Conflict)
    assert sdk.refused(sdk.launch(**net, publicip=ecs.PostPaidServerPublicip(id=address))).code == "Ecs.0005"
    sdk.do(bind(address, ""))
    assert sdk.do(eip.ShowPublicipRequest(publicip_id=address))["publicip"]["status"] == "DOWN"
    sdk.do(bind(address, port_of(sdk, second)))
    sdk.do(bind(address, ""))
    sdk.do(eip.DeletePublicipRequest(publicip_id=address))
    assert isinstance(sdk.refused(eip.ShowPublicipRequest(publicip_id=address)), NotFound)


def test_an_eip_is_pending_for_a_while_and_can_not_be_bound_then(start: Start) -> None:
    cloud = start(latencies={"eip": 5.0})
    sdk = Sdk(cloud)
    server = sdk.server()
    address = sdk.address()["id"]
    assert isinstance(sdk.refused(bind(address, port_of(sdk, server))), Conflict)
    cloud.clock.advance(5)
    sdk.do(bind(address, port_of(sdk, server)))


def refusals_of_eips(sdk: Sdk) -> list[CloudError]:
    bandwidth = eip.CreatePublicipBandwidthOption(name="b", size=5, share_type="PER")
    wrong_kind = eip.CreatePublicipRequestBody(
        publicip=eip.CreatePublicipOption(type="6_carrier_pigeon"), bandwidth=bandwidth
    )
    too_wide = eip.CreatePublicipRequestBody(
        publicip=eip.CreatePublicipOption(type="5_bgp"),
        bandwidth=eip.CreatePublicipBandwidthOption(name="b", size=5000, share_type="PER"),
    )
    return [sdk.refused(eip.CreatePublicipRequest(body=body)) for body in (wrong_kind, too_wide)]


def test_an_eip_of_an_unknown_kind_or_width_is_refused(sdk: Sdk) -> None:
    assert [refusal.status for refusal in refusals_of_eips(sdk)] == [400, 400]


@pytest.mark.parametrize("action", ["CreateVpc", "CreatePublicip"])
def test_what_is_doomed_ends_in_error(sdk: Sdk, cloud: SimulatedHuaweicloud, action: str) -> None:
    cloud.faults.add(Fault(kind="end_state", action=action))
    if action == "CreateVpc":
        identity = sdk.do(new_vpc())["vpc"]["id"]
        assert sdk.do(vpc.ShowVpcRequest(vpc_id=identity))["vpc"]["status"] == "ERROR"
    else:
        identity = sdk.address()["id"]
        assert sdk.do(eip.ShowPublicipRequest(publicip_id=identity))["publicip"]["status"] == "ERROR"


def test_lists_come_in_pages(sdk: Sdk) -> None:
    ids = {sdk.do(new_group(f"g{number}"))["security_group"]["id"] for number in range(5)}
    seen: list[str] = []
    marker = None
    while page := sdk.do(vpc.ListSecurityGroupsRequest(limit=2, marker=marker))["security_groups"]:
        seen += [group["id"] for group in page]
        marker = seen[-1]
    assert len(seen) == len(set(seen)) == 6
    assert ids < set(seen)
