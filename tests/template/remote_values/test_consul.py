"""``consul_key()`` against a server that answers as Consul does."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith_simulator.server import Reply
from tests.template.remote_values import consul_stand_in
from tests.template.remote_values.consul_stand_in import TOKEN
from tests.template.remote_values.loading import fault_of, value_of


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app/password", "from consul"),
        ("/app/password", "from consul"),
        ("with blank & more", "Grüße\nzwei"),
    ],
)
def test_a_key_is_read(tmp_path: Path, key: str, value: str) -> None:
    with consul_stand_in.running() as environ:
        assert value_of(tmp_path, f'consul_key("{key}")', environ) == value


def test_the_environment_is_read_as_consuls_own_client_reads_it(tmp_path: Path) -> None:
    call = 'consul_key("app/password")'
    with consul_stand_in.running() as environ:
        address = environ["CONSUL_HTTP_ADDR"]
        assert value_of(tmp_path, call, environ | {"CONSUL_HTTP_ADDR": f"http://{address}"}) == "from consul"
        assert value_of(tmp_path, call, environ | {"CONSUL_NAMESPACE": "team"}) == "of the team"
        file = tmp_path / "token"
        file.write_text(f"{TOKEN}\n")
        by_file = {"CONSUL_HTTP_ADDR": address, "CONSUL_HTTP_TOKEN_FILE": str(file)}
        assert value_of(tmp_path, call, by_file) == "from consul"
        told = fault_of(tmp_path, call, environ | {"CONSUL_HTTP_SSL": "true"})
        assert f"Consul at https://{address} can't be reached: the TLS handshake failed" in told


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("app/pasword", 'Consul\'s key "app/pasword" does not exist | Check the key, CONSUL_NAMESPACE'),
        ("empty", 'Consul\'s key "empty" has an empty value | Store a value'),
        ("bytes", 'Consul\'s key "bytes" holds bytes that are no text | Store the value as UTF-8'),
    ],
)
def test_a_key_without_a_usable_value_is_told(tmp_path: Path, key: str, fault: str) -> None:
    with consul_stand_in.running() as environ:
        assert fault_of(tmp_path, f'consul_key("{key}")', environ).startswith(f"consul_key: {fault}")


def test_a_wrong_token_is_told_without_the_token(tmp_path: Path) -> None:
    with consul_stand_in.running() as environ:
        told = fault_of(tmp_path, 'consul_key("empty")', environ | {"CONSUL_HTTP_TOKEN": "wr0ng"})
    assert 'Consul\'s key "empty": the token is not allowed to read it | Check CONSUL_HTTP_TOKEN' in told
    assert "wr0ng" not in told
    assert "AccessorID" not in told


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"CONSUL_HTTP_ADDR": "unix:///run/consul.sock"}, "CONSUL_HTTP_ADDR is not an address that can be asked"),
        ({"CONSUL_HTTP_ADDR": "host:port"}, "CONSUL_HTTP_ADDR is not an address that can be asked"),
        ({"CONSUL_HTTP_SSL": "si"}, "CONSUL_HTTP_SSL is neither true nor false | Set CONSUL_HTTP_SSL to true or false"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/nowhere/token"}, "the file that CONSUL_HTTP_TOKEN_FILE names can't be read"),
        (
            {"CONSUL_HTTP_ADDR": "127.0.0.1:1"},
            "Consul at http://127.0.0.1:1 can't be reached: the connection was refused",
        ),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, environ: dict[str, str], fault: str) -> None:
    assert fault_of(tmp_path, 'consul_key("a")', environ).startswith(f"consul_key: {fault}")


def test_a_cluster_without_a_leader_is_asked_again(tmp_path: Path) -> None:
    failing = (Reply(500, b"No cluster leader"), Reply(cut=True), Reply(429, b"slow down"))
    with consul_stand_in.running(*failing) as environ:
        assert value_of(tmp_path, 'consul_key("app/password")', environ) == "from consul"


@pytest.mark.parametrize("reply", [Reply(200, b"s3cret"), Reply.json({"s3cret": 1}), Reply(400, b"s3cret")])
def test_other_answers_are_plain_errors_without_their_text(tmp_path: Path, reply: Reply) -> None:
    with consul_stand_in.running(reply) as environ:
        told = fault_of(tmp_path, 'consul_key("app/password")', environ)
    assert told.startswith("consul_key: Consul")
    assert "s3cret" not in told
