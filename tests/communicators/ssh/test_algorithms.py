"""Which algorithms are offered and used, on the wire and against sshds that take only some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed, ConnectError, KeyExchangeFailed, TemplateError
from imagesmith.ssh_settings import (
    CIPHERS,
    FIPS_CIPHERS,
    FIPS_KEY_EXCHANGES,
    FIPS_KEYS,
    FIPS_MACS,
    KEY_EXCHANGES,
    problems,
)
from imagesmith_ssh.transport import SshTransport
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd, make_key
from tests.communicators.ssh.ssh_peers import listener
from tests.communicators.ssh.wire_tap import WireTap
from tests.effects import shows

# What NIST has approved of, written down here a second time: FIPS 197 and SP 800-38A/D, SP 800-56A, FIPS 198 and 180.
APPROVED = {
    "kex": {
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
    },
    "keys": {
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-256",
        "rsa-sha2-512",
    },
    "ciphers": {
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
    },
    "macs": {
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
    },
}
# No algorithms but signals: RFC 8308 and OpenSSH's strict key exchange.
SIGNALS = {"ext-info-c", "kex-strict-c-v00@openssh.com"}


def offers(opener: Opener, **options: Any) -> dict[str, list[str]]:
    tap = WireTap()
    with listener(tap.answer) as port:
        with pytest.raises(ConnectError):
            opener(port, **{"key": "ecdsa", "ssh_timeout": 0.3, **options})
        assert tap.seen.wait(5)
    return tap.offers


@shows(CommunicatorOptions, "ssh_ciphers")
def test_only_the_given_ciphers_are_offered_in_their_order(sshd: Sshd, opener: Opener) -> None:
    given = ["aes256-ctr", "aes128-gcm@openssh.com"]
    assert offers(opener, ssh_ciphers=given)["ciphers"] == given
    assert opener(sshd.port, ssh_ciphers=["aes256-ctr"]).remote.transport().local_cipher == "aes256-ctr"


@shows(CommunicatorOptions, "ssh_key_exchange_algorithms")
def test_only_the_given_key_exchanges_are_offered_in_their_order(opener: Opener, sshd: Sshd) -> None:
    given = ["curve25519-sha256", "ecdh-sha2-nistp384"]
    offered = offers(opener, ssh_key_exchange_algorithms=given)["kex"]
    assert [name for name in offered if name not in SIGNALS] == given
    opener(sshd.port, ssh_key_exchange_algorithms=["diffie-hellman-group16-sha512"])


@pytest.mark.parametrize("cipher", [name for name in CIPHERS if name != "3des-cbc"])
def test_every_known_cipher_works_with_openssh(make_sshd: MakeSshd, opener: Opener, cipher: str) -> None:
    server = make_sshd(f"Ciphers {cipher}").start()
    remote = opener(server.port, ssh_ciphers=[cipher]).remote
    assert remote.run("cat", stdin=b"x" * 100_000).stdout == "x" * 100_000
    server.stop()


@pytest.mark.parametrize("exchange", [name for name in KEY_EXCHANGES if not name.startswith("mlkem")])
def test_every_known_key_exchange_works_with_openssh(make_sshd: MakeSshd, opener: Opener, exchange: str) -> None:
    server = make_sshd(f"KexAlgorithms {exchange}").start()
    opener(server.port, ssh_key_exchange_algorithms=[exchange])
    server.stop()


def test_every_name_is_known_to_paramiko() -> None:
    known: Any = SshTransport
    assert set(CIPHERS) == set(known._cipher_info)
    assert set(KEY_EXCHANGES) == set(known._kex_info)
    assert set(FIPS_MACS) <= set(known._mac_info)
    assert set(FIPS_KEYS) <= set(known._key_info)


@pytest.mark.parametrize("option", ["ssh_ciphers", "ssh_key_exchange_algorithms"])
def test_a_name_that_is_not_known_is_told_with_the_known_ones(opener: Opener, option: str) -> None:
    given: dict[str, Any] = {option: ["arcfour"]}
    (problem,) = problems(CommunicatorOptions(ssh_username="me", **given))
    assert problem.summary == f'{option}: "arcfour" is not known'
    assert ("aes128-ctr" if option == "ssh_ciphers" else "ecdh-sha2-nistp256") in problem.hint
    with pytest.raises(TemplateError, match="arcfour"):
        opener(1, **given)


@shows(CommunicatorOptions, "ssh_profile")
def test_with_fips_nothing_else_is_offered(opener: Opener) -> None:
    for kind, names in offers(opener, ssh_profile="fips").items():
        signatures = {name.removesuffix("-cert-v01@openssh.com") for name in names}
        assert not kind or (names and signatures - SIGNALS <= APPROVED[kind])


@pytest.fixture(scope="module")
def fips_only(make_sshd: MakeSshd) -> Sshd:
    """As Red Hat's FIPS policy configures sshd: no Curve25519, no ChaCha20, no SHA-1, no Ed25519 host key."""
    server = make_sshd(
        f"Ciphers {','.join(FIPS_CIPHERS)}\nKexAlgorithms {','.join(FIPS_KEY_EXCHANGES)}\nMACs {','.join(FIPS_MACS)}\n"
        f"HostKeyAlgorithms {','.join(FIPS_KEYS)}\nPubkeyAcceptedAlgorithms {','.join(FIPS_KEYS)}"
    )
    for old in server.folder.glob("host_key*"):
        old.unlink()
    make_key(server.folder / "host_key", "ecdsa")
    return server.start()


@pytest.mark.parametrize("key", ["rsa", "ecdsa"])
@pytest.mark.parametrize("profile", ["", "fips"])
def test_an_sshd_that_has_only_fips_algorithms_is_reached(
    fips_only: Sshd, opener: Opener, key: str, profile: str, tmp_path: Path
) -> None:
    remote = opener(fips_only.port, key=key, ssh_profile=profile).remote
    remote.upload(b"content", str(tmp_path / "there"))
    assert (tmp_path / "there").read_bytes() == b"content"


def test_an_sshd_that_has_no_fips_algorithm_is_refused_with_fips(make_sshd: MakeSshd, opener: Opener) -> None:
    server = make_sshd("KexAlgorithms curve25519-sha256").start()
    opener(server.port)
    with pytest.raises(KeyExchangeFailed, match="curve25519-sha256") as caught:
        opener(server.port, key="ecdsa", ssh_profile="fips", ssh_timeout=300.0)
    assert "ssh_profile" in caught.value.hint


def test_an_ed25519_key_is_refused_with_fips(sshd: Sshd, opener: Opener) -> None:
    with pytest.raises(AuthenticationFailed, match="does not allow a private key of the kind ssh-ed25519"):
        opener(sshd.port, key="ed25519", ssh_profile="fips")


@pytest.mark.parametrize(
    "given",
    [
        {"ssh_ciphers": ["3des-cbc"]},
        {"ssh_key_exchange_algorithms": ["curve25519-sha256"]},
        {"temporary_key_pair_type": "ed25519"},
    ],
)
def test_what_contradicts_fips_is_told_at_validate(given: dict[str, Any]) -> None:
    (problem,) = problems(CommunicatorOptions(ssh_username="me", ssh_profile="fips", **given))
    assert 'does not go with ssh_profile = "fips"' in problem.summary
