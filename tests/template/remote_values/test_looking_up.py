"""What holds for every secret store: asked once, masked everywhere, told with its place, and not asked when in vain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tenacity

from imagesmith import redact, template
from imagesmith.errors import TemplateError
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.secret_store import SecretRequest
from imagesmith_simulator.server import LoopbackServer, Reply, Request
from tests.template.remote_values.loading import fault_of, load_hcl2

ROOT = Path(__file__).parent.parent.parent.parent
SECRETS = {
    "/v1/secret/data/app": {"password": "correct-horse", "pair": "first-half:second-half", "short": "abc"},
    "/v1/secret/data/json": {"all": '{"inner": ["battery-staple"], "port": 22}'},
}


@contextmanager
def vault() -> Iterator[tuple[dict[str, str], list[str]]]:
    """What a user sets to ask a small Vault, and the paths that it was asked for."""
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        found = SECRETS.get(request.path)
        return Reply.json({"data": {"data": found}}) if found else Reply.json({"errors": []}, status=404)

    server = LoopbackServer(answer)
    try:
        yield {"VAULT_ADDR": server.url, "VAULT_TOKEN": "hvs.a-token"}, asked
    finally:
        server.close()


def load_json(folder: Path, variables: dict[str, str], environ: dict[str, str], *, syntax_only: bool = False) -> Plan:
    path = folder / "t.json"
    path.write_text(json.dumps({"variables": variables, "builders": [{"type": "null", "communicator": "none"}]}))
    return template.load(TemplateRequest(str(path), environ=environ, syntax_only=syntax_only))


def test_a_value_is_asked_for_once_however_often_it_is_used(tmp_path: Path) -> None:
    call = 'vault("secret/data/app", "password")'
    body = f"locals {{\n  a = {call}\n  b = [for n in range(20) : {call}]\n  c = try({call}, 1)\n}}"
    with vault() as (environ, asked):
        load_hcl2(tmp_path, body, environ)
    assert asked == ["/v1/secret/data/app"]


def test_what_failed_once_is_not_asked_again(tmp_path: Path) -> None:
    call = 'vault("secret/data/nope", "a")'
    with vault() as (environ, asked):
        plan = load_hcl2(tmp_path, f'locals {{\n  a = try({call}, "x")\n  b = can({call})\n}}', environ)
    assert [one.value for one in plan.locals] == ["x", False]
    assert asked == ["/v1/secret/data/nope"]


def test_a_store_that_can_not_be_reached_is_given_up_for_all_its_values(tmp_path: Path) -> None:
    body = "locals {\n" + "".join(f'  v{n} = vault("a", "{n}")\n' for n in range(30)) + "}"
    began = time.monotonic()
    with pytest.raises(TemplateError) as caught:
        load_hcl2(tmp_path, body, {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "t"})
    assert len(caught.value.diagnostics) == 30
    assert time.monotonic() - began < 15


def test_syntax_only_asks_nobody(tmp_path: Path) -> None:
    validated = (
        'variable "a" {\n  default = "x"\n  validation {\n    condition     = var.a == vault("a", "b")\n'
        '    error_message = "No."\n  }\n}'
    )
    with vault() as (environ, asked):
        load_hcl2(tmp_path, 'locals {\n  a = vault("a", "b")\n}', environ, syntax_only=True)
        load_hcl2(tmp_path, validated, environ, syntax_only=True)
        load_json(tmp_path, {"a": "{{vault `a` `b`}}", "b": "x{{user `a`}}"}, environ, syntax_only=True)
    assert asked == []


def test_values_and_their_parts_are_masked_and_their_locals_are_sensitive(tmp_path: Path) -> None:
    body = """locals {
  plain    = "harmless"
  password = vault("secret/data/app", "password")
  inside   = { url = "https://user:${local.password}@host", other = 1 }
  half     = split(":", vault("secret/data/app", "pair"))[1]
  inner    = jsondecode(vault("secret/data/json", "all")).inner[0]
  size     = length(local.password)
}"""
    with vault() as (environ, _):
        plan = load_hcl2(tmp_path, body, environ)
    assert {one.name for one in plan.locals if one.sensitive} == {"password", "inside", "half", "inner"}
    assert {"correct-horse", "second-half", "battery-staple"} <= set(plan.secrets)
    assert redact.mask("correct-horse second-half battery-staple harmless") == "<sensitive> " * 3 + "harmless"


def test_variables_of_json_templates_may_ask_and_nothing_else_may(tmp_path: Path) -> None:
    variables = {
        "a": "{{vault `secret/data/app` `password`}}",
        "b": "{{user `a` | upper}}",
        "c": "{{aws_secretsmanager_raw `x`}}",
    }
    with vault() as (environ, asked):
        with pytest.raises(TemplateError, match="there is no region"):
            load_json(tmp_path, variables, environ)
        plan = load_json(tmp_path, {name: variables[name] for name in "ab"}, environ)
    assert [one.value for one in plan.variables] == ["correct-horse", "CORRECT-HORSE"]
    assert plan.secrets == ("correct-horse",)
    assert asked == ["/v1/secret/data/app"] * 2
    path = tmp_path / "t.json"
    path.write_text('{"builders": [{"type": "null", "communicator": "none", "name": "{{vault `a` `b`}}"}]}')
    with pytest.raises(TemplateError, match="secret stores can be asked in variables only"):
        template.load(TemplateRequest(str(path), environ={}))


def test_faults_of_a_sensitive_variable_say_why(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    text = {"variables": {"a": "{{vault `x/y` `k`}}"}, "sensitive-variables": ["a"], "builders": [{"type": "null"}]}
    path.write_text(json.dumps(text))
    with vault() as (environ, _), pytest.raises(TemplateError) as caught:
        template.load(TemplateRequest(str(path), environ=environ))
    (fault,) = caught.value.diagnostics
    assert fault.summary == 'the variable "a": Vault has nothing at the path "x/y"'
    assert fault.location is not None


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ('vault("a", "b")', "vault"),
        ('consul_key("a")', "consul"),
        ('aws_secretsmanager("a", null)', "aws"),
        ('aws_secretsmanager_raw("a")', "aws"),
        ('alicloud_kms_secret("a")', "alicloud"),
        ('huaweicloud_csms_secret("a")', "huaweicloud"),
    ],
)
def test_a_missing_client_is_told_with_its_extra_and_its_place(tmp_path: Path, call: str, extra: str) -> None:
    text = f'locals {{\n  a = try({call}, "x")\n}}\nsource "null" "n" {{\n  communicator = "none"\n}}\n'
    (tmp_path / "t.pkr.hcl").write_text(text + 'build {\n  sources = ["null.n"]\n}\n')
    command = [sys.executable, "-S", "-m", "imagesmith", "validate", "t.pkr.hcl"]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "tenacity").symlink_to(Path(tenacity.__file__).parent)
    roots = [str(tmp_path / "site"), *(str(ROOT / name) for name in (".", "providers", "communicators"))]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(roots), "VAULT_TOKEN": "t"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False)
    assert done.returncode == 2
    assert "is not installed" in done.stderr
    assert f"pip install 'imagesmith[{extra}]'" in done.stderr
    assert "t.pkr.hcl:2:11" in done.stderr


def test_templates_that_ask_nobody_load_no_client(tmp_path: Path) -> None:
    (tmp_path / "t.pkr.hcl").write_text(
        'source "null" "n" {\n  communicator = "none"\n}\nbuild {\n  sources = ["null.n"]\n}\n'
    )
    code = (
        "import sys\nfrom imagesmith import template\nfrom imagesmith.plan import TemplateRequest\n"
        "template.load(TemplateRequest('t.pkr.hcl'))\n"
        "print([m for m in ('hvac', 'consul', 'boto3', 'requests', 'tenacity') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "[]\n"


def test_no_error_of_a_store_holds_a_token(tmp_path: Path) -> None:
    with vault() as (environ, _):
        told = fault_of(tmp_path, 'vault("secret/data/app", "nope")', environ)
    assert "It has pair, password, short" in told
    assert not [value for value in SECRETS["/v1/secret/data/app"].values() if value in told]
    assert "hvs." not in told


def test_switches_of_the_environment_are_spelled_as_go_spells_them() -> None:
    spelled = {"1": True, "t": True, "TRUE": True, "True": True, "0": False, "f": False, "false": False, "": False}
    for text, meaning in spelled.items():
        assert SecretRequest("a", None, {"S": text}).switch("S") is meaning
