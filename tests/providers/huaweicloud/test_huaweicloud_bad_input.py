"""What goes wrong for people: each error names the cause and what to do, and nothing is left."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import pytest

from imagesmith.errors import (
    AccessDenied,
    Conflict,
    ImagesmithError,
    NotFound,
    QuotaExceeded,
    Rejected,
    ServiceUnavailable,
    TemplateError,
    UsageError,
)
from imagesmith_huaweicloud import ImageFilters, SourceImageFilter
from imagesmith_huaweicloud.provider import HuaweicloudProvider
from imagesmith_simulator.faults import Fault

VPC, OTHER_VPC, SUBNET, GROUP, VAULT = (str(uuid.UUID(int=number)) for number in range(61, 66))


def failure(driver: Any, **values: Any) -> ImagesmithError:
    """How a build with these options fails; the simulated cloud has not made what they name exist."""
    options = dataclasses.replace(driver.options(), **values)
    run = driver.run()
    cloud = HuaweicloudProvider.open(options, run)
    run.provider = cloud

    def build() -> None:
        source = run.step("source image", cloud.source_image)
        login, network = cloud.login(source), cloud.network()
        machine = cloud.launch(source, login, network)
        cloud.reach(machine, cloud.reserve_address())
        cloud.stop(machine)
        cloud.capture(machine)

    with pytest.raises(ImagesmithError) as caught, run:
        build()
    assert driver.simulated.leftovers() == []
    return caught.value


def test_a_wrong_access_key(driver: Any) -> None:
    error = failure(driver, access_key="AKWRONG", secret_key="SKWRONG")
    assert isinstance(error, AccessDenied)
    assert error.code == "APIGW.0301"
    assert "ak not exist" in str(error)
    assert "check access_key, secret_key and security_token" in error.hint


def test_a_wrong_secret_key(driver: Any) -> None:
    error = failure(driver, secret_key="wrong")
    assert "verify aksk signature fail" in str(error)
    assert "this machine's clock" in error.hint


def test_a_token_that_has_expired(driver: Any) -> None:
    driver.simulated.register("AK-2", "SK-2", "token", expired=True)
    error = failure(driver, access_key="AK-2", secret_key="SK-2", security_token="token")
    assert isinstance(error, AccessDenied)
    assert error.hint == "get fresh temporary keys (security_token)"


def test_a_token_that_is_missing(driver: Any) -> None:
    driver.simulated.register("AK-3", "SK-3", "token")
    error = failure(driver, access_key="AK-3", secret_key="SK-3")
    assert "security_token" in error.hint


def test_an_action_that_is_not_allowed(driver: Any) -> None:
    driver.simulated.deny(["CreatePostPaidServers"])
    error = failure(driver)
    assert isinstance(error, AccessDenied)
    assert "CreatePostPaidServers" in str(error)
    assert "allow this action" in error.hint


def test_a_project_of_another_region(driver: Any) -> None:
    error = failure(driver, project_id=uuid.uuid4().hex)
    assert isinstance(error, AccessDenied | NotFound)
    assert error.code.startswith("APIGW.")


def test_a_project_that_there_is_not(driver: Any) -> None:
    error = failure(driver, project_id="", project_name="nobody-s")
    assert isinstance(error, TemplateError)
    assert 'there is no project "nobody-s"' in str(error)


def test_a_region_that_there_is_not(driver: Any) -> None:
    error = failure(driver, project_id="", region="cn-atlantis-1")
    assert 'there is no project "cn-atlantis-1"' in str(error)
    assert "check region" in str(error)


def test_an_endpoint_that_there_is_not(driver: Any) -> None:
    closed = {**driver.options().endpoints, "ims": "http://127.0.0.1:9"}
    error = failure(driver, endpoints=closed)
    assert isinstance(error, ServiceUnavailable)
    assert "http://127.0.0.1:9 can't be reached" in str(error)
    assert "check region, cloud, auth_url, endpoints" in error.hint


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"source_image": str(uuid.uuid4()), "source_image_name": ""}, "there is no image"),
        ({"source_image_name": "Ubuntu 99"}, 'there is no image named "Ubuntu 99" in cn-north-4'),
        (
            {"source_image_name": "", "source_image_filter": SourceImageFilter(filters=ImageFilters(owner="nobody"))},
            "there is no image that the source_image_filter describes",
        ),
    ],
)
def test_a_source_image_that_there_is_not(driver: Any, given: Any, told: str) -> None:
    error = failure(driver, **given)
    assert isinstance(error, NotFound)
    assert told in str(error)


def test_a_source_image_that_is_not_the_only_one(driver: Any) -> None:
    search = SourceImageFilter(filters=ImageFilters(name_regex="^Ubuntu"))
    error = failure(driver, source_image_name="", source_image_filter=search)
    assert isinstance(error, UsageError)
    assert "there are 2 images instead of one" in str(error)
    assert "most_recent = true" in error.hint


def test_an_image_for_another_processor(driver: Any) -> None:
    error = failure(driver, source_image_name="openEuler 22.03 LTS 64bit with ARM")
    assert "check source_image" in error.hint


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"flavor": "s9.huge"}, 'there is no flavor "s9.huge" in cn-north-4'),
        ({"availability_zone": "cn-north-4z"}, 'there is no zone "cn-north-4z"'),
        ({"vpc_id": "vpc-1"}, "vpc-1"),
        ({"vpc_name": "nobody-s"}, 'there is no VPC "nobody-s"'),
        ({"subnets": ["nobody-s"]}, 'there is no subnet "nobody-s"'),
        ({"subnets": [str(uuid.uuid4())]}, "there is no subnet"),
        ({"ports": [str(uuid.uuid4())]}, "there is no network interface"),
        ({"security_groups": ["nobody-s"]}, 'there is no security group "nobody-s" in cn-north-4'),
        ({"floating_ip": str(uuid.uuid4())}, "there is no EIP"),
    ],
)
def test_what_there_is_not(driver: Any, given: Any, told: str) -> None:
    error = failure(driver, **given)
    assert isinstance(error, NotFound)
    assert told in str(error)
    assert error.hint or "vpc_id" in given


def test_a_key_pair_that_there_is_not(driver: Any) -> None:
    error = failure(driver, ssh_keypair_name="nobody-s", ssh_password="Good-Secret-1")
    assert "nobody-s" in str(error)


def test_a_subnet_outside_the_vpc(driver: Any) -> None:
    driver.options(vpc_id=VPC, subnets=[SUBNET])
    driver.options(vpc_id=OTHER_VPC, subnets=["other"])
    error = failure(driver, vpc_id=OTHER_VPC, subnets=[SUBNET])
    assert f'the subnet "{SUBNET}" is in {VPC}, not in the VPC "{OTHER_VPC}"' in str(error)


def test_subnets_of_two_vpcs(driver: Any) -> None:
    driver.options(vpc_id=VPC, subnets=["one"])
    driver.options(vpc_id=OTHER_VPC, subnets=["two"])
    assert "in different VPCs" in str(failure(driver, subnets=["one", "two"]))


def test_a_security_group_that_lets_nobody_in_is_warned_of(driver: Any) -> None:
    driver.options(security_groups=[GROUP])
    driver.simulated._store.security_groups[GROUP].rules = []
    driver.build(security_groups=[GROUP])
    assert "lets anybody reach TCP port 22" in driver.said()


@pytest.mark.parametrize("kind", ["vpc", "security_group", "eip", "server", "key_pair", "image"])
def test_a_quota_that_is_used_up(driver: Any, kind: str) -> None:
    driver.options()
    driver.simulated.quotas[kind] = 0
    with pytest.raises(QuotaExceeded, match=r"(?i)quota") as error:
        driver.build()
    assert "ask for a higher quota" in error.value.hint
    assert driver.simulated.leftovers() == []


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        ("Ecs.0003", 400, "check the account's balance"),
        ("VPC.2701", 403, "check the account's balance"),
        ("VPC.2201", 403, "allow this action"),
        ("APIGW.0305", 403, "allow this action"),
        ("Ecs.0025", 400, "let EVS use the keys of KMS"),
        ("Ecs.0012", 400, "no free address left"),
        ("Ecs.0015", 400, "take another volume_type"),
    ],
)
def test_refusals_say_what_to_do(driver: Any, code: str, status: int, hint: str) -> None:
    driver.simulated.faults.add(Fault(kind="refuse", action="CreatePostPaidServers", code=code, status=status))
    with pytest.raises(ImagesmithError) as error:
        driver.build()
    assert hint in error.value.hint
    assert code in str(error.value)


def test_a_value_that_the_cloud_does_not_take_is_told_at_once(driver: Any) -> None:
    began = driver.simulated.clock.now()
    with pytest.raises(Rejected, match="Disk type"):
        driver.build(volume_type="FLOPPY")
    assert driver.simulated.clock.now() - began < 20
    assert "ListServersByTag" not in driver.actions()


def test_a_vault_that_there_is_not(driver: Any) -> None:
    with pytest.raises(ImagesmithError) as error:
        driver.build(image_type="full-ecs", vault_id="vault-1")
    assert "check vault_id" in error.value.hint
    assert driver.simulated.leftovers() == []


def test_an_eip_in_use(driver: Any) -> None:
    driver.options(floating_ip=VAULT)
    driver.simulated._store.eips[VAULT].status = "ACTIVE"
    assert isinstance(failure(driver, floating_ip=VAULT), Conflict)
