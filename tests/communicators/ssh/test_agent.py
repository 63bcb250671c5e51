"""The SSH agent, a real one: its keys log in, and the guest gets at it only where the options ask for that."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed
from imagesmith.ssh_settings import problems
from tests.communicators.ssh.certificates import certify, make_ca
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd
from tests.communicators.ssh.real_agent import add, ssh_agent
from tests.effects import shows


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with ssh_agent(tmp_path, monkeypatch) as address:
        yield address


@shows(CommunicatorOptions, "ssh_agent_auth")
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_keys_of_the_agent_log_in(sshd: Sshd, opener: Opener, agent: Path, keys: Path, kind: str) -> None:
    add(keys / "other")
    add(keys / kind)
    remote = opener(sshd.port, key="", ssh_agent_auth=True, ssh_timeout=2.0).remote
    assert remote.run("echo [$SSH_AUTH_SOCK]").stdout == "[]\n"


def test_a_certificate_in_the_agent_logs_in(
    make_sshd: MakeSshd, opener: Opener, agent: Path, keys: Path, tmp_path: Path
) -> None:
    ca = make_ca(tmp_path)
    server = make_sshd(f"TrustedUserCAKeys {ca}.pub", users=[]).start()
    shutil.copy(keys / "rsa", tmp_path / "rsa")
    certify(ca, keys / "rsa", tmp_path)
    subprocess.run(["ssh-add", "-q", tmp_path / "rsa"], check=True)
    opener(server.port, key="", ssh_agent_auth=True, ssh_timeout=3.0)


@shows(CommunicatorOptions, "ssh_bastion_agent_auth")
def test_the_bastion_takes_a_key_of_the_agent(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, agent: Path, keys: Path
) -> None:
    bastion = make_sshd(users=["jump"]).start()
    add(keys / "jump")
    opener(sshd.port, ssh_bastion_host=f"127.0.0.1:{bastion.port}", ssh_bastion_agent_auth=True, ssh_timeout=3.0)


def test_the_key_file_is_tried_after_the_agent_s_keys(sshd: Sshd, opener: Opener, agent: Path, keys: Path) -> None:
    add(keys / "other")
    opener(sshd.port, ssh_agent_auth=True)


def test_no_agent_an_empty_one_and_one_that_is_gone_are_told_apart(
    sshd: Sshd, opener: Opener, agent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(AuthenticationFailed, match="holds no keys"):
        opener(sshd.port, key="", ssh_agent_auth=True, ssh_timeout=0.5)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    with pytest.raises(AuthenticationFailed, match="gone can't be reached"):
        opener(sshd.port, key="", ssh_agent_auth=True, ssh_timeout=0.5)
    monkeypatch.delenv("SSH_AUTH_SOCK")
    for name in ("ssh_agent_auth", "ssh_agent_forwarding"):
        given: dict[str, Any] = {name: True}
        with pytest.raises(AuthenticationFailed, match=f"{name} is set, but there is no SSH agent"):
            opener(sshd.port, key="", **given, ssh_timeout=300.0)


@shows(CommunicatorOptions, "ssh_agent_forwarding")
def test_the_guest_can_use_the_agent_where_that_is_asked_for(
    sshd: Sshd, opener: Opener, agent: Path, keys: Path
) -> None:
    add(keys / "ecdsa")
    connection = opener(sshd.port, ssh_agent_forwarding=True)
    remote = connection.remote
    wanted = (keys / "ecdsa.pub").read_text().split()[1]
    for _ in range(3):
        result = remote.run("ssh-add -L")
        assert result.stdout.split()[1:2] == [wanted], result
    remote.reconnect()
    assert wanted in remote.run("ssh-add -L").stdout
    assert not any("AllowAgentForwarding" in line for line in connection.said)


def test_a_server_that_does_not_forward_the_agent_is_told_of(make_sshd: MakeSshd, opener: Opener, agent: Path) -> None:
    server = make_sshd("AllowAgentForwarding no").start()
    connection = opener(server.port, ssh_agent_forwarding=True)
    assert connection.remote.run("echo [$SSH_AUTH_SOCK]").stdout == "[]\n"
    assert any("AllowAgentForwarding" in line for line in connection.said)


def test_forwarding_and_no_forwarding_contradict_each_other() -> None:
    options = CommunicatorOptions(ssh_username="me", ssh_agent_forwarding=True, ssh_disable_agent_forwarding=True)
    assert [problem.summary for problem in problems(options)] == [
        "ssh_agent_forwarding and ssh_disable_agent_forwarding contradict each other"
    ]
