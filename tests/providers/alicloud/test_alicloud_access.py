"""Endpoints, credentials and profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imagesmith.cloud_calls.endpoint import EndpointError, parse_endpoint
from imagesmith.errors import TemplateError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_alicloud.credentials import resolve
from imagesmith_alicloud.endpoints import region_endpoint, vpc_twin


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ecs.example.com", "https://ecs.example.com"),
        ("ecs.example.com:8443", "https://ecs.example.com:8443"),
        ("https://ecs.example.com/", "https://ecs.example.com"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ("https://127.0.0.1:1", "https://127.0.0.1:1"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://127.8.9.10", "http://127.8.9.10"),
    ],
)
def test_an_endpoint_is_a_host_or_a_url(text: str, shown: str) -> None:
    assert str(parse_endpoint(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://ecs.example.com",
        "http://10.0.0.1",
        "ftp://x",
        "a b",
        "host:port",
        "host:99999",
        "https://a/b",
        "u@h",
        "?",
    ],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    with pytest.raises(EndpointError):
        parse_endpoint(text)


@pytest.mark.parametrize("product", ["ecs", "vpc"])
def test_the_endpoint_table_is_the_sdks(product: Any) -> None:
    import importlib

    from alibabacloud_tea_openapi.utils_models import Config

    package = {"ecs": "alibabacloud_ecs20140526", "vpc": "alibabacloud_vpc20160428"}[product]
    client = importlib.import_module(f"{package}.client").Client
    odd = client(Config(access_key_id="a", access_key_secret="b", region_id="cn-x"))._endpoint_map
    for region in [*odd, "cn-beijing", "eu-central-1", "ap-southeast-1"]:
        config = Config(access_key_id="a", access_key_secret="b", region_id=region)
        theirs = client(config)._endpoint
        # The SDK sends staging regions of Alibaba itself to hosts that only Alibaba can reach.
        if "-pre." not in theirs and "internal-test" not in region and not region.endswith(("test-306", "et15-b01")):
            assert region_endpoint(product, region).host == theirs, region


def test_a_custom_ecs_endpoint_has_its_vpc_twin() -> None:
    assert str(vpc_twin(parse_endpoint("gateway.example.com"), "cn-beijing")) == "https://gateway.example.com"
    inside = parse_endpoint("ecs-vpc.cn-beijing.aliyuncs.com")
    assert vpc_twin(inside, "cn-beijing").host == "vpc-vpc.cn-beijing.aliyuncs.com"
    assert vpc_twin(parse_endpoint("ecs.aliyuncs.com"), "cn-hangzhou").host == "vpc.aliyuncs.com"


def options(**values: Any) -> AlicloudEcs:
    return AlicloudEcs(image_name="web", instance_type="t", source_image="m", ssh_username="root", **values)


def profiles(tmp_path: Path, *entries: dict[str, str]) -> str:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"current": "x", "profiles": entries}))
    return str(file)


def test_a_profile_fills_what_the_template_leaves_open(tmp_path: Path) -> None:
    file = profiles(
        tmp_path,
        {"name": "ci", "mode": "AK", "access_key_id": "pk", "access_key_secret": "ps", "region_id": "cn-shenzhen"},
        {"name": "sts", "mode": "StsToken", "access_key_id": "sk", "access_key_secret": "ss", "sts_token": "st"},
    )
    found = resolve(options(profile="ci", shared_credentials_file=file))
    assert (found.access_key, found.secret_key, found.security_token, found.region) == ("pk", "ps", "", "cn-shenzhen")
    assert found.ecs.host == "ecs.cn-shenzhen.aliyuncs.com"
    found = resolve(options(profile="sts", shared_credentials_file=file, region="cn-beijing", security_token="old"))
    assert (found.access_key, found.security_token, found.region) == ("sk", "st", "cn-beijing")
    explicit = resolve(options(profile="ci", shared_credentials_file=file, access_key="a", secret_key="b", region="r"))
    assert (explicit.access_key, explicit.secret_key, explicit.region) == ("a", "b", "r")


def test_the_credentials_file_may_name_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles(tmp_path, {"name": "ci", "mode": "AK", "access_key_id": "pk", "access_key_secret": "ps"})
    with monkeypatch.context() as patched:
        patched.setenv("HOME", str(tmp_path))
        for given in ("~/config.json", "$HOME/config.json"):
            assert resolve(options(profile="ci", shared_credentials_file=given, region="r")).access_key == "pk"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "there is no access_key and secret_key"),
        ({"access_key": "a", "secret_key": "b"}, "there is no region"),
        ({"profile": "nobody"}, 'there is no profile "nobody"'),
        ({"profile": "role"}, "mode EcsRamRole"),
    ],
)
def test_missing_credentials_are_named(tmp_path: Path, values: dict[str, str], said: str) -> None:
    file = profiles(tmp_path, {"name": "role", "mode": "EcsRamRole"})
    with pytest.raises(TemplateError) as refused:
        resolve(options(shared_credentials_file=file, **values))
    assert said in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", '{"other": 1}', '{"profiles": 3}'])
def test_a_broken_credentials_file_is_one_clear_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(TemplateError) as refused:
        resolve(options(profile="ci", shared_credentials_file=str(file)))
    assert "is not a file of the aliyun command" in str(refused.value)


def test_secrets_are_not_shown() -> None:
    found = resolve(options(access_key="AKID", secret_key="SECRET", security_token="TOKEN", region="r"))
    assert not any(word in repr(found) for word in ("AKID", "SECRET", "TOKEN"))
