"""``vault()`` against a real server (OpenBao), and against one that fails as a real one can't be made to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith_simulator.server import LoopbackServer, Reply, Request
from tests.template.remote_values import open_bao
from tests.template.remote_values.loading import fault_of, value_of
from tests.template.remote_values.open_bao import OpenBao


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server with KV version 1 at old/, version 2 at secret/, and a namespace."""
    with open_bao.running(tmp_path_factory.mktemp("bao")) as server:
        server.call("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
        server.call("POST", "old/app", {"password": "from-version-1", "port": 5432, "über/ key": "ümlaut\nline two"})
        server.call("POST", "old/with data", {"data": {"inner": "an object called data"}, "k": "v"})
        server.call(
            "POST", "secret/data/app", {"data": {"password": "from-version-2", "empty": "", "nested": {"a": 1}}}
        )
        server.call("POST", "secret/data/gone", {"data": {"password": "deleted"}})
        server.call("DELETE", "secret/data/gone")
        server.call("POST", "sys/namespaces/team", {})
        server.call("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, namespace="team")
        server.call("POST", "secret/data/app", {"data": {"password": "of-the-team"}}, namespace="team")
        yield server


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ("old/app", "password", "from-version-1"),
        ("/old/app", "password", "from-version-1"),
        ("old/app", "über/ key", "ümlaut\nline two"),
        ("old/with data", "inner", "an object called data"),
        ("secret/data/app", "password", "from-version-2"),
        ("secret/data/app", "empty", ""),
    ],
)
def test_both_versions_of_the_key_value_store_are_read(
    bao: OpenBao, tmp_path: Path, path: str, key: str, value: str
) -> None:
    assert value_of(tmp_path, f'vault("{path}", "{key}")', bao.environ()) == value


def test_a_namespace_has_secrets_of_its_own(bao: OpenBao, tmp_path: Path) -> None:
    environ = bao.environ(VAULT_NAMESPACE="team")
    assert value_of(tmp_path, 'vault("secret/data/app", "password")', environ) == "of-the-team"


@pytest.mark.parametrize(
    ("path", "key", "fault"),
    [
        (
            "secret/data/app",
            "pasword",
            'Vault\'s secret "secret/data/app" has no key "pasword" | It has empty, nested, password',
        ),
        ("secret/data/app", "nested", 'the key "nested" of Vault\'s secret "secret/data/app" is not a text | Store'),
        ("old/app", "port", 'the key "port" of Vault\'s secret "old/app" is not a text | Store the value as a text'),
        (
            "secret/app",
            "password",
            'Vault has nothing at the path "secret/app" | Check the path and VAULT_NAMESPACE; KV version 2 has "data"',
        ),
        ("secret/data/nope", "a", 'Vault has nothing at the path "secret/data/nope" | Check the path'),
        ("secret/data/gone", "password", 'Vault: the newest version of "secret/data/gone" is deleted | Undelete it'),
        ("nomount/a", "b", 'Vault has nothing at the path "nomount/a" | Check the path'),
    ],
)
def test_what_is_not_there_is_told_with_the_names_of_what_is(
    bao: OpenBao, tmp_path: Path, path: str, key: str, fault: str
) -> None:
    assert fault_of(tmp_path, f'vault("{path}", "{key}")', bao.environ()).startswith(f"vault: {fault}")


def test_a_wrong_token_is_told_without_the_token(bao: OpenBao, tmp_path: Path) -> None:
    environ = bao.environ(VAULT_TOKEN="hvs.not-a-good-token")
    told = fault_of(tmp_path, 'vault("secret/data/app", "password")', environ)
    assert 'Vault at the path "secret/data/app": the token in VAULT_TOKEN is not allowed to read it' in told
    assert "hvs." not in told


def test_a_policy_that_does_not_allow_the_path_is_told(bao: OpenBao, tmp_path: Path) -> None:
    bao.call("PUT", "sys/policies/acl/half", {"policy": 'path "secret/data/app" { capabilities = ["read"] }'})
    made = bao.call("POST", "auth/token/create", {"policies": ["half"]})
    environ = bao.environ(VAULT_TOKEN=made["auth"]["client_token"])
    assert value_of(tmp_path, 'vault("secret/data/app", "password")', environ) == "from-version-2"
    assert "is not allowed to read it" in fault_of(tmp_path, 'vault("old/app", "password")', environ)


def test_certificates_are_checked_against_the_named_authority(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tls")
    call = 'vault("secret/data/app", "k")'
    with open_bao.running(folder, tls=True) as server:
        server.call("POST", "secret/data/app", {"data": {"k": "over TLS"}})
        told = fault_of(folder, call, server.environ())
        assert f"the certificate of Vault at {server.url} is not trusted" in told
        assert value_of(folder, call, server.environ(VAULT_CACERT=server.ca)) == "over TLS"
        assert value_of(folder, call, server.environ(VAULT_SKIP_VERIFY="true")) == "over TLS"
        named = server.environ(VAULT_CACERT=server.ca, VAULT_TLS_SERVER_NAME="localhost4")
        assert value_of(folder, call, named) == "over TLS"
        elsewhere = server.environ(VAULT_CACERT=server.ca, VAULT_TLS_SERVER_NAME="elsewhere.example.com")
        assert "is not trusted" in fault_of(folder, call, elsewhere)


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({}, "VAULT_TOKEN is not set, so Vault can't be asked | Run vault login and export VAULT_TOKEN"),
        ({"VAULT_TOKEN": "t", "VAULT_ADDR": "vault:8200"}, "VAULT_ADDR is not an address | Write http"),
        ({"VAULT_TOKEN": "t", "VAULT_ADDR": "unix:///run/vault.sock"}, "VAULT_ADDR is not an address | Write http"),
        ({"VAULT_TOKEN": "t", "VAULT_SKIP_VERIFY": "perhaps"}, "VAULT_SKIP_VERIFY is neither true nor false | Set"),
        (
            {"VAULT_TOKEN": "t", "VAULT_ADDR": "http://127.0.0.1:1"},
            "Vault at http://127.0.0.1:1 can't be reached: the connection was refused | Check VAULT_ADDR",
        ),
        (
            {"VAULT_TOKEN": "t", "VAULT_CACERT": "/nowhere.pem"},
            "Vault: a certificate or key file can't be read | Check",
        ),
    ],
)
def test_wrong_settings_are_told_with_what_to_set(tmp_path: Path, environ: dict[str, str], fault: str) -> None:
    told = fault_of(tmp_path, 'vault("a", "b")', environ).replace(" that can be asked", "")
    assert told.startswith(f"vault: {fault}")


def test_a_sealed_or_failing_server_is_asked_again(tmp_path: Path) -> None:
    answers = [Reply.json({"errors": ["Vault is sealed"]}, status=503), Reply.json({"errors": []}, status=500)]
    answers += [Reply(cut=True), Reply.json({"data": {"k": "at last"}})]

    def application(request: Request) -> Reply:
        return answers.pop(0)

    server = LoopbackServer(application)
    try:
        environ = {"VAULT_TOKEN": "t", "VAULT_ADDR": server.url}
        assert value_of(tmp_path, 'vault("a", "k")', environ) == "at last"
    finally:
        server.close()
    assert answers == []


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply.json({"errors": ["1 error"]}, status=400), "Vault refused the request (InvalidRequest)"),
        (Reply(200, b"<html>a portal</html>", {"Content-Type": "text/html"}), "has no data"),
        (Reply.json(["s3cret"]), "has no data"),
        (Reply.json({"data": None, "warnings": ["s3cret"]}), "has no data"),
        (Reply.json({"data": {"data": None, "metadata": {"version": 1}}}), "is deleted in its newest version"),
        (Reply.json({"errors": ["s3cret"]}, status=429), "too many requests"),
        (Reply.json({"errors": ["s3cret"]}, status=503), "Vault is sealed or in maintenance"),
    ],
)
def test_every_other_answer_is_a_plain_error_without_its_text(tmp_path: Path, reply: Reply, fault: str) -> None:
    server = LoopbackServer(lambda _: reply)
    try:
        told = fault_of(tmp_path, 'vault("a", "k")', {"VAULT_TOKEN": "t", "VAULT_ADDR": server.url})
    finally:
        server.close()
    assert fault in told
    assert "s3cret" not in told
