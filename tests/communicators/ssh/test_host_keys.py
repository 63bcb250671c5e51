"""The host key is verified: pinned by the template or the console, else trusted on first use and never changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import CloudError, HostKeyMismatch, TemplateError
from imagesmith_ssh.hostkeys import console_pins, given_pins
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd, make_key
from tests.effects import shows


@pytest.fixture(scope="module")
def many_keyed(make_sshd: MakeSshd) -> Sshd:
    """A server with an RSA, an ECDSA and an Ed25519 key; clients prefer the last."""
    server = make_sshd()
    for kind in ("rsa", "ecdsa"):
        make_key(server.folder / f"host_{kind}", kind)
        server.extra += f"\nHostKey {server.folder}/host_{kind}"
    return server.start()


def public(server: Sshd, name: str = "host_key") -> str:
    return (server.folder / f"{name}.pub").read_text().strip()


def fingerprint(server: Sshd, name: str = "host_key") -> str:
    listed = subprocess.run(["ssh-keygen", "-lf", server.folder / f"{name}.pub"], check=True, capture_output=True)
    return listed.stdout.decode().split()[1]


def console_of(*lines: str) -> str:
    block = "\r\n".join(("-----BEGIN SSH HOST KEY KEYS-----", *lines, "-----END SSH HOST KEY KEYS-----"))
    return f"[    1.0] booting\r\n{block}\r\nlogin: "


@pytest.mark.parametrize("name", ["host_key", "host_rsa", "host_ecdsa"])
def test_fingerprint_of_any_of_the_servers_keys_is_enough(many_keyed: Sshd, opener: Opener, name: str) -> None:
    connection = opener(many_keyed.port, ssh_host_key_fingerprints=[fingerprint(many_keyed, name)])
    connection.remote.reconnect()
    assert not any("first use" in line for line in connection.said)


@pytest.mark.parametrize("name", ["host_rsa", "host_ecdsa"])
def test_pinned_public_key_decides_which_key_the_server_shows(many_keyed: Sshd, opener: Opener, name: str) -> None:
    opener(many_keyed.port, ssh_host_key_fingerprints=[public(many_keyed, name)])


def test_other_pinned_key_is_a_mismatch_that_names_both(many_keyed: Sshd, opener: Opener, keys: Path) -> None:
    for pin in ((keys / "rsa.pub").read_text(), "SHA256:" + "A" * 43):
        with pytest.raises(HostKeyMismatch, match=r"SHA256:.* but SHA256:.* was pinned by ssh_host_key_fingerprints"):
            opener(many_keyed.port, ssh_host_key_fingerprints=[pin], ssh_timeout=300.0)


def test_pinned_kind_that_the_server_does_not_have_is_a_mismatch(sshd: Sshd, opener: Opener, keys: Path) -> None:
    with pytest.raises(HostKeyMismatch):
        opener(sshd.port, ssh_host_key_fingerprints=[(keys / "rsa.pub").read_text()], ssh_timeout=300.0)


@shows(CommunicatorOptions, "ssh_host_key_fingerprints")
def test_malformed_pin_is_told_before_anything_is_tried(opener: Opener) -> None:
    with pytest.raises(TemplateError, match="neither a fingerprint nor a public key"):
        opener(1, ssh_host_key_fingerprints=["MD5:aa:bb"], ssh_timeout=1.0)


def test_keys_on_the_console_are_pinned(many_keyed: Sshd, opener: Opener) -> None:
    text = console_of(public(many_keyed, "host_rsa"))
    connection = opener(many_keyed.port, console=lambda: text)
    assert not any("first use" in line for line in connection.said)
    assert connection.remote.transport().get_remote_server_key().get_name() == "ssh-rsa"


def test_key_that_is_not_on_the_console_is_a_mismatch(sshd: Sshd, opener: Opener, keys: Path) -> None:
    text = console_of((keys / "ed25519.pub").read_text())
    with pytest.raises(HostKeyMismatch, match="printed on the guest's console"):
        opener(sshd.port, console=lambda: text, ssh_timeout=300.0)


def test_option_wins_over_the_console_which_is_not_even_read(sshd: Sshd, opener: Opener) -> None:
    def console() -> str:
        raise AssertionError

    opener(sshd.port, console=console, ssh_host_key_fingerprints=[fingerprint(sshd)])


def test_first_use_names_the_fingerprint_and_reads_the_console_once(sshd: Sshd, opener: Opener) -> None:
    looks: Iterator[str] = iter(["nothing yet"])
    connection = opener(sshd.port, console=lambda: next(looks))
    assert any("first use" in line and fingerprint(sshd) in line for line in connection.said)


def test_unreadable_console_is_said_and_no_failure(sshd: Sshd, opener: Opener) -> None:
    def console() -> str:
        raise CloudError("forbidden", code="Forbidden.RAM")

    connection = opener(sshd.port, console=console)
    assert any("Forbidden.RAM" in line for line in connection.said)


def test_console_text_without_a_whole_block_pins_nothing() -> None:
    assert console_pins("") is None
    assert console_pins("-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAA") is None
    assert console_pins(console_of("ssh-ed25519 AAAAnot*base64")) is None


def test_fingerprints_on_the_console_count_where_no_keys_are_printed(sshd: Sshd) -> None:
    text = (
        "ci-info: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n"
        f"cloud-init: 256 {fingerprint(sshd)} root@guest (ED25519)\n"
        "cloud-init: -----END SSH HOST KEY FINGERPRINTS-----\n"
    )
    pins = console_pins(text)
    assert pins is not None
    assert pins.fingerprints == {fingerprint(sshd)}


def test_pins_are_read_in_every_spelling(sshd: Sshd) -> None:
    wanted = {fingerprint(sshd)}
    for text in (
        public(sshd),
        f"host,192.0.2.1 {public(sshd)}",
        fingerprint(sshd),
        fingerprint(sshd) + "=",
        "  " + fingerprint(sshd),
    ):
        assert given_pins([text]).fingerprints == wanted
