"""Keys in every form, passwords in every way."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from imagesmith.errors import AuthenticationFailed
from imagesmith_ssh.keys import AnyPrivateKey, load_private_key
from tests.communicators.ssh.openssh import Opener, Sshd
from tests.communicators.ssh.ssh_peers import password_server

PEM = forms.Encoding.PEM


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_every_kind_of_key_logs_in(sshd: Sshd, opener: Opener, kind: str) -> None:
    opener(sshd.port, key=kind)


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
def test_every_form_of_key_is_read(form: forms.PrivateFormat, make: Callable[[], AnyPrivateKey]) -> None:
    key = make()
    if isinstance(key, ed25519.Ed25519PrivateKey) and form is forms.PrivateFormat.TraditionalOpenSSL:
        pytest.skip("there is no such form")
    text = key.private_bytes(PEM, form, forms.NoEncryption()).decode()
    expected = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH).decode()
    for spelling in (text, text.strip(), text.replace("\n", "\r\n"), f"\n  {text}"):
        loaded = load_private_key(spelling)
        assert f"{loaded.get_name()} {loaded.get_base64()}" == expected


@pytest.mark.parametrize("pem", [True, False], ids=["pem", "openssh"])
def test_key_with_a_passphrase_is_told_so_at_once(tmp_path: Path, opener: Opener, pem: bool) -> None:
    more = ["-m", "PEM"] if pem else []
    path = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", *more, "-N", "secret phrase", "-f", path], check=True
    )
    with pytest.raises(AuthenticationFailed, match="passphrase"):
        load_private_key(path.read_text())


@pytest.mark.parametrize(
    "text", ["no key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_what_is_no_key_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(AuthenticationFailed, match="can't be read") as caught:
        load_private_key(text)
    assert "AAAA" not in str(caught.value)


@pytest.mark.parametrize(
    "allowed", ["password", "keyboard-interactive", "publickey,password", "keyboard-interactive,password"]
)
def test_password_logs_in_by_whatever_the_server_offers(opener: Opener, allowed: str) -> None:
    with password_server("pä$$ word", allowed) as port:
        connection = opener(port, key="other", password="pä$$ word")
        result = connection.remote.run("echo it")
        connection.remote.close()
    assert result.stdout == "echo it"
    assert result.exit_status == 0


def test_wrong_password_in_a_dialogue_is_refused_and_not_shown(opener: Opener) -> None:
    with password_server("right", "keyboard-interactive") as port, pytest.raises(AuthenticationFailed) as caught:
        opener(port, key="", password="hunter2", ssh_handshake_attempts=1)
    assert "hunter2" not in str(caught.value)
    assert "keyboard-interactive" in caught.value.message


def test_login_without_key_and_password_says_what_is_missing(sshd: Sshd, opener: Opener) -> None:
    with pytest.raises(AuthenticationFailed, match="no key and no password") as caught:
        opener(sshd.port, key="", ssh_handshake_attempts=1)
    assert "should a key be given" in caught.value.hint


def test_gcm_is_the_cipher_against_openssh(sshd: Sshd, opener: Opener) -> None:
    transport = opener(sshd.port).remote.transport()
    assert transport.local_cipher == "aes128-gcm@openssh.com"


def test_no_agent_is_forwarded(sshd: Sshd, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "agent"))
        agent.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        assert opener(sshd.port).remote.run("echo [$SSH_AUTH_SOCK]").stdout == "[]\n"
