"""``aws_secretsmanager()`` against moto's server, which is AWS's API on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith_simulator.server import LoopbackServer, Reply
from tests.template.remote_values.loading import fault_of, value_of

SECRETS = {
    "one": '{"password": "the only one"}',
    "several": '{"user": "root", "password": "one of two", "port": 5432, "on": true, "tags": ["a"], "none": null}',
    "plain": "a plain\ntext",
    "not-json": "{not json",
    "number": "12345",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """What a user sets to ask a server with these secrets."""
    moto = pytest.importorskip("moto.server", reason="needs the packages moto, flask and flask-cors")
    import boto3

    server: Any = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "s3cret-key-of-aws",
    }
    client = boto3.client(
        "secretsmanager",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    for name, text in SECRETS.items():
        client.create_secret(Name=name, SecretString=text)
    client.create_secret(Name="binary", SecretBinary=b"\x00\x01")
    client.close()
    yield environ
    server.stop()


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('aws_secretsmanager("one", null)', "the only one"),
        ('aws_secretsmanager("one", "password")', "the only one"),
        ('aws_secretsmanager("several", "password")', "one of two"),
        ('aws_secretsmanager("several", "port")', "5432"),
        ('aws_secretsmanager("several", "on")', "true"),
        ('aws_secretsmanager("plain", null)', "a plain\ntext"),
        ('aws_secretsmanager("number", null)', "12345"),
        ('aws_secretsmanager_raw("one")', SECRETS["one"]),
        ('jsondecode(aws_secretsmanager_raw("several")).user', "root"),
    ],
)
def test_a_secret_is_read(aws: dict[str, str], tmp_path: Path, call: str, value: str) -> None:
    assert value_of(tmp_path, call, aws) == value


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ('aws_secretsmanager("nope", null)', 'the secret "nope" of AWS Secrets Manager does not exist'),
        ('aws_secretsmanager_raw("nope")', 'the secret "nope" of AWS Secrets Manager does not exist'),
        ('aws_secretsmanager("several", null)', "has 6 keys, so one must be named | It has none, on, password, port"),
        ('aws_secretsmanager("several", "x")', 'has no key "x" | It has none, on, password, port, tags, user'),
        (
            'aws_secretsmanager("several", "tags")',
            'the key "tags" of the secret "several" of AWS Secrets Manager is a list',
        ),
        (
            'aws_secretsmanager("several", "none")',
            'the key "none" of the secret "several" of AWS Secrets Manager is null',
        ),
        ('aws_secretsmanager("plain", "x")', "is a plain text and has no keys | Leave the key out"),
        ('aws_secretsmanager("not-json", null)', "is a plain text and has no keys"),
        ('aws_secretsmanager("binary", null)', "holds bytes, not a text | Store the value as a text"),
    ],
)
def test_what_is_not_there_is_told_with_the_names_of_what_is(
    aws: dict[str, str], tmp_path: Path, call: str, fault: str
) -> None:
    told = fault_of(tmp_path, call, aws)
    assert fault in told
    assert "one of two" not in told


def test_the_region_the_credentials_and_the_profile_are_told_when_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    call = 'aws_secretsmanager_raw("a")'
    assert "there is no region | Set AWS_REGION" in fault_of(tmp_path, call, {})
    here = {"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert "there are no complete credentials | Set AWS_ACCESS_KEY_ID" in fault_of(tmp_path, call, here)
    assert "there is no such profile | Check AWS_PROFILE" in fault_of(tmp_path, call, {"AWS_PROFILE": "ci"})
    known = here | {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert "AWS can't be reached | Check AWS_REGION" in fault_of(tmp_path, call, known)


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [
        ("AccessDeniedException", 400, "may not be read [AccessDeniedException"),
        ("ExpiredTokenException", 400, "may not be read [ExpiredTokenException"),
        ("InternalServiceError", 500, "was refused [InternalServiceError"),
        ("DecryptionFailure", 400, "was refused [DecryptionFailure"),
    ],
)
def test_refusals_are_told_by_their_code(tmp_path: Path, code: str, status: int, fault: str) -> None:
    server = LoopbackServer(lambda _: Reply.json({"__type": code, "Message": "s3cret"}, status=status))
    environ = {"AWS_ENDPOINT_URL": server.url, "AWS_REGION": "eu-central-1"}
    environ |= {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cret-key-of-aws"}
    try:
        told = fault_of(tmp_path, 'aws_secretsmanager_raw("a")', environ)
    finally:
        server.close()
    assert fault in told
    assert "s3cret" not in told
