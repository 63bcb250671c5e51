"""What all actions share: tags, client tokens, pages, unknown parameters, permissions."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_tea_openapi import utils_models
from alibabacloud_vpc20160428 import models as vpc_models
from darabonba.runtime import RuntimeOptions


def _tag(model: Any, **pairs: str) -> list[Any]:
    return [model(key=key, value=value) for key, value in pairs.items()]


def test_tags_are_put_listed_and_taken_away(sdk: Any, models: Any) -> None:
    made = sdk.run()
    (disk,) = sdk.disks(made)
    tags = _tag(models.TagResourcesRequestTag, app="web", version="1")
    sdk.do("TagResources", resource_type="instance", resource_id=[made], tag=tags)
    sdk.do("TagResources", resource_type="disk", resource_id=[disk.disk_id], tag=tags[:1])
    sdk.do("TagResources", resource_type="instance", resource_id=[made], tag=_tag(type(tags[0]), version="2"))
    listed = sdk.do("ListTagResources", resource_type="instance", resource_id=[made]).tag_resources.tag_resource
    assert {(line.tag_key, line.tag_value) for line in listed} == {("app", "web"), ("version", "2")}
    sdk.do("UntagResources", resource_type="instance", resource_id=[made], tag_key=["app"])
    assert [tag.tag_key for tag in sdk.instance(made).tags.tag] == ["version"]
    sdk.do("UntagResources", resource_type="instance", resource_id=[made], all=True)
    assert sdk.instance(made).tags.tag == []
    assert [tag.tag_key for tag in sdk.disks(made)[0].tags.tag] == ["app"]
    code = sdk.refused("TagResources", resource_type="instance", resource_id=["i-none"], tag=tags)
    assert code == "InvalidResourceId.NotFound"


def test_the_vpc_product_tags_its_own_kinds(sdk: Any) -> None:
    vpc = sdk.do("CreateVpc").vpc_id
    request = vpc_models.TagResourcesRequest(
        region_id="cn-hangzhou",
        resource_type="VPC",
        resource_id=[vpc],
        tag=[vpc_models.TagResourcesRequestTag(key="run", value="1")],
    )
    sdk.vpc.tag_resources(request)
    found = sdk.do("DescribeVpcs", tag=[vpc_models.DescribeVpcsRequestTag(key="run", value="1")]).vpcs.vpc
    assert [item.vpc_id for item in found] == [vpc]
    assert [(tag.key, tag.value) for tag in found[0].tags.tag] == [("run", "1")]


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ({"acs:x": "1"}, "InvalidTagKey.Malformed"),
        ({"x": "http://y"}, "InvalidTagValue.Malformed"),
        ({f"k{n}": "v" for n in range(21)}, "NumberExceed.Tags"),
    ],
)
def test_tags_that_the_api_does_not_take(sdk: Any, models: Any, pairs: dict[str, str], code: str) -> None:
    made = sdk.run()
    tags = _tag(models.TagResourcesRequestTag, **pairs)
    assert sdk.refused("TagResources", resource_type="instance", resource_id=[made], tag=tags) == code


def test_a_resource_takes_twenty_tags(sdk: Any, models: Any) -> None:
    made = sdk.run()
    model = models.TagResourcesRequestTag
    fifteen = _tag(model, **{f"a{n}": "v" for n in range(15)})
    sdk.do("TagResources", resource_type="instance", resource_id=[made], tag=fifteen)
    more = _tag(model, **{f"b{n}": "v" for n in range(6)})
    assert sdk.refused("TagResources", resource_type="instance", resource_id=[made], tag=more) == "QuotaExceed.TagKeys"


def test_a_client_token_makes_a_repetition_harmless(sdk: Any, cloud: Any) -> None:
    first = sdk.do("CreateVpc", client_token="t-1", vpc_name="one").vpc_id
    assert sdk.do("CreateVpc", client_token="t-1", vpc_name="one").vpc_id == first
    assert sdk.refused("CreateVpc", client_token="t-1", vpc_name="two") == "IdempotentParameterMismatch"
    assert sdk.do("CreateVpc", client_token="t-2", vpc_name="one").vpc_id != first
    assert sdk.refused("CreateVpc", client_token="t" * 65) == "InvalidParameter.ClientToken"
    assert len(cloud.inventory()) == 2


def test_a_token_of_a_refused_call_can_be_used_again(sdk: Any, cloud: Any) -> None:
    net = sdk.network()
    cloud.world.out_of_stock.add(("cn-hangzhou-h", ""))
    fields = {"image_id": "aliyun_3_9_x64_20G_alibase_20231219.vhd", "instance_type": "ecs.g6.large"}
    fields |= {"v_switch_id": net.vswitch, "security_group_id": net.group, "client_token": "t-1"}
    assert sdk.refused("RunInstances", **fields) == "OperationDenied.NoStock"
    cloud.world.out_of_stock.clear()
    first = sdk.do("RunInstances", **fields).instance_id_sets.instance_id_set
    assert sdk.do("RunInstances", **fields).instance_id_sets.instance_id_set == first


def test_pages_by_number_have_ten_items_unless_told_otherwise(sdk: Any, cloud: Any) -> None:
    cloud.quotas["vpc"] = 30
    made = {sdk.do("CreateVpc").vpc_id for _ in range(23)}

    def page(**fields: Any) -> Any:
        return sdk.do("DescribeVpcs", **fields)

    first = page()
    assert (len(first.vpcs.vpc), first.total_count, first.page_number, first.page_size) == (10, 23, 1, 10)
    pages = [page(page_number=number, page_size=8) for number in (1, 2, 3, 4)]
    assert [len(body.vpcs.vpc) for body in pages] == [8, 8, 7, 0]
    assert {vpc.vpc_id for body in pages for vpc in body.vpcs.vpc} == made
    for fields in ({"page_size": 51}, {"page_size": 0}, {"page_number": 0}):
        assert sdk.refused("DescribeVpcs", **fields) == "InvalidParameter"


def test_pages_by_token_end_with_an_empty_token(sdk: Any) -> None:
    net = sdk.network()
    ids = {sdk.run(net) for _ in range(5)}
    seen: list[str] = []
    token = None
    for _ in range(3):
        body = sdk.do("DescribeInstances", max_results=2, next_token=token)
        seen += [item.instance_id for item in body.instances.instance]
        token = body.next_token
    assert (set(seen), len(seen), token) == (ids, 5, "")
    assert sdk.refused("DescribeInstances", next_token="nonsense") == "InvalidParameter.NextToken"


def test_a_parameter_that_is_not_simulated_is_refused_by_name(sdk: Any) -> None:
    assert sdk.refused("CreateVpc", enable_ipv_6=True) == "UnknownParameter"


def test_an_action_that_is_not_simulated_is_refused_by_name(sdk: Any) -> None:
    assert sdk.refused("DescribeClusters") == "InvalidAction.NotFound"


def test_a_misspelt_parameter_is_refused(sdk: Any) -> None:
    request = utils_models.OpenApiRequest(query={"RegionId": "cn-hangzhou", "VpcNmae": "x"})
    params = utils_models.Params(
        action="CreateVpc",
        version="2016-04-28",
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    with pytest.raises(Exception, match="does not take VpcNmae"):
        sdk.vpc.call_api(params, request, RuntimeOptions())


def test_parameters_may_stand_in_a_form_body(sdk: Any) -> None:
    request = utils_models.OpenApiRequest(body={"RegionId": "cn-hangzhou", "VpcName": "from-the-body"})
    params = utils_models.Params(
        action="CreateVpc",
        version="2016-04-28",
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    made = sdk.vpc.call_api(params, request, RuntimeOptions())["body"]["VpcId"]
    assert sdk.do("DescribeVpcs", vpc_id=made).vpcs.vpc[0].vpc_name == "from-the-body"


def test_actions_can_be_denied_or_only_some_allowed(sdk: Any, cloud: Any) -> None:
    cloud.deny(["CreateVpc"])
    assert sdk.refused("CreateVpc") == "Forbidden.RAM"
    cloud.deny([])
    cloud.allow_only(["CreateVpc"])
    sdk.do("CreateVpc")
    assert sdk.refused("DescribeVpcs") == "Forbidden.RAM"
    cloud.allow_only(None)
    sdk.do("DescribeVpcs")


def test_regions_zones_and_types_are_listed(sdk: Any) -> None:
    regions = [region.region_id for region in sdk.do("DescribeRegions").regions.region]
    assert "cn-hangzhou" in regions
    zones = sdk.do("DescribeZones").zones.zone
    assert all(zone.zone_id.startswith("cn-hangzhou-") for zone in zones)
    assert "ecs.g6.large" in zones[0].available_instance_types.instance_types
    (kind,) = sdk.do("DescribeInstanceTypes", instance_types=["ecs.g6.large"]).instance_types.instance_type
    assert (kind.cpu_core_count, kind.memory_size, kind.instance_type_family) == (2, 8, "ecs.g6")
