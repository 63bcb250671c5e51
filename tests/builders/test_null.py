"""The builder ``null``: a real sshd, real scripts, nothing made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import build
from imagesmith.checking import check_plan
from imagesmith.errors import ConnectError, ProvisionError, TemplateError
from imagesmith.plan import TemplateRequest
from imagesmith.settings import RunSettings
from imagesmith.template import load
from tests.communicators.ssh.openssh import SSHD, USER, Sshd, make_key


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if not SSHD:
        pytest.skip("sshd is not installed")
    folder = tmp_path_factory.mktemp("null")
    make_key(folder / "key")
    server = Sshd(folder)
    server.authorized.write_text((folder / "key.pub").read_text())
    yield server.start()
    server.stop()


def template(folder: Path, builder: dict[str, Any], **more: Any) -> Path:
    path = folder / "t.json"
    path.write_text(json.dumps({"builders": [{"type": "null", **builder}], **more}))
    return path


def reaching(server: Sshd) -> dict[str, Any]:
    return {
        "ssh_host": "127.0.0.1",
        "ssh_port": server.port,
        "ssh_username": USER,
        "ssh_private_key_file": str(server.folder / "key"),
    }


def test_it_provisions_the_given_machine_and_makes_nothing(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = {"type": "shell", "inline": ["echo {{build `ID`}} {{build `Host`}} {{build `User`}} > $HOME/told"]}
    path = template(tmp_path, reaching(server), provisioners=[shell], **{"post-processors": ["manifest"]})
    (artifact,) = build(path)
    assert (server.home / "told").read_text() == f"Null 127.0.0.1 {USER}\n"
    assert (artifact.id, artifact.builder_id, artifact.images, artifact.files) == ("Null", "fnoeding.null", {}, ())
    assert artifact.description == "Did not export anything. This is the null builder"
    (entry,) = json.loads((tmp_path / "packer-manifest.json").read_text())["builds"]
    assert (entry["artifact_id"], entry["builder_type"], entry["files"]) == ("Null", "null", None)


def test_a_failing_script_fails_the_build(server: Sshd, tmp_path: Path) -> None:
    path = template(tmp_path, reaching(server), provisioners=[{"type": "shell", "inline": ["exit 3"]}])
    with pytest.raises(ProvisionError, match="3"):
        build(path)


def test_a_wrong_key_fails_the_build(server: Sshd, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    options = {**reaching(server), "ssh_private_key_file": str(other), "ssh_handshake_attempts": 1}
    with pytest.raises(ConnectError):
        build(template(tmp_path, options))


def test_no_machine_is_needed_with_communicator_none_and_neither_is_a_simulated_cloud(tmp_path: Path) -> None:
    local = {"type": "shell-local", "inline": [f"echo $PACKER_BUILDER_TYPE > {tmp_path}/told"]}
    path = template(tmp_path, {"communicator": "none"}, provisioners=[local])
    for settings in (RunSettings(), RunSettings(simulate=True)):
        (artifact,) = build(path, settings=settings)
        assert artifact.id == "Null"
        assert (tmp_path / "told").read_text() == "null\n"
        (tmp_path / "told").unlink()


HOST = {"ssh_host": "h", "ssh_username": "u"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["ssh_host", "ssh_username", "no way to log in"]),
        (HOST, ["no way to log in"]),
        ({"ssh_username": "u", "ssh_password": "p"}, ["ssh_host"]),
        ({**HOST, "ssh_password": "p", "ssh_private_key_file": "KEY"}, ["two ways to log in"]),
        ({**HOST, "ssh_private_key_file": "/nonexistent"}, ["can't be read"]),
        ({**HOST, "ssh_private_key_file": "LOCKED"}, ["passphrase"]),
        ({**HOST, "ssh_private_key_file": "t.json"}, ["not a private key"]),
        ({"communicator": "none", "bogus": 1}, ["bogus"]),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    options: dict[str, Any], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_key(tmp_path / "KEY")
    (tmp_path / "LOCKED").write_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n")
    with pytest.raises(TemplateError) as caught:
        check_plan(load(TemplateRequest(str(template(tmp_path, options)))))
    summaries = [d.summary for d in caught.value.diagnostics]
    assert len(summaries) == len(words)
    assert all(any(word in summary for summary in summaries) for word in words)
