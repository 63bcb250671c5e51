"""``huaweicloud_csms_secret()`` against a server that answers as CSMS does and verifies signatures as APIG does."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from imagesmith_simulator.server import LoopbackServer, Reply, Request
from tests.template.remote_values.loading import fault_of, value_of

SECRETS = {
    "text": {"secret_string": "a plain\ntext"},
    "object": {"secret_string": '{"user": "root", "password": "of the database"}'},
    "bytes": {"secret_binary": "AAE="},
}
KEY, SECRET_KEY = "HPUAEXAMPLE", "s3cret-key"


def _signed(request: Request) -> bool:
    """Whether the request is signed with the key. Source: the signature SDK-HMAC-SHA256 of the API gateway."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    names = fields["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    digest = hashlib.sha256(request.body).hexdigest()
    parts = (request.method, request.path.rstrip("/") + "/", request.query, headers, ";".join(names), digest)
    hashed = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    text = f"{scheme}\n{request.headers['x-sdk-date']}\n{hashed}"
    wanted = hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    return scheme == "SDK-HMAC-SHA256" and fields["Access"] == KEY and fields["Signature"] == wanted


def _answer(request: Request) -> Reply:
    id_ = {"X-Request-Id": "c0ffee"}
    if not _signed(request):
        body = {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information: verify aksk"}
        return Reply.json(body, status=401, headers=id_)
    if request.path == "/v3/projects":
        return Reply.json({"projects": [{"id": "0123abcd", "name": "cn-north-4"}]}, headers=id_)
    name = unquote(request.path.removeprefix("/v1/0123abcd/secrets/").removesuffix("/versions/latest"))
    if name == "denied":
        return Reply.json({"error_code": "KMS.0306", "error_msg": "no permission"}, status=403, headers=id_)
    if name not in SECRETS:
        return Reply.json({"error_code": "CSM.0404", "error_msg": "Secret not found."}, status=404, headers=id_)
    return Reply.json({"version": {"version_metadata": {"id": "v1"}, **SECRETS[name]}}, headers=id_)


@contextmanager
def csms(*first: Reply) -> Iterator[dict[str, str]]:
    """What a user sets to ask a CSMS that gives the ``first`` answers and then the right ones."""
    waiting = list(first)
    server = LoopbackServer(lambda request: waiting.pop(0) if waiting else _answer(request))
    try:
        yield {
            "HW_ACCESS_KEY": KEY,
            "HW_SECRET_KEY": SECRET_KEY,
            "HW_REGION_NAME": "cn-north-4",
            "HW_PROJECT_ID": "0123abcd",
            "HW_CSMS_ENDPOINT": server.url,
        }
    finally:
        server.close()
    assert not waiting


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('huaweicloud_csms_secret("text")', "a plain\ntext"),
        ('huaweicloud_csms_secret("object", null)', SECRETS["object"]["secret_string"]),
        ('huaweicloud_csms_secret("object", "password")', "of the database"),
    ],
)
def test_a_secret_is_read(tmp_path: Path, call: str, value: str) -> None:
    with csms() as environ:
        assert value_of(tmp_path, call, environ) == value


def test_the_project_is_looked_up_by_the_regions_name(tmp_path: Path) -> None:
    with csms() as environ:
        environ.pop("HW_PROJECT_ID")
        environ["HW_AUTH_URL"] = environ["HW_CSMS_ENDPOINT"]
        assert value_of(tmp_path, 'huaweicloud_csms_secret("text")', environ) == "a plain\ntext"


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (
            'huaweicloud_csms_secret("nope")',
            'the secret "nope" of Huawei Cloud CSMS: Secret not found [CSM.0404, request id c0ffee] | Check the name',
        ),
        ('huaweicloud_csms_secret("denied")', "| Check the access key, and that it may call csms:secretVersion:get"),
        ('huaweicloud_csms_secret("object", "pass")', 'has no key "pass" | It has password, user'),
        ('huaweicloud_csms_secret("bytes")', "is empty or holds bytes, not a text"),
    ],
)
def test_what_can_not_be_read_is_told(tmp_path: Path, call: str, fault: str) -> None:
    with csms() as environ:
        told = fault_of(tmp_path, call, environ)
    assert fault in told
    assert "of the database" not in told


def test_a_wrong_key_is_told_without_it(tmp_path: Path) -> None:
    with csms() as environ:
        told = fault_of(tmp_path, 'huaweicloud_csms_secret("text")', environ | {"HW_SECRET_KEY": "wr0ng"})
    assert "APIGW.0301" in told
    assert "wr0ng" not in told


def test_what_passes_is_waited_for(tmp_path: Path) -> None:
    busy = Reply.json({"error_code": "APIGW.0308", "error_msg": "throttled"}, status=429)
    with csms(busy, Reply(cut=True), Reply(502, b"<html>")) as environ:
        assert value_of(tmp_path, 'huaweicloud_csms_secret("text")', environ) == "a plain\ntext"


def test_missing_settings_are_told(tmp_path: Path) -> None:
    told = fault_of(tmp_path, 'huaweicloud_csms_secret("a")', {})
    assert "Huawei Cloud CSMS can't be asked: a region must be given | Set HW_ACCESS_KEY" in told
