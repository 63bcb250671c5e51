"""The door to the cloud: what goes over the wire, what is tried again, what errors say and what they never say."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagesmith import errors
from imagesmith.cloud_calls.endpoint import parse_endpoint
from imagesmith.cloud_calls.pacing import TokenBucket
from imagesmith_alicloud import sdk
from imagesmith_alicloud.credentials import Access
from imagesmith_alicloud.sdk import Cloud, ecs, vpc

SECRET = "P@ss, w$rd\"'&=中"


def open_cloud(url: str, caller: Any, token: str = "") -> Cloud:
    endpoint = parse_endpoint(url)
    return Cloud(Access("cn-hangzhou", endpoint, endpoint, "AKID", "AKSECRET", token), caller)


@pytest.fixture
def cloud(stub: Any, caller: Any) -> Cloud:
    return open_cloud(stub.url, caller)


def refusal(code: str, status: int = 400, message: str = "no") -> tuple[int, dict[str, str]]:
    return status, {"Code": code, "Message": message, "RequestId": "R-9"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_request_is_the_sdks_own_signed_and_with_its_region(stub: Any, caller: Any) -> None:
    cloud = open_cloud(stub.url, caller, token="STS-TOKEN")
    cloud.write(
        ecs.RunInstancesRequest(
            image_id="m-1",
            amount=1,
            tag=[ecs.RunInstancesRequestTag(key="a", value="b c")],
            data_disk=[ecs.RunInstancesRequestDataDisk(size=20, delete_with_instance=True)],
        )
    )
    cloud.read(vpc.DescribeVpcsRequest(vpc_id="vpc-1"))
    first, second = stub.calls
    assert first.action == "RunInstances"
    assert first.parameters == {
        "ImageId": "m-1",
        "Amount": "1",
        "RegionId": "cn-hangzhou",
        "Tag.1.Key": "a",
        "Tag.1.Value": "b c",
        "DataDisk.1.Size": "20",
        "DataDisk.1.DeleteWithInstance": "True",
    }
    assert first.headers["x-acs-version"] == "2014-05-26"
    assert first.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=AKID,")
    assert first.headers["x-acs-security-token"] == "STS-TOKEN"
    assert first.headers["user-agent"].count("imagesmith/") == 1
    assert (second.action, second.headers["x-acs-version"]) == ("DescribeVpcs", "2016-04-28")


def test_a_misspelt_parameter_fails_before_it_is_sent() -> None:
    with pytest.raises(TypeError):
        ecs.RunInstancesRequest(image_identity="m-1")
    with pytest.raises(AttributeError):
        _ = ecs.RunInstanceRequest


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidAccessKeyId.NotFound", errors.AccessDenied),
        ("Forbidden.VpcNotFound", errors.NotFound),
        ("InvalidAccessKeyId.Inactive", errors.AccessDenied),
        ("SignatureDoesNotMatch", errors.AccessDenied),
        ("Forbidden.RAM", errors.AccessDenied),
        ("InvalidSecurityToken.Expired", errors.AccessDenied),
        ("InvalidImageId.NotFound", errors.NotFound),
        ("InvalidRegionId.NotFound", errors.NotFound),
        ("InvalidInstanceType.ValueNotSupported", errors.NotFound),
        ("InvalidImageName.Duplicated", errors.AlreadyExists),
        ("KeyPair.AlreadyExist", errors.AlreadyExists),
        ("QuotaExceed.ElasticIpAddress", errors.QuotaExceeded),
        ("QuotaExceeded.Vpc", errors.QuotaExceeded),
        ("OperationDenied.NoStock", errors.OutOfStock),
        ("DependencyViolation.VSwitch", errors.Conflict),
        ("Forbbiden", errors.Conflict),
        ("IncorrectInstanceStatus.Initializing", errors.Conflict),
        ("IncorrectEipStatus", errors.Conflict),
        ("InvalidParameter.KeypairAlreadyAttachedInstance", errors.Conflict),
        ("MissingParameter", errors.CloudError),
    ],
)
def test_an_error_is_told_by_its_code(stub: Any, cloud: Cloud, code: str, kind: type[errors.CloudError]) -> None:
    stub.answer("DescribeRegions", refusal(code, message="The thing is wrong."))
    with pytest.raises(errors.CloudError) as refused:
        cloud.read(ecs.DescribeRegionsRequest())
    error = refused.value
    assert type(error) is kind
    assert (error.action, error.code, error.request_id, error.status) == ("DescribeRegions", code, "R-9", 400)
    assert str(error).startswith(f"DescribeRegions: The thing is wrong [{code}, request id R-9]")
    assert len(stub.calls) == 1


def test_hints_say_what_to_do(stub: Any, cloud: Cloud) -> None:
    for code, word in [
        ("InvalidAccessKeyId.NotFound", "ALICLOUD_ACCESS_KEY"),
        ("SignatureDoesNotMatch", "ALICLOUD_SECRET_KEY"),
        ("InvalidRegionId.NotFound", "ALICLOUD_REGION"),
        ("Forbidden.RAM", "allow this action"),
        ("InvalidImageId.NotFound", "source_image"),
    ]:
        stub.answer("DescribeRegions", refusal(code))
        with pytest.raises(errors.CloudError) as refused:
            cloud.read(ecs.DescribeRegionsRequest())
        assert word in refused.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        refusal("Throttling.User"),
        refusal("ServiceUnavailable", 503),
        refusal("InternalError", 500),
        refusal("IdempotentProcessing", 400),
        refusal("LastTokenProcessing"),
        refusal("OperationConflict", 409),
        (502, "<html>Bad Gateway</html>"),
        (200, "{ half an ans"),
        "cut",
    ],
    ids=lambda reply: str(reply[1])[:30],
)
def test_what_passes_is_tried_again_with_the_same_token(stub: Any, cloud: Cloud, caller: Any, reply: Any) -> None:
    stub.answer("CreateVpc", reply, (200, {"VpcId": "vpc-7"}))
    assert cloud.write(vpc.CreateVpcRequest(client_token="T-1"))["VpcId"] == "vpc-7"
    assert [call.parameters["ClientToken"] for call in stub.calls] == ["T-1", "T-1"]
    assert len({call.headers["x-acs-signature-nonce"] for call in stub.calls}) == 2
    assert len(caller.retries()) == 1
    assert caller.said[-1].startswith("CreateVpc: ok in ")


@pytest.mark.parametrize("reply", ["cut", refusal("InternalError", 500), (502, "<html>"), (200, "{")])
def test_a_create_without_a_token_is_not_repeated_blindly(stub: Any, cloud: Cloud, reply: Any) -> None:
    stub.answer("ImportKeyPair", reply, (200, {}))
    with pytest.raises(errors.AnswerLost):
        cloud.write_once(ecs.ImportKeyPairRequest(key_pair_name="k"))
    assert len(stub.calls) == 1


def test_a_create_without_a_token_is_repeated_when_it_was_surely_refused(stub: Any, cloud: Cloud) -> None:
    stub.answer("ImportKeyPair", refusal("Throttling"), refusal("ServiceUnavailable", 503), (200, {"KeyPairName": "k"}))
    assert cloud.write_once(ecs.ImportKeyPairRequest(key_pair_name="k"))["KeyPairName"] == "k"


def test_special_codes_of_one_call_are_tried_again_for_it_only(stub: Any, cloud: Cloud) -> None:
    stub.answer("CreateVSwitch", refusal("IncorrectVpcStatus"), (200, {"VSwitchId": "v"}))
    assert cloud.write(vpc.CreateVSwitchRequest(), also=("IncorrectVpcStatus*",))["VSwitchId"] == "v"
    stub.answer("CreateVSwitch", refusal("IncorrectVpcStatus"))
    with pytest.raises(errors.Conflict):
        cloud.write(vpc.CreateVSwitchRequest())


def test_an_endpoint_that_never_answered_is_given_up_soon(caller: Any) -> None:
    cloud = open_cloud(f"http://127.0.0.1:{free_port()}", caller)
    with pytest.raises(errors.ServiceUnavailable) as refused:
        cloud.read(ecs.DescribeRegionsRequest())
    assert "can't be reached: the connection was refused" in str(refused.value)
    assert len(caller.retries()) == 2


def test_an_unknown_host_is_named(caller: Any) -> None:
    with pytest.raises(errors.ServiceUnavailable) as refused:
        open_cloud("https://ecs.cn-nowhere.invalid", caller).read(ecs.DescribeRegionsRequest())
    assert "https://ecs.cn-nowhere.invalid can't be reached: the host name is not known" in str(refused.value)
    assert "region" in refused.value.hint


@pytest.mark.parametrize("what", ["refused", "cut", "signature"])
def test_no_error_repeats_what_the_call_carried(stub: Any, caller: Any, what: str) -> None:
    cloud = open_cloud(stub.url if what != "refused" else f"http://127.0.0.1:{free_port()}", caller)
    request = ecs.RunInstancesRequest(password=SECRET, user_data="dXNlci1kYXRh")
    told = f"Specified signature is not matched. server string to sign is:POST\n/\nPassword={SECRET}"
    stub.answer("RunInstances", "cut" if what == "cut" else refusal("SignatureDoesNotMatch", message=told))
    with pytest.raises(errors.CloudError) as refused:
        cloud.write_once(request) if what == "cut" else cloud.write(request)
    chain: list[BaseException] = [refused.value]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    text = " ".join([*(f"{one!s} {one!r} {vars(one)!r}" for one in chain), *caller.said])
    for word in (SECRET, "P%40ss", "dXNlci1kYXRh", "Password", "AKSECRET", "Signature="):
        assert word not in text
    assert len(chain) == 1


def test_debug_logging_shows_no_secrets(stub: Any) -> None:
    code = f"""
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from imagesmith.waiting import CancelToken
from imagesmith_alicloud.credentials import Access
from imagesmith.cloud_calls.endpoint import parse_endpoint
from imagesmith_alicloud.sdk import Cloud, ecs
class Caller:
    cancel = CancelToken()
    def say(self, text, level="info"): print(text)
at = parse_endpoint({stub.url!r})
Cloud(Access("r", at, at, "AKID", "AKSECRET", "STSTOKEN"), Caller()).write(ecs.RunInstancesRequest(password="Secret-9"))
"""
    env = {"DEBUG": "sdk", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert stub.calls[0].parameters["Password"] == "Secret-9"
    shown = done.stdout + done.stderr
    assert '"POST /' in shown, "urllib3's debug line is there, without its query"
    assert not any(word in shown for word in ("Secret-9", "AKSECRET", "STSTOKEN", "Signature="))


def test_a_read_is_given_up_at_once_when_the_build_is_cancelled(stub: Any, cloud: Cloud, caller: Any) -> None:
    release = threading.Event()
    stub.answer("DescribeRegions", lambda: release.wait(10) and (200, {}))
    timer = threading.Timer(0.2, caller.cancel.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(errors.Cancelled):
        cloud.read(ecs.DescribeRegionsRequest())
    assert time.monotonic() - began < 1.0
    release.set()
    timer.join()


def test_a_change_is_awaited_even_when_the_build_is_cancelled(stub: Any, cloud: Cloud, caller: Any) -> None:
    release = threading.Event()
    stub.answer("CreateVpc", lambda: release.wait(10) and (200, {"VpcId": "vpc-1"}))
    timers = [threading.Timer(0.1, caller.cancel.cancel), threading.Timer(0.3, release.set)]
    for timer in timers:
        timer.start()
    assert cloud.write(vpc.CreateVpcRequest(client_token="t"))["VpcId"] == "vpc-1"
    for timer in timers:
        timer.join()
    with pytest.raises(errors.Cancelled):
        cloud.write(vpc.CreateVpcRequest(client_token="t2"))
    assert len(stub.calls) == 1


def test_cancelling_ends_a_back_off(stub: Any, cloud: Cloud, caller: Any) -> None:
    stub.answer("DescribeRegions", refusal("Throttling"))
    timer = threading.Timer(0.3, caller.cancel.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(errors.Cancelled):
        cloud.read(ecs.DescribeRegionsRequest())
    assert time.monotonic() - began < 1.3
    timer.join()


def test_proxies_are_used_and_no_proxy_is_honoured(
    serve: Callable[..., Any], caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve()
    with monkeypatch.context() as patched:
        patched.setenv("HTTPS_PROXY", proxy.url)
        patched.setenv("https_proxy", proxy.url)
        with pytest.raises(errors.ServiceUnavailable) as refused:
            open_cloud("https://ecs.proxied.invalid", caller).read(ecs.DescribeRegionsRequest())
        assert "the proxy does not let the call through" in str(refused.value)
        patched.setenv("NO_PROXY", ".proxied.invalid")
        with pytest.raises(errors.ServiceUnavailable) as refused:
            open_cloud("https://ecs.proxied.invalid", caller).read(ecs.DescribeRegionsRequest())
        assert "the host name is not known" in str(refused.value)


def test_loopback_is_never_asked_through_a_proxy(stub: Any, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        patched.setenv("http_proxy", "http://127.0.0.1:1")
        open_cloud(stub.url, caller).read(ecs.DescribeRegionsRequest())
    assert stub.actions() == ["DescribeRegions"]


def test_a_private_ca_is_trusted_only_when_the_environment_names_it(
    serve: Callable[..., Any], caller: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    served = serve(lambda raw: context.wrap_socket(raw, server_side=True))
    cloud = open_cloud(served.url, caller)
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    with monkeypatch.context() as patched:
        for variable in variables:
            patched.delenv(variable, raising=False)
        with pytest.raises(errors.CloudError) as refused:
            cloud.read(ecs.DescribeRegionsRequest())
        assert "is not trusted" in str(refused.value)
        assert "REQUESTS_CA_BUNDLE" in refused.value.hint
        assert served.calls == []
        for variable in variables:
            patched.setenv(variable, str(certificate))
            cloud.read(ecs.DescribeRegionsRequest())
            patched.delenv(variable)
        with pytest.raises(errors.CloudError):
            open_cloud(served.url, caller).read(ecs.DescribeRegionsRequest())
    assert len(served.calls) == 3


def test_other_users_of_the_sdk_keep_its_own_session() -> None:
    from darabonba.core import DaraCore

    theirs = DaraCore._get_session("http://h:80", "http")
    assert type(theirs).__module__.startswith("requests")
    theirs.close()
    DaraCore._sessions.clear()


def test_builds_of_one_process_share_pace_and_connections(stub: Any, caller: Any) -> None:
    one, two = open_cloud(stub.url, caller), open_cloud(stub.url, caller)
    line = one._products["ecs"].line
    assert line is two._products["vpc"].line
    stub.answer("DescribeRegions", refusal("Throttling.User"), (200, {}))
    full = line.bucket.rate_per_s
    one.read(ecs.DescribeRegionsRequest())
    assert line.bucket.rate_per_s < full
    for _ in range(5):
        two.read(ecs.DescribeRegionsRequest())
    assert full / 2 < line.bucket.rate_per_s < full


def test_the_bucket_spaces_calls_out_and_can_be_cancelled(caller: Any) -> None:
    bucket = TokenBucket(rate_per_s=20.0, burst=2.0)
    began = time.monotonic()
    for _ in range(6):
        bucket.take(caller.cancel)
    assert 0.15 < time.monotonic() - began < 1.0
    slow = TokenBucket(rate_per_s=0.01, burst=1.0)
    slow.take(caller.cancel)
    caller.cancel.cancel()
    with pytest.raises(errors.Cancelled):
        slow.take(caller.cancel)


def test_forty_threads_share_one_cloud(stub: Any, cloud: Cloud) -> None:
    stub.answer("DescribeRegions", (200, {"ok": 1}))
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(cloud.read(ecs.DescribeRegionsRequest()))) for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["ok"] for answer in answers] == [1] * 40


def test_only_the_models_that_are_used_are_loaded() -> None:
    code = (
        "import sys; from imagesmith_alicloud.sdk import ecs; ecs.StopInstanceRequest(instance_id='i'); "
        "print(len([m for m in sys.modules if m.startswith('alibabacloud_ecs20140526.models.')]));"
        "from alibabacloud_ecs20140526 import models; import alibabacloud_ecs20140526.client as c;"
        "print(models is ecs, c.main_models is ecs, models.StartInstanceRequest(instance_id='i').to_map());"
        "print(all(hasattr(models, name) for name in models.__all__), len(models.__all__) > 2000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["1", "True True {'InstanceId': 'i'}", "True True"]


def test_models_that_are_imported_already_are_used_as_they_are() -> None:
    code = "import alibabacloud_ecs20140526.models as m; from imagesmith_alicloud.sdk import ecs; print(ecs is m)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_aiohttp_is_imported_only_when_somebody_needs_it() -> None:
    code = (
        "import sys; from imagesmith_alicloud import sdk; print('aiohttp' in sys.modules);"
        "import darabonba.core as core, Tea.core as tea; stand_in = core.aiohttp;"
        "print(core.aiohttp.TCPConnector.__module__, 'aiohttp' in sys.modules);"
        "import aiohttp; print(aiohttp is not stand_in, aiohttp.ClientSession is tea.aiohttp.ClientSession)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", "aiohttp.connector True", "True True"]


def test_the_sdks_logger_is_silent() -> None:
    assert sdk.__name__
    logger = logging.getLogger("darabonba-core")
    assert logger.disabled
    assert logger.handlers == []
