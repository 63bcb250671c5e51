"""``alicloud_kms_secret()`` against a server that answers as KMS does and verifies signatures as the gateway does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from imagesmith_simulator.alicloud.errors import ApiError
from imagesmith_simulator.alicloud.signatures import Guard, Identity
from imagesmith_simulator.server import LoopbackServer, Reply, Request
from tests.template.remote_values.loading import fault_of, value_of

SECRETS = {
    "text": ("text", "a plain\ntext"),
    "object": ("text", '{"AccountName": "root", "AccountPassword": "of the database"}'),
    "bytes": ("binary", "AAE="),
}


def _answer(request: Request, guard: Guard) -> Reply:
    parameters = dict(parse_qsl(request.query) + parse_qsl(request.body.decode()))
    id_ = {"RequestId": "9A1B"}
    try:
        guard.verify(request, parameters)
        kind, data = _secret(parameters["SecretName"])
    except ApiError as error:
        return Reply.json({"Code": error.code, "Message": error.message, **id_}, status=error.status)
    assert request.headers["x-acs-action"] == "GetSecretValue"
    assert request.headers["x-acs-version"] == "2016-01-20"
    return Reply.json({"SecretData": data, "SecretDataType": kind, "VersionId": "v1", **id_})


def _secret(name: str) -> tuple[str, str]:
    if name == "denied":
        raise ApiError("Forbidden.NoPermission", 403, "This operation is forbidden by permission system.")
    if name not in SECRETS:
        raise ApiError("Forbidden.ResourceNotFound", 404, "Resource not found.")
    return SECRETS[name]


@contextmanager
def kms(*first: Reply) -> Iterator[dict[str, str]]:
    """What a user sets to ask a KMS that gives the ``first`` answers and then the right ones."""
    guard, waiting = Guard(), list(first)
    guard.register(Identity("LTAIexample", "s3cret-key"))
    server = LoopbackServer(lambda request: waiting.pop(0) if waiting else _answer(request, guard))
    try:
        yield {
            "ALICLOUD_ACCESS_KEY": "LTAIexample",
            "ALICLOUD_SECRET_KEY": "s3cret-key",
            "ALICLOUD_REGION": "cn-hangzhou",
            "ALICLOUD_KMS_ENDPOINT": server.url,
        }
    finally:
        server.close()
    assert not waiting


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('alicloud_kms_secret("text")', "a plain\ntext"),
        ('alicloud_kms_secret("text", null)', "a plain\ntext"),
        ('alicloud_kms_secret("object")', SECRETS["object"][1]),
        ('alicloud_kms_secret("object", "AccountPassword")', "of the database"),
    ],
)
def test_a_secret_is_read(tmp_path: Path, call: str, value: str) -> None:
    with kms() as environ:
        assert value_of(tmp_path, call, environ) == value


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ('alicloud_kms_secret("nope")', 'the secret "nope" of Alibaba Cloud KMS: '),
        ('alicloud_kms_secret("nope")', "[Forbidden.ResourceNotFound, request id 9A1B] | Check the name and ALICLOUD_"),
        ('alicloud_kms_secret("denied")', "| Check the access key, and that it may call kms:GetSecretValue"),
        ('alicloud_kms_secret("object", "Password")', 'no key "Password" | It has AccountName, AccountPassword'),
        ('alicloud_kms_secret("text", "k")', "is a plain text and has no keys | Leave the key out"),
        ('alicloud_kms_secret("bytes")', "is empty or holds bytes, not a text"),
    ],
)
def test_what_can_not_be_read_is_told(tmp_path: Path, call: str, fault: str) -> None:
    with kms() as environ:
        told = fault_of(tmp_path, call, environ)
    assert fault in told
    assert "of the database" not in told


def test_a_wrong_key_is_told_without_it(tmp_path: Path) -> None:
    with kms() as environ:
        told = fault_of(tmp_path, 'alicloud_kms_secret("text")', environ | {"ALICLOUD_SECRET_KEY": "wr0ng"})
    assert "SignatureDoesNotMatch" in told
    assert "wr0ng" not in told


def test_what_passes_is_waited_for(tmp_path: Path) -> None:
    busy = Reply.json({"Code": "Rejected.Throttling", "Message": "too many", "RequestId": "1"}, status=429)
    with kms(busy, Reply(cut=True), Reply(502, b"<html>")) as environ:
        assert value_of(tmp_path, 'alicloud_kms_secret("text")', environ) == "a plain\ntext"


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({}, "Alibaba Cloud KMS can't be asked: a region must be given | Set ALICLOUD_ACCESS_KEY"),
        ({"ALICLOUD_REGION": "cn-hangzhou"}, "Alibaba Cloud KMS can't be asked: there is no access_key and secret_key"),
    ],
)
def test_missing_settings_are_told(tmp_path: Path, environ: dict[str, str], fault: str) -> None:
    assert fault_of(tmp_path, 'alicloud_kms_secret("a")', environ).startswith(f"alicloud_kms_secret: {fault}")


def test_secrets_never_travel_in_clear(tmp_path: Path) -> None:
    with kms() as environ:
        elsewhere = environ | {"ALICLOUD_KMS_ENDPOINT": "http://kms.example.com"}
        told = fault_of(tmp_path, 'alicloud_kms_secret("text")', elsewhere)
    assert "ALICLOUD_KMS_ENDPOINT is not an endpoint | Plain http is for loopback only" in told
