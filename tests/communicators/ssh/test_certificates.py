"""User certificates against a real sshd that trusts a CA, and encrypted keys of every form."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed
from imagesmith.keys import make_key as make_temporary_key
from imagesmith.ssh_settings import problems
from imagesmith_ssh.keys import AnyPrivateKey, load_private_key
from tests.communicators.ssh.certificates import certify, make_ca
from tests.communicators.ssh.openssh import USER, MakeSshd, Opener, Sshd
from tests.effects import shows

PHRASE = "öffne dich"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def trusting(make_sshd: MakeSshd, ca: Path) -> Sshd:
    """Knows no key, only the CA."""
    return make_sshd(f"TrustedUserCAKeys {ca}.pub", users=[]).start()


@shows(CommunicatorOptions, "ssh_certificate_file")
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_certificate_logs_in(trusting: Sshd, opener: Opener, ca: Path, keys: Path, tmp_path: Path, kind: str) -> None:
    certificate = certify(ca, keys / kind, tmp_path)
    opener(trusting.port, key=kind, ssh_certificate_file=str(certificate), ssh_timeout=2.0)


def test_the_key_alone_is_tried_after_its_certificate(
    sshd: Sshd, opener: Opener, ca: Path, keys: Path, tmp_path: Path
) -> None:
    opener(sshd.port, ssh_certificate_file=str(certify(ca, keys / "ed25519", tmp_path)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-V", "20200101:20200102"), "has expired at 2020-01-0"),
        (("-V", "20990101:20990102"), "is not valid before 20"),
        (("-h",), "is for hosts"),
    ],
)
def test_a_certificate_of_no_use_is_told_before_anything_is_tried(
    opener: Opener, ca: Path, keys: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    certificate = certify(ca, keys / "ed25519", tmp_path, *options)
    with pytest.raises(AuthenticationFailed, match=words):
        opener(1, ssh_certificate_file=str(certificate), ssh_timeout=300.0)


def test_what_is_no_certificate_of_the_key_is_told(opener: Opener, ca: Path, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "rubbish").write_text("ssh-ed25519-cert-v01@openssh.com AAAA")
    for file, words in (
        (certify(ca, keys / "other", tmp_path), "for another key"),
        (keys / "ed25519.pub", "is a public key and no certificate"),
        (tmp_path / "rubbish", "is no certificate"),
        (tmp_path / "missing", "can't be read: no such file"),
    ):
        with pytest.raises(AuthenticationFailed, match=words):
            opener(1, ssh_certificate_file=str(file), ssh_timeout=300.0)


def test_other_principals_are_for_the_server_to_refuse(
    trusting: Sshd, opener: Opener, ca: Path, keys: Path, tmp_path: Path
) -> None:
    certificate = certify(ca, keys / "ed25519", tmp_path, principal=f"not-{USER}")
    with pytest.raises(AuthenticationFailed, match="with this certificate and this key"):
        opener(trusting.port, ssh_certificate_file=str(certificate), ssh_timeout=0.5)


def test_a_certificate_goes_with_a_key_and_must_exist(keys: Path) -> None:
    options = CommunicatorOptions(ssh_username="me", ssh_certificate_file="/no/such/file")
    assert [problem.summary for problem in problems(options)] == [
        "ssh_certificate_file goes with a private key",
        'ssh_certificate_file: there is no file "/no/such/file"',
    ]


@pytest.mark.parametrize(
    "form", [forms.PrivateFormat.TraditionalOpenSSL, forms.PrivateFormat.PKCS8, forms.PrivateFormat.OpenSSH]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate,
    ],
    ids=["rsa", "ecdsa", "ed25519"],
)
def test_every_form_of_encrypted_key_is_read_with_its_passphrase(
    form: forms.PrivateFormat, make: Callable[[], AnyPrivateKey]
) -> None:
    key = make()
    if isinstance(key, ed25519.Ed25519PrivateKey) and form is forms.PrivateFormat.TraditionalOpenSSL:
        pytest.skip("there is no such form")
    text = key.private_bytes(forms.Encoding.PEM, form, forms.BestAvailableEncryption(PHRASE.encode())).decode()
    expected = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH).decode()
    assert load_private_key(text, PHRASE).get_base64() == expected.split()[1]
    with pytest.raises(AuthenticationFailed, match="protected by a passphrase") as caught:
        load_private_key(text)
    assert "ssh_private_key_passphrase" in caught.value.hint
    with pytest.raises(AuthenticationFailed, match="can't be read with the passphrase") as caught:
        load_private_key(text, "hunter2")
    assert "hunter2" not in str(caught.value)


@shows(CommunicatorOptions, "ssh_private_key_passphrase")
@pytest.mark.parametrize("how", [("-t", "rsa", "-m", "PEM"), ("-t", "ecdsa", "-m", "PKCS8"), ("-t", "ed25519")])
def test_a_key_that_ssh_keygen_has_encrypted_logs_in(
    make_sshd: MakeSshd,
    opener: Opener,
    keys: Path,
    tmp_path: Path,
    how: tuple[str, ...],
) -> None:
    path = keys / f"encrypted-{'-'.join(how).replace('-', '')}"
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", *how, "-N", "secret phrase", "-f", path], check=True)
    server = make_sshd(users=[path.name]).start()
    opener(server.port, key=path.name, ssh_private_key_passphrase="secret phrase", ssh_timeout=2.0)
    server.stop()


def test_a_key_in_putty_s_form_is_told_how_to_turn_it() -> None:
    with pytest.raises(AuthenticationFailed, match="PuTTY") as caught:
        load_private_key("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")
    assert "puttygen" in caught.value.hint


def test_a_key_on_a_security_device_is_told_to_go_by_the_agent() -> None:
    body = b64encode(b"openssh-key-v1\0sk-ssh-ed25519@openssh.com").decode()
    with pytest.raises(AuthenticationFailed, match="can't be read"):
        load_private_key(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    ("kind", "bits", "shown"),
    [
        ("", 0, "2048 RSA"),
        ("rsa", 0, "2048 RSA"),
        ("rsa", 4096, "4096 RSA"),
        ("ecdsa", 0, "256 ECDSA"),
        ("ecdsa", 384, "384 ECDSA"),
        ("ecdsa", 521, "521 ECDSA"),
        ("ed25519", 0, "256 ED25519"),
    ],
)
def test_temporary_keys_of_every_kind_and_size_log_in(
    make_sshd: MakeSshd, opener: Opener, keys: Path, kind: str, bits: int, shown: str
) -> None:
    private, public = make_temporary_key(kind, bits, "temporary")
    name = f"temporary-{kind}-{bits}"
    (keys / name).write_text(private)
    (keys / f"{name}.pub").write_text(public + "\n")
    listed = subprocess.run(["ssh-keygen", "-lf", keys / f"{name}.pub"], check=True, capture_output=True, text=True)
    assert (listed.stdout.split()[0], listed.stdout.split()[-1].strip("()")) == tuple(shown.split())
    server = make_sshd(users=[name]).start()
    opener(server.port, key=name)
    server.stop()


@pytest.mark.parametrize(
    ("kind", "bits"), [("rsa", 1024), ("", 512), ("ecdsa", 255), ("ecdsa", 4096), ("ed25519", 2048)]
)
def test_sizes_that_there_are_not_are_told_at_validate(kind: str, bits: int) -> None:
    options = CommunicatorOptions(ssh_username="me", temporary_key_pair_type=kind, temporary_key_pair_bits=bits)
    assert [problem.summary.partition(":")[0] for problem in problems(options)] == ["temporary_key_pair_bits"]
