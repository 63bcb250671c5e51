"""Both generations of signatures, made by a signer of our own from the documented algorithms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _stamp(**ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _send(cloud: Any, target: str, headers: dict[str, str] | None = None, method: str = "POST") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(cloud.url.rpartition(":")[2]), timeout=10)
    try:
        connection.request(method, target, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read() or b"{}")
    finally:
        connection.close()


def _rpc(cloud: Any, secret: str = "SIMULATED-SK", prefix: str = "", **parameters: str) -> tuple[int, Any]:
    """RPC v1: sort, encode, sign ``METHOD&%2F&query`` with HMAC-SHA1 and the secret followed by an ampersand."""
    given = {
        "AccessKeyId": "SIMULATED-AK",
        "Action": "DescribeRegions",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": uuid.uuid4().hex,
        "SignatureVersion": "1.0",
        "Timestamp": _stamp(),
        "Version": "2014-05-26",
        **parameters,
    }
    query = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(given.items()))
    text = f"POST&{_encode('/')}&{_encode(query)}"
    given.setdefault("Signature", base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode())
    return _send(cloud, f"{prefix}/?{urlencode(given)}", {"Host": "ecs-cn-hangzhou.aliyuncs.com"})


def _acs3(
    cloud: Any, secret: str = "SIMULATED-SK", tamper: str = "", unsigned: str = "", **headers: str
) -> tuple[int, Any]:
    """ACS3: hash the canonical request, sign ``algorithm\\nhash`` with HMAC-SHA256."""
    query = "Description=a%20b&RegionId=cn-hangzhou"
    given = {
        "host": cloud.url.removeprefix("http://"),
        "x-acs-action": "CreateVpc",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": _stamp(),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": "2016-04-28",
        **headers,
    }
    names = sorted(name for name in given if name != unsigned)
    lines = "".join(f"{name}:{given[name]}\n" for name in names)
    canonical = "\n".join(["POST", "/", query, lines, ";".join(names), given["x-acs-content-sha256"]])
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(secret.encode(), text.encode(), "sha256").hex()
    given["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential=SIMULATED-AK,SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return _send(cloud, f"/?{query}{tamper}", given)


def test_rpc_signatures_are_accepted_when_they_are_right(cloud: Any) -> None:
    status, body = _rpc(cloud)
    assert status == 200
    assert body["Regions"]["Region"]


def test_rpc_signs_signs_that_need_encoding(cloud: Any) -> None:
    status, body = _rpc(cloud, Action="CreateVpc", RegionId="cn-hangzhou", Description="a b+c*d~é/?&=%")
    assert (status, body["VpcId"][:4]) == (200, "vpc-")
    assert cloud.calls()[-1].parameters["Description"] == "a b+c*d~é/?&=%"


def test_a_request_in_a_proxys_form_is_served(cloud: Any) -> None:
    assert _rpc(cloud, prefix="http://ecs-cn-hangzhou.aliyuncs.com")[0] == 200


def test_acs3_signatures_are_accepted_when_they_are_right(cloud: Any) -> None:
    status, body = _acs3(cloud)
    assert (status, body["VpcId"][:4]) == (200, "vpc-")


@pytest.mark.parametrize("send", [_rpc, _acs3])
def test_a_wrong_secret_key_is_refused(cloud: Any, send: Any) -> None:
    status, body = send(cloud, secret="WRONG")
    assert (status, body["Code"]) == (400, "SignatureDoesNotMatch")
    assert body["RequestId"]
    assert cloud.inventory() == []


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"AccessKeyId": "NOBODY"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"Signature": "bm90aGluZw=="}, 400, "SignatureDoesNotMatch"),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format"),
        ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod"),
        ({"SignatureNonce": ""}, 400, "MissingParameter"),
        ({"SecurityToken": "unasked"}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        ({"Version": "1999-01-01"}, 400, "InvalidVersion"),
    ],
)
def test_what_rpc_refuses(cloud: Any, parameters: dict[str, str], status: int, code: str) -> None:
    answer = _rpc(cloud, **parameters)
    assert (answer[0], answer[1]["Code"]) == (status, code)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"tamper": "&VpcName=x"}, "SignatureDoesNotMatch"),
        ({"unsigned": "x-acs-action"}, "SignatureDoesNotMatch"),
        ({"x-acs-content-sha256": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x-acs-date": "2020-01-01T00:00:00Z"}, "InvalidTimeStamp.Expired"),
        ({"x-acs-security-token": "unasked"}, "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
def test_what_acs3_refuses(cloud: Any, options: dict[str, str], code: str) -> None:
    answer = _acs3(cloud, **options)
    assert (answer[0], answer[1]["Code"]) == (400, code)


def test_a_request_cannot_be_sent_again(cloud: Any) -> None:
    nonce = {"SignatureNonce": "n-1"}
    assert _rpc(cloud, **nonce)[0] == 200
    assert _rpc(cloud, **nonce)[1]["Code"] == "SignatureNonceUsed"
    assert _acs3(cloud, **{"x-acs-signature-nonce": "n-2"})[0] == 200
    assert _acs3(cloud, **{"x-acs-signature-nonce": "n-2"})[1]["Code"] == "SignatureNonceUsed"


def test_an_unsigned_request_is_refused(cloud: Any) -> None:
    status, body = _send(cloud, "/?Action=DescribeRegions&Version=2014-05-26")
    assert (status, body["Code"]) == (400, "MissingParameter")


def test_the_sdk_can_use_temporary_keys(cloud: Any, connect: Any) -> None:
    cloud.register("STS.1", "sk", "token-1")
    connect(cloud, access_key_id="STS.1", access_key_secret="sk", security_token="token-1").do("DescribeRegions")
    wrong = connect(cloud, access_key_id="STS.1", access_key_secret="sk", security_token="token-2")
    assert wrong.refused("DescribeRegions") == "InvalidSecurityToken.MismatchWithAccessKey"


def test_the_sdk_with_a_wrong_key_is_refused(cloud: Any, connect: Any) -> None:
    assert connect(cloud, access_key_id="NOBODY").refused("DescribeRegions") == "InvalidAccessKeyId.NotFound"
    assert connect(cloud, access_key_secret="WRONG").refused("DescribeRegions") == "SignatureDoesNotMatch"


def test_the_old_signatures_of_the_sdk_are_accepted_too(cloud: Any, connect: Any) -> None:
    assert connect(cloud, signature_algorithm="v2").do("DescribeRegions").regions.region


def test_the_location_service_says_that_everything_is_here(cloud: Any) -> None:
    asked = {"Action": "DescribeEndpoints", "Version": "2015-06-12", "Id": "cn-hangzhou", "ServiceCode": "ecs"}
    status, body = _rpc(cloud, **asked, Type="openAPI")
    assert status == 200
    assert body["Endpoints"]["Endpoint"][0]["Endpoint"] == cloud.url.removeprefix("http://")


def test_tunnels_are_refused(cloud: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(cloud.url.rpartition(":")[2]), timeout=10)
    connection.set_tunnel("location-readonly.aliyuncs.com", 443)
    with pytest.raises(OSError, match="403"):
        connection.connect()
    connection.close()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", b"403"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_http_that_makes_no_sense_is_refused(cloud: Any, request_bytes: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(cloud.url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(request_bytes)
        assert status in connection.recv(4096).partition(b"\r\n")[0]


def test_user_data_of_the_full_size_fits_into_a_url(cloud: Any) -> None:
    data = base64.b64encode(b"\xff" * 32768).decode()
    status, body = _rpc(cloud, Action="RunInstances", RegionId="cn-hangzhou", InstanceType="ecs.none", UserData=data)
    assert (status, body["Code"]) == (400, "MissingParameter")
    assert cloud.calls()[-1].parameters["UserData"] == "***"


def test_only_loopback_is_listened_to(cloud: Any) -> None:
    port = f":{int(cloud.url.rpartition(':')[2]):04X}"
    tables = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    rows = [line.split() for line in tables.splitlines()]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(port)]
    assert listening == [f"0100007F{port}"]
