"""The simulator's tables and answers against the request and response models of the real SDKs."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_tea_openapi import utils_models
from alibabacloud_vpc20160428 import models as vpc_models
from darabonba.runtime import RuntimeOptions

import imagesmith_simulator.alicloud.handlers  # noqa: F401
from imagesmith_simulator.alicloud.actions import ACTIONS, ECS, LOCATION, VPC, Action

MODELS = {ECS: ecs_models, VPC: vpc_models}
SERVED = [action for key, action in sorted(ACTIONS.items()) if key[0] != LOCATION]
ADDED_BY_THE_GO_SDK = {"RegionId"}


@cache
def _members(model: Any) -> dict[str, str]:
    """A model's members: the name on the wire, and the annotation in the constructor."""
    wire = dict(re.findall(r"result\['([\w-]+)'\](?:\.append)?.*?self\.(\w+)", _without_lists(model)))
    annotations = inspect.signature(model.__init__).parameters
    return {name: str(annotations[attribute].annotation) for name, attribute in wire.items()}


def _without_lists(model: Any) -> str:
    source = inspect.getsource(model.to_map)
    return re.sub(r"result\['(\w+)'\] = \[\]\s+if self\.(\w+) is not None:", r"result['\1'] = self.\2", source)


def _patterns(models: Any, model: Any, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, annotation in _members(model).items():
        listed = "List[" in annotation
        path = f"{prefix}{name}.N" if listed else f"{prefix}{name}"
        if nested := re.search(r"main_models\.(\w+)", annotation):
            found |= _patterns(models, getattr(models, nested[1]), f"{path}.")
        else:
            found.add(path)
    return found


@pytest.mark.parametrize("action", SERVED, ids=lambda action: f"{action.name}-{action.version}")
def test_every_parameter_of_an_action_is_one_of_the_api(action: Action) -> None:
    models = MODELS[action.version]
    known = _patterns(models, getattr(models, f"{action.name}Request"))
    assert known, "the SDK's model could not be read"
    assert set(action.accepts) - known - ADDED_BY_THE_GO_SDK == set()
    assert set(action.requires) <= set(action.accepts)


def test_the_reader_of_models_sees_nested_members() -> None:
    known = _patterns(ecs_models, ecs_models.RunInstancesRequest)
    wanted = {
        "SystemDisk.Category",
        "DataDisk.N.Size",
        "Tag.N.Key",
        "SecurityGroupIds.N",
        "ImageOptions.LoginAsNonRoot",
    }
    assert wanted <= known
    assert "DataDisk.Size" not in known


def _stray(models: Any, model: Any, body: dict[str, Any], at: str) -> list[str]:
    """What an answer has and its model does not know, or has of another shape."""
    strays: list[str] = []
    members = _members(model)
    for name, value in body.items():
        annotation = members.get(name)
        nested = re.search(r"main_models\.(\w+)", annotation or "")
        listed = (annotation or "").startswith("List[")
        if annotation is None or listed != isinstance(value, list):
            strays.append(f"{at}.{name}")
        elif nested:
            for item in value if listed else [value]:
                strays += _stray(models, getattr(models, nested[1]), item, f"{at}.{name}")
        elif not isinstance(value, list) and annotation in ("str", "int", "bool", "float"):
            plain: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}
            if not isinstance(value, plain[annotation]):
                strays.append(f"{at}.{name} is a {type(value).__name__}, not a {annotation}")
    return strays


def _raw(sdk: Any, version: str, action: str, **query: str) -> dict[str, Any]:
    client = sdk.ecs if version == ECS else sdk.vpc
    params = utils_models.Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    request = utils_models.OpenApiRequest(query=query)
    body = client.call_api(params, request, RuntimeOptions())["body"]
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize(
    ("version", "action", "query"),
    [
        (ECS, "DescribeRegions", {}),
        (ECS, "DescribeZones", {}),
        (ECS, "DescribeInstanceTypes", {}),
        (ECS, "DescribeAvailableResource", {"DestinationResource": "InstanceType"}),
        (ECS, "DescribeInstances", {}),
        (ECS, "DescribeInstanceStatus", {}),
        (ECS, "DescribeImages", {"ImageOwnerAlias": "self"}),
        (ECS, "DescribeImageFromFamily", {"ImageFamily": "fam"}),
        (ECS, "DescribeDisks", {}),
        (ECS, "DescribeSnapshots", {}),
        (ECS, "DescribeKeyPairs", {}),
        (ECS, "DescribeSecurityGroups", {}),
        (ECS, "ListTagResources", {"ResourceType": "instance"}),
        (VPC, "DescribeVpcs", {}),
        (VPC, "DescribeVSwitches", {}),
        (VPC, "DescribeEipAddresses", {}),
        (VPC, "ListTagResources", {"ResourceType": "VPC"}),
    ],
)
def test_answers_have_the_shape_of_the_sdks_models(
    sdk: Any, models: Any, version: str, action: str, query: dict[str, str]
) -> None:
    tag = [models.RunInstancesRequestTag(key="a", value="b")]
    instance = sdk.run(tag=tag)
    sdk.do("CreateImage", instance_id=instance, image_name="web", image_family="fam")
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpsNNLGcPXjvZ2hTVr5wQgeQIdVm1g8Yd4sZ1hKw0rG"
    sdk.do("ImportKeyPair", key_pair_name="k1", public_key_body=line)
    sdk.do("AssociateEipAddress", allocation_id=sdk.do("AllocateEipAddress").allocation_id, instance_id=instance)
    asked = query if action == "DescribeInstanceTypes" else {"RegionId": "cn-hangzhou", **query}
    body = _raw(sdk, version, action, **asked)
    model = getattr(MODELS[version], f"{action}ResponseBody")
    assert _stray(MODELS[version], model, body, action) == []
