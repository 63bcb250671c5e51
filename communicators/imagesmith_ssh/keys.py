"""The private key to log in with."""

from __future__ import annotations

import io

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from imagesmith.errors import AuthenticationFailed

AnyPrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


def load_private_key(text: str) -> paramiko.PKey:
    """Read an RSA, ECDSA or Ed25519 key in any PEM form (PKCS#1, PKCS#8, SEC1, OpenSSH).

    Raises `AuthenticationFailed` for a key that needs a passphrase and for what is no such key.
    """
    key = _read(("\n".join(line.strip() for line in text.strip().splitlines()) + "\n").encode())
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    kind: type[paramiko.PKey] = paramiko.Ed25519Key
    if isinstance(key, RSAPrivateKey):
        kind = paramiko.RSAKey
    elif isinstance(key, EllipticCurvePrivateKey):
        kind = paramiko.ECDSAKey
    return kind.from_private_key(io.StringIO(encoded.decode("ascii")))


def _read(data: bytes) -> AnyPrivateKey:
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    try:
        key = load(data, password=None)
    except TypeError:
        raise AuthenticationFailed(
            "the private key is protected by a passphrase",
            hint="give one without a passphrase, or let the builder make a temporary key pair",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise AuthenticationFailed(
            "the private key can't be read",
            hint="it must be an RSA, ECDSA or Ed25519 private key in PEM or OpenSSH form",
        ) from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise AuthenticationFailed("the private key is of a kind that SSH servers no longer accept", hint="use Ed25519")
    return key
