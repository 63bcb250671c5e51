"""VPCs, vSwitches and security groups, seen by the real SDK."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_vpc_is_pending_until_its_time_has_come(start: Any, connect: Any) -> None:
    cloud = start(latencies={"vpc": 5})
    sdk = connect(cloud)
    made = sdk.do("CreateVpc", vpc_name="build", cidr_block="10.0.0.0/8", description="d").vpc_id
    (vpc,) = sdk.do("DescribeVpcs", vpc_id=made).vpcs.vpc
    assert (vpc.status, vpc.vpc_name, vpc.cidr_block, vpc.description) == ("Pending", "build", "10.0.0.0/8", "d")
    assert sdk.refused("CreateVSwitch", vpc_id=made, zone_id="cn-hangzhou-h", cidr_block="10.0.0.0/24") == (
        "IncorrectVpcStatus"
    )
    assert sdk.refused("CreateSecurityGroup", vpc_id=made) == "IncorrectVpcStatus"
    cloud.clock.advance(5)
    assert sdk.do("DescribeVpcs", vpc_id=made).vpcs.vpc[0].status == "Available"


def test_a_vswitch_is_pending_until_its_time_has_come(start: Any, connect: Any) -> None:
    cloud = start(latencies={"vswitch": 5})
    sdk = connect(cloud)
    net = sdk.network()
    assert sdk.do("DescribeVSwitches", v_switch_id=net.vswitch).v_switches.v_switch[0].status == "Pending"
    assert sdk.refused("DeleteVSwitch", v_switch_id=net.vswitch) == "IncorrectVSwitchStatus"
    cloud.clock.advance(5)
    assert sdk.do("DescribeVSwitches", v_switch_id=net.vswitch).v_switches.v_switch[0].status == "Available"


def test_networks_are_deleted_from_the_inside_out(sdk: Any, cloud: Any) -> None:
    net = sdk.network()
    instance = sdk.run(net)
    assert sdk.refused("DeleteSecurityGroup", security_group_id=net.group) == "DependencyViolation"
    assert sdk.refused("DeleteVSwitch", v_switch_id=net.vswitch) == "DependencyViolation"
    assert sdk.refused("DeleteVpc", vpc_id=net.vpc) == "DependencyViolation.Instance"
    sdk.do("DeleteInstance", instance_id=instance, force=True)
    assert sdk.refused("DeleteVpc", vpc_id=net.vpc) == "DependencyViolation.VSwitch"
    sdk.do("DeleteVSwitch", v_switch_id=net.vswitch)
    assert sdk.refused("DeleteVpc", vpc_id=net.vpc) == "DependencyViolation.SecurityGroup"
    sdk.do("DeleteSecurityGroup", security_group_id=net.group)
    sdk.do("DeleteVpc", vpc_id=net.vpc)
    assert cloud.inventory() == []
    assert sdk.refused("DeleteVpc", vpc_id=net.vpc) == "InvalidVpcId.NotFound"
    assert sdk.refused("DeleteVSwitch", v_switch_id=net.vswitch) == "InvalidVSwitchId.NotFound"
    assert sdk.refused("DeleteSecurityGroup", security_group_id=net.group) == "InvalidSecurityGroupId.NotFound"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cidr_block": "not a block"}, "InvalidCidrBlock.Malformed"),
        ({"cidr_block": "8.8.8.0/24"}, "InvalidCidrBlock.Malformed"),
        ({"cidr_block": "172.16.0.0/31"}, "InvalidCidrBlock.Malformed"),
        ({"vpc_name": "http://x"}, "InvalidVpcName.Malformed"),
        ({"region_id": "cn-nowhere"}, "InvalidRegionId.NotFound"),
        ({"region_id": ""}, "MissingParameter"),
    ],
)
def test_what_create_vpc_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    assert sdk.refused("CreateVpc", **fields) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"vpc_id": "vpc-none"}, "InvalidVpcId.NotFound"),
        ({"zone_id": "cn-beijing-c"}, "InvalidZoneId.NotFound"),
        ({"cidr_block": "10.0.0.0/24"}, "InvalidCidrBlock.Malformed"),
        ({"cidr_block": "172.16.0.128/25"}, "InvalidCidrBlock.Overlapped"),
        ({"cidr_block": ""}, "MissingParameter"),
    ],
)
def test_what_create_vswitch_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    net = sdk.network()
    wanted = {"vpc_id": net.vpc, "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.1.0/24", **fields}
    assert sdk.refused("CreateVSwitch", **wanted) == code


def test_the_classic_network_is_not_sold(sdk: Any) -> None:
    assert sdk.refused("CreateSecurityGroup") == "MissingParameter.VpcId"


def test_rules_are_kept_listed_and_revoked(sdk: Any, models: Any) -> None:
    net = sdk.network()
    rule = models.AuthorizeSecurityGroupRequestPermissions(
        ip_protocol="TCP", port_range="22/22", source_cidr_ip="10.1.0.0/16", policy="accept", description="way in"
    )
    for _ in range(2):
        sdk.do("AuthorizeSecurityGroup", security_group_id=net.group, permissions=[rule])
    sdk.do(
        "AuthorizeSecurityGroupEgress",
        security_group_id=net.group,
        ip_protocol="all",
        port_range="-1/-1",
        dest_cidr_ip="0.0.0.0/0",
    )

    def rules(direction: str) -> list[tuple[str, str, str]]:
        found = sdk.do("DescribeSecurityGroupAttribute", security_group_id=net.group, direction=direction)
        return [(rule.ip_protocol, rule.port_range, rule.source_cidr_ip) for rule in found.permissions.permission]

    assert rules("ingress") == [("TCP", "22/22", "10.1.0.0/16")]
    assert len(rules("all")) == 2
    gone = {"ip_protocol": "tcp", "port_range": "22/22", "source_cidr_ip": "10.1.0.0/16"}
    sdk.do("RevokeSecurityGroup", security_group_id=net.group, **gone)
    assert rules("ingress") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"port_range": "22"}, "InvalidIpPortRange.Malformed"),
        ({"port_range": "0/70000"}, "InvalidIpPortRange.Malformed"),
        ({"ip_protocol": "all", "port_range": "22/22"}, "InvalidIpPortRange.Malformed"),
        ({"ip_protocol": "sctp"}, "InvalidParameter.IpProtocol"),
        ({"source_cidr_ip": "everywhere"}, "InvalidSourceCidrIp.Malformed"),
        ({"source_cidr_ip": ""}, "MissingParameter"),
        ({"priority": "0"}, "InvalidParameter.Priority"),
        ({"security_group_id": "sg-none"}, "InvalidSecurityGroupId.NotFound"),
    ],
)
def test_what_authorize_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    good = {"ip_protocol": "tcp", "port_range": "22/22", "source_cidr_ip": "0.0.0.0/0"}
    group = sdk.network().group
    assert sdk.refused("AuthorizeSecurityGroup", **{"security_group_id": group, **good, **fields}) == code


def test_the_old_ecs_actions_serve_the_same_vpcs(sdk: Any) -> None:
    made = sdk.do("CreateVpc", product="ecs").vpc_id
    assert sdk.do("DescribeVpcs", vpc_id=made).vpcs.vpc[0].vpc_id == made
    vswitch = sdk.do("CreateVSwitch", product="ecs", vpc_id=made, zone_id="cn-hangzhou-h", cidr_block="172.16.0.0/24")
    found = sdk.do("DescribeVSwitches", product="ecs", vpc_id=made).v_switches.v_switch
    assert [item.v_switch_id for item in found] == [vswitch.v_switch_id]


def test_the_quota_of_vpcs_ends_with_a_refusal(sdk: Any, cloud: Any) -> None:
    cloud.quotas["vpc"] = 2
    sdk.do("CreateVpc")
    sdk.do("CreateVpc")
    assert sdk.refused("CreateVpc") == "QuotaExceeded.Vpc"
    sdk.do("CreateVpc", region_id="cn-beijing")
