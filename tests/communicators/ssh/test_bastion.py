"""Through bastions: real sshds one behind the other, each with its own user, key and host key."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed, ConnectError, ForwardingRefused, HostKeyMismatch, TemplateError
from imagesmith.ssh_settings import Jump, jumps, problems
from imagesmith_ssh.terminal import Terminal
from tests.communicators.ssh.certificates import certify, make_ca
from tests.communicators.ssh.openssh import USER, MakeSshd, Opener, Sshd, free_port, make_key
from tests.effects import shows


@pytest.fixture(scope="module")
def bastion(make_sshd: MakeSshd) -> Sshd:
    """Lets in only who has the key ``jump``."""
    return make_sshd(users=["jump"]).start()


def by_way_of(bastion: Sshd, keys: Path) -> dict[str, Any]:
    return {
        "ssh_bastion_host": "127.0.0.1",
        "ssh_bastion_port": bastion.port,
        "ssh_bastion_private_key_file": str(keys / "jump"),
    }


@shows(CommunicatorOptions, "ssh_bastion_host", "ssh_bastion_port", "ssh_bastion_private_key_file")
def test_the_bastion_is_passed_with_its_own_key(sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path) -> None:
    before = bastion.logins("Accepted publickey")
    remote = opener(sshd.port, **by_way_of(bastion, keys), ssh_timeout=3.0).remote
    assert remote.run("echo $SSH_CONNECTION").stdout.split()[3] == str(sshd.port)
    assert bastion.logins("Accepted publickey") == before + 1


def test_much_data_goes_through_a_bastion(
    sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path, tmp_path: Path
) -> None:
    remote = opener(sshd.port, **by_way_of(bastion, keys)).remote
    data = os.urandom(5_000_000)
    remote.upload(data, str(tmp_path / "there"))
    remote.download(str(tmp_path / "there"), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


@shows(CommunicatorOptions, "ssh_bastion_username")
def test_the_bastion_has_a_user_of_its_own(sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path) -> None:
    opener(
        sshd.port, **by_way_of(bastion, keys), ssh_username="nobody-there", ssh_bastion_username=USER, ssh_timeout=3.0
    )


def test_without_a_key_of_its_own_the_template_s_is_used(sshd: Sshd, opener: Opener, keys: Path) -> None:
    options: dict[str, Any] = {"ssh_bastion_host": f"127.0.0.1:{sshd.port}", "ssh_private_key_file": str(keys / "rsa")}
    opener(sshd.port, **options)


@shows(CommunicatorOptions, "ssh_bastion_private_key_passphrase")
def test_the_bastion_s_key_may_be_encrypted(sshd: Sshd, make_sshd: MakeSshd, opener: Opener, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", key], check=True)
    bastion = make_sshd(users=[])
    bastion.authorized.write_text((tmp_path / "key.pub").read_text())
    bastion.start()
    options = {**by_way_of(bastion, tmp_path), "ssh_bastion_private_key_file": str(key)}
    opener(sshd.port, **options, ssh_bastion_private_key_passphrase="open sesame")


@shows(CommunicatorOptions, "ssh_bastion_certificate_file")
def test_the_bastion_s_key_may_have_a_certificate(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, keys: Path, tmp_path: Path
) -> None:
    ca = make_ca(tmp_path)
    bastion = make_sshd(f"TrustedUserCAKeys {ca}.pub", users=[]).start()
    certificate = certify(ca, keys / "jump", tmp_path)
    opener(sshd.port, **by_way_of(bastion, keys), ssh_bastion_certificate_file=str(certificate), ssh_timeout=3.0)


@shows(CommunicatorOptions, "ssh_bastion_password")
@pytest.mark.parametrize("method", ["PasswordAuthentication", "KbdInteractiveAuthentication"])
def test_the_bastion_takes_a_password_either_way(sshd: Sshd, make_sshd: MakeSshd, opener: Opener, method: str) -> None:
    no = {"PasswordAuthentication", "KbdInteractiveAuthentication", "PubkeyAuthentication"} - {method}
    config = "\n".join([f"{method} yes", *(f"{name} no" for name in no)])
    bastion = make_sshd(config, users=[], password="käse brot").start()
    at = f"127.0.0.1:{bastion.port}"
    opener(sshd.port, ssh_bastion_host=at, ssh_bastion_password="käse brot", ssh_timeout=3.0)
    assert bastion.logins("Accepted") == 1


@shows(CommunicatorOptions, "ssh_bastion_interactive")
def test_what_the_bastion_asks_is_asked_on_the_terminal(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nPubkeyAuthentication no"
    bastion = make_sshd(config, users=[], password="from the keyboard").start()
    ours, theirs = os.openpty()
    monkeypatch.setattr(Terminal, "device", os.ttyname(theirs))
    seen: list[bytes] = []

    def type_it() -> None:
        while b"assword" not in b"".join(seen):
            seen.append(os.read(ours, 1000))
        os.write(ours, b"from the keyboard\n")

    person = threading.Thread(target=type_it, daemon=True)
    person.start()
    opener(sshd.port, ssh_bastion_host=f"127.0.0.1:{bastion.port}", ssh_bastion_interactive=True, ssh_timeout=5.0)
    person.join(5)
    os.set_blocking(ours, False)
    seen.append(os.read(ours, 1000))
    assert b"from the keyboard" not in b"".join(seen)
    os.close(ours)
    os.close(theirs)


def test_without_a_terminal_nothing_can_be_asked(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nPubkeyAuthentication no"
    bastion = make_sshd(config, users=[], password="x").start()
    monkeypatch.setattr(Terminal, "device", str(tmp_path / "no tty"))
    with pytest.raises(AuthenticationFailed, match="no terminal"):
        opener(sshd.port, ssh_bastion_host=f"127.0.0.1:{bastion.port}", ssh_bastion_interactive=True, ssh_timeout=2.0)


def test_a_chain_of_bastions_is_passed_in_order(
    sshd: Sshd, bastion: Sshd, make_sshd: MakeSshd, opener: Opener, keys: Path
) -> None:
    second = make_sshd(users=["jump"]).start()
    before = bastion.logins("Accepted publickey")
    chain = f"127.0.0.1, {USER}@127.0.0.1:{second.port}"
    remote = opener(sshd.port, **{**by_way_of(bastion, keys), "ssh_bastion_host": chain}).remote
    assert remote.run("echo it").stdout == "it\n"
    assert bastion.logins("Accepted publickey") == before + 1
    assert second.logins("Accepted publickey") == 1
    second.stop()


def test_the_chain_is_read_as_openssh_reads_it() -> None:
    options = CommunicatorOptions(
        ssh_username="me", ssh_bastion_host="a, user@b:2222,ssh://c@[2001:db8::1]:23,fe80::1", ssh_bastion_port=7
    )
    assert jumps(options) == (
        Jump("a", 7, "me"),
        Jump("b", 2222, "user"),
        Jump("2001:db8::1", 23, "c"),
        Jump("fe80::1", 7, "me"),
    )


@pytest.mark.parametrize("text", ["a,,b", "a b", "a:0", "a:70000", "@a", "a:b"])
def test_what_is_no_host_is_told_at_validate(text: str) -> None:
    options = CommunicatorOptions(ssh_username="me", ssh_bastion_host=text, ssh_bastion_password="x")
    assert [problem.summary.partition(":")[0] for problem in problems(options)] == ["ssh_bastion_host"]


def test_a_way_to_log_in_is_wanted_and_a_proxy_is_not() -> None:
    options = CommunicatorOptions(ssh_username="me", ssh_bastion_host="a", ssh_proxy_host="b")
    summaries = [problem.summary for problem in problems(options)]
    assert any("no way to log in to the bastion" in text for text in summaries)
    assert any("exclude each other" in text for text in summaries)


def fingerprint(server: Sshd) -> str:
    listed = subprocess.run(["ssh-keygen", "-lf", server.folder / "host_key.pub"], check=True, capture_output=True)
    return listed.stdout.decode().split()[1]


@shows(CommunicatorOptions, "ssh_bastion_host_key_fingerprints")
def test_another_host_key_of_the_bastion_is_refused_and_named(
    sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path
) -> None:
    way = by_way_of(bastion, keys)
    opener(sshd.port, **way, ssh_bastion_host_key_fingerprints=[fingerprint(bastion)])
    with pytest.raises(HostKeyMismatch, match=r"the bastion 127.0.0.1 .* pinned by ssh_bastion_host_key_f") as caught:
        opener(sshd.port, **way, ssh_bastion_host_key_fingerprints=[fingerprint(sshd)], ssh_timeout=300.0)
    assert caught.value.hop.startswith("the bastion")


def test_a_malformed_pin_is_told_by_its_own_option(sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path) -> None:
    with pytest.raises(TemplateError, match="ssh_bastion_host_key_fingerprints"):
        opener(sshd.port, **by_way_of(bastion, keys), ssh_bastion_host_key_fingerprints=["MD5:aa"])


def test_a_bastion_whose_host_key_changes_is_refused(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, keys: Path
) -> None:
    bastion = make_sshd(users=["jump"]).start()
    connection = opener(sshd.port, **by_way_of(bastion, keys))
    assert any("host key of the bastion 127.0.0.1 on first use" in line for line in connection.said)
    bastion.stop()
    connection.remote.transport().wire.shut()
    for old in bastion.folder.glob("host_key*"):
        old.unlink()
    make_key(bastion.folder / "host_key")
    bastion.start()
    with pytest.raises(HostKeyMismatch, match="seen at the first connection"):
        connection.remote.reconnect(timeout_s=300)


def test_the_connection_to_the_bastion_is_kept_over_a_reboot_of_the_guest(
    make_sshd: MakeSshd, opener: Opener, keys: Path
) -> None:
    bastion, guest = make_sshd(users=["jump"]).start(), make_sshd().start()
    remote = opener(guest.port, **by_way_of(bastion, keys)).remote
    guest.stop()
    timer = threading.Timer(0.7, guest.start)
    timer.start()
    remote.reconnect()
    timer.join()
    assert remote.run("echo it").stdout == "it\n"
    assert bastion.logins("Accepted publickey") == 1
    assert guest.logins("Accepted publickey") == 2


def test_a_bastion_that_breaks_is_connected_to_anew(make_sshd: MakeSshd, opener: Opener, keys: Path) -> None:
    bastion, guest = make_sshd(users=["jump"]).start(), make_sshd().start()
    remote = opener(guest.port, **by_way_of(bastion, keys)).remote
    remote.transport().wire.shut()
    assert remote.run("echo it").stdout == "it\n"
    assert bastion.logins("Accepted publickey") == 2


@pytest.mark.parametrize("rule", ["AllowTcpForwarding no", "PermitOpen 127.0.0.1:1"])
def test_a_bastion_that_passes_nothing_on_is_told_so(
    sshd: Sshd, make_sshd: MakeSshd, opener: Opener, keys: Path, rule: str
) -> None:
    bastion = make_sshd(rule, users=["jump"]).start()
    with pytest.raises(ForwardingRefused, match=rf"bastion 127.0.0.1:{bastion.port} does not pass") as caught:
        opener(sshd.port, **by_way_of(bastion, keys), ssh_timeout=300.0)
    assert "AllowTcpForwarding" in caught.value.hint
    assert caught.value.hop == f"the bastion 127.0.0.1:{bastion.port}"


def test_the_second_bastion_is_named_when_it_is_the_one_that_fails(
    sshd: Sshd, bastion: Sshd, opener: Opener, keys: Path
) -> None:
    port = free_port()
    way = {**by_way_of(bastion, keys), "ssh_bastion_host": f"127.0.0.1,127.0.0.1:{port}"}
    with pytest.raises(ConnectError, match=rf"the bastion 127.0.0.1:{port} \(through the bastion 127.0.0.1") as caught:
        opener(sshd.port, **way, ssh_timeout=0.5, console=lambda: "Kernel panic - not syncing")
    assert f":{port}" in caught.value.hop
    assert "Kernel panic" not in caught.value.message
