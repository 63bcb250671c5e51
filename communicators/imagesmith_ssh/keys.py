"""Private keys in every form, and certificates of them."""

from __future__ import annotations

import copy
import io
import time
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificate, SSHCertificateType

from imagesmith.errors import AuthenticationFailed

AnyPrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

_OPTION = "ssh_private_key_passphrase"
_PUTTY = "PuTTY-User-Key-File-"
_HARDWARE = (b"sk-ssh-ed25519", b"sk-ecdsa-sha2")


def load_private_key(text: str, passphrase: str = "", *, option: str = _OPTION) -> paramiko.PKey:
    """Read an RSA, ECDSA or Ed25519 key in any PEM form (PKCS#1, PKCS#8, SEC1, OpenSSH), encrypted or not.

    ``option`` is where the passphrase is given. Raises `AuthenticationFailed` for a key that needs another passphrase
    and for what is no such key.
    """
    if text.lstrip().startswith(_PUTTY):
        raise AuthenticationFailed(
            "the private key is in PuTTY's form", hint="turn it into OpenSSH's: puttygen KEY.ppk -O private-openssh"
        )
    key = _read(("\n".join(line.strip() for line in text.strip().splitlines()) + "\n").encode(), passphrase, option)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    kind: type[paramiko.PKey] = paramiko.Ed25519Key
    if isinstance(key, RSAPrivateKey):
        kind = paramiko.RSAKey
    elif isinstance(key, EllipticCurvePrivateKey):
        kind = paramiko.ECDSAKey
    return kind.from_private_key(io.StringIO(encoded.decode("ascii")))


def _read(data: bytes, passphrase: str, option: str) -> AnyPrivateKey:
    """A passphrase that is not needed is passed over: the key may have been stored without it."""
    try:
        key = _parse(data, None)
    except TypeError:
        if not passphrase:
            raise AuthenticationFailed(
                "the private key is protected by a passphrase", hint=f"give it as {option}"
            ) from None
        try:
            key = _parse(data, passphrase.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise AuthenticationFailed(
                "the private key can't be read with the passphrase that is given", hint=f"check {option}"
            ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unreadable(data) from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise AuthenticationFailed("the private key is of a kind that SSH servers no longer accept", hint="use Ed25519")
    return key


def _parse(data: bytes, passphrase: bytes | None) -> object:
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    return load(data, password=passphrase)


def _unreadable(data: bytes) -> AuthenticationFailed:
    if any(sign in data for sign in _HARDWARE):
        hint = "a key on a security device is used by way of the SSH agent: ssh_agent_auth"
    else:
        hint = "it must be an RSA, ECDSA or Ed25519 private key in PEM or OpenSSH form"
    return AuthenticationFailed("the private key can't be read", hint=hint)


def certified(key: paramiko.PKey, file: str, *, option: str = "ssh_certificate_file") -> paramiko.PKey:
    """The same key with its certificate.

    Raises `AuthenticationFailed` for one that can't be read, that is for another key or for hosts, and for one that is
    not valid yet or no more. Whether its principals fit is for the server to say, which may map them.
    """
    path = Path(file).expanduser()
    try:
        text = path.read_text(encoding="utf-8").strip()
        certificate = serialization.load_ssh_public_identity(text.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AuthenticationFailed(f"{option}: {path} can't be read: {reason}", hint="check the path") from None
    except (ValueError, UnsupportedAlgorithm):
        raise AuthenticationFailed(f"{option}: {path} is no certificate", hint=_MAKE_ONE) from None
    if not isinstance(certificate, SSHCertificate):
        raise AuthenticationFailed(f"{option}: {path} is a public key and no certificate", hint=_MAKE_ONE)
    _check(certificate, key, f"{option}: the certificate {path}")
    both = copy.copy(key)
    both.load_certificate(text)
    return both


_MAKE_ONE = "a CA makes it with ssh-keygen -s CA_KEY -I NAME -n USER KEY.pub; its name ends in -cert.pub"


def _check(certificate: SSHCertificate, key: paramiko.PKey, name: str) -> None:
    public = certificate.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    now = time.time()
    if public.decode().split()[1] != key.get_base64():
        raise AuthenticationFailed(f"{name} is for another key", hint="give the private key that it was made for")
    if certificate.type is not SSHCertificateType.USER:
        raise AuthenticationFailed(f"{name} is for hosts", hint=_MAKE_ONE)
    if now < certificate.valid_after:
        raise AuthenticationFailed(
            f"{name} is not valid before {_when(certificate.valid_after)}", hint="is the clock right?"
        )
    if now >= certificate.valid_before:
        raise AuthenticationFailed(f"{name} has expired at {_when(certificate.valid_before)}", hint="get a new one")


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def in_plain_text(text: str, passphrase: str = "") -> str:
    """The same private key without its passphrase, as other programs can read it; "" for none.

    Raises as `load_private_key` does.
    """
    if not text.strip():
        return ""
    key = _read(("\n".join(line.strip() for line in text.strip().splitlines()) + "\n").encode(), passphrase, _OPTION)
    form = serialization.PrivateFormat.OpenSSH
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")
