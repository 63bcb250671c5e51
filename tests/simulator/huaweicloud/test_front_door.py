"""Who may call: signatures, temporary keys, projects, permissions; what goes wrong on purpose on the way."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from imagesmith.errors import AccessDenied, AnswerLost, CloudError, ServiceUnavailable, Throttled
from imagesmith_huaweicloud.sdk import ecs, eip, iam, vpc
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk

ZONES = ecs.NovaListAvailabilityZonesRequest()


def new_vpc() -> Any:
    return vpc.CreateVpcRequest(body=vpc.CreateVpcRequestBody(vpc=vpc.CreateVpcOption(name="v", cidr="10.0.0.0/16")))


def vpcs(sdk: Sdk) -> int:
    return len(sdk.do(vpc.ListVpcsRequest())["vpcs"])


def test_a_wrong_secret_key_is_refused(cloud: SimulatedHuaweicloud) -> None:
    refusal = Sdk(cloud, secret_key="wrong").refused(ZONES)
    assert isinstance(refusal, AccessDenied)
    assert (refusal.code, refusal.status) == ("APIGW.0301", 401)


def test_an_unknown_access_key_is_refused(cloud: SimulatedHuaweicloud) -> None:
    assert "ak not exist" in str(Sdk(cloud, access_key="NOBODYS").refused(ZONES))


def test_a_temporary_key_needs_its_token(cloud: SimulatedHuaweicloud) -> None:
    cloud.register("TEMPORARY", "key", "a-token")
    Sdk(cloud, access_key="TEMPORARY", secret_key="key", security_token="a-token").do(ZONES)
    refusal = Sdk(cloud, access_key="TEMPORARY", secret_key="key", security_token="another").refused(ZONES)
    assert refusal.code == "APIGW.0301"
    assert Sdk(cloud, access_key="TEMPORARY", secret_key="key").refused(ZONES).code == "APIGW.0301"


def test_a_token_that_has_expired_is_refused_as_such(cloud: SimulatedHuaweicloud) -> None:
    cloud.register("TEMPORARY", "key", "a-token", expired=True)
    refusal = Sdk(cloud, access_key="TEMPORARY", secret_key="key", security_token="a-token").refused(ZONES)
    assert isinstance(refusal, AccessDenied)
    assert refusal.code == "APIGW.0307"


class _Late:
    """A clock that is 20 minutes ahead of the caller's."""

    @staticmethod
    def time() -> float:
        return time.time() + 1200


@pytest.fixture
def late_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's clock is late, as the gateway sees it."""
    monkeypatch.setattr("imagesmith_simulator.huaweicloud.signatures.time", _Late)


@pytest.mark.usefixtures("late_gateway")
def test_an_old_signature_is_refused(sdk: Sdk) -> None:
    assert "expires" in str(sdk.refused(ZONES))


def test_every_kind_of_path_query_and_body_is_signed_as_the_sdk_does(sdk: Sdk) -> None:
    sdk.do(ecs.NovaListKeypairsRequest(limit=5, marker="a b+c/ü"))
    sdk.do(ecs.ListCloudServersRequest(tags="imagesmith.run=a/b c", name="*"))
    assert sdk.refused(ecs.NovaShowKeypairRequest(keypair_name="nobody's (key)")).status == 404
    sdk.do(iam.KeystoneListProjectsRequest(name="cn-north-4"))


def test_a_request_without_a_signature_is_refused(cloud: SimulatedHuaweicloud) -> None:
    address = urlsplit(cloud.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    connection.request("GET", f"/v1/{cloud.project_id('cn-north-4')}/vpcs")
    answer = connection.getresponse()
    assert (answer.status, b"APIGW.0301" in answer.read()) == (401, True)
    connection.close()


def test_a_project_of_others_is_refused(cloud: SimulatedHuaweicloud) -> None:
    refusal = Sdk(cloud, "0123456789abcdef0123456789abcdef").refused(ZONES)
    assert isinstance(refusal, AccessDenied)


def test_projects_are_found_by_name(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    found = sdk.do(iam.KeystoneListProjectsRequest(name="eu-de"))["projects"]
    assert [(project["name"], project["id"]) for project in found] == [("eu-de", cloud.project_id("eu-de"))]
    assert sdk.do(iam.KeystoneListProjectsRequest(name="nowhere"))["projects"] == []


def test_what_is_denied_is_refused_by_name_and_nothing_is_done(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.deny(["CreateVpc"])
    refusal = sdk.refused(new_vpc())
    assert isinstance(refusal, AccessDenied)
    assert refusal.status == 403
    cloud.deny([])
    assert vpcs(sdk) == 0


def test_only_what_is_allowed_is_done(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.allow_only(["ListVpcs"])
    assert vpcs(sdk) == 0
    assert isinstance(sdk.refused(ZONES), AccessDenied)


def test_a_lost_answer_was_done_nevertheless(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.faults.add(Fault(kind="lose_answer", action="CreateVpc"))
    assert isinstance(sdk.refused(new_vpc()), AnswerLost)
    assert vpcs(sdk) == 1
    call = next(call for call in cloud.calls() if call.action == "CreateVpc")
    assert (call.outcome, len(call.made)) == ("cut", 1)


def test_a_lost_answer_of_a_launch_is_asked_for_again_with_its_token(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    launch = sdk.launch("token-1")
    cloud.faults.add(Fault(kind="lose_answer", action="CreatePostPaidServers"))
    assert isinstance(sdk.refused(launch), AnswerLost)
    answer = sdk.do(launch)
    assert [server["id"] for server in sdk.do(ecs.ListCloudServersRequest())["servers"]] == answer["serverIds"]


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault(kind="throttle", action="ListVpcs", times=9), Throttled, "APIGW.0308"),
        (Fault(kind="error_5xx", action="ListVpcs", times=9), ServiceUnavailable, "APIGW.0202"),
        (Fault(kind="html_502", action="ListVpcs", times=9), CloudError, ""),
        (Fault(kind="refuse", action="ListVpcs", code="VPC.0005", status=403), AccessDenied, "VPC.0005"),
    ],
)
def test_faults_look_like_the_clouds_own(
    sdk: Sdk, cloud: SimulatedHuaweicloud, fault: Fault, kind: type[CloudError], code: str
) -> None:
    cloud.faults.add(fault)
    refusal = sdk.refused_at_once(vpc.ListVpcsRequest())
    assert isinstance(refusal, kind)
    assert refusal.code == code


def test_calls_beyond_the_rate_are_throttled(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    cloud.limit(0.001)
    sdk.do(ZONES)
    assert isinstance(sdk.refused_at_once(ZONES), Throttled)


def test_a_field_that_nobody_knows_is_refused_and_told(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    request = vpc.CreateVpcRequest(body={"vpc": {"name": "v", "cidr": "10.0.0.0/16", "colour": "red"}})
    assert "vpc.colour" in str(sdk.refused(request))
    assert "interruption_policy" in str(sdk.refused(ecs.ListFlavorSellPoliciesRequest(interruption_policy="immediate")))


def test_the_project_of_a_job_and_of_a_server_are_their_own(cloud: SimulatedHuaweicloud) -> None:
    here, there = Sdk(cloud), Sdk(cloud, region="cn-south-1")
    answer = here.do(here.launch())
    assert there.refused(ecs.ShowJobRequest(job_id=answer["job_id"])).code == "Common.0011"


def test_many_callers_at_once_get_their_own_answers(sdk: Sdk) -> None:
    found: list[str] = []

    def allocate() -> None:
        found.append(sdk.address()["id"])

    threads = [threading.Thread(target=allocate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8
    assert len(sdk.do(eip.ListPublicipsRequest())["publicips"]) == 8


def test_calls_are_recorded_without_their_secrets(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    sdk.server(admin_pass="Secret-Word-1", user_data="c2VjcmV0IHN0dWZm")
    call = next(call for call in cloud.calls() if call.action == "CreatePostPaidServers")
    assert (call.product, call.mutates, call.outcome) == ("ecs", True, "ok")
    assert call.parameters["server.flavorRef"] == "s6.large.2"
    text = str(call.as_json())
    assert "Secret-Word-1" not in text
    assert "c2VjcmV0IHN0dWZm" not in text
