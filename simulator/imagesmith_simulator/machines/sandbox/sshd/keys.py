"""Host keys as paramiko wants them."""

from __future__ import annotations

import base64
import contextlib
import io

import paramiko
from cryptography.hazmat.primitives.asymmetric import rsa

_MAGIC = b"openssh-key-v1\0"


def load(text: str) -> paramiko.PKey:
    """A private key of any kind in any of the usual formats; raises `ValueError`."""
    with contextlib.suppress(ValueError, TypeError):
        return _load_own_rsa(text)
    for kind in (paramiko.Ed25519Key, paramiko.RSAKey, paramiko.ECDSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError):
            return kind(file_obj=io.StringIO(text))
    raise ValueError("a host key of the machine can't be read")


def _load_own_rsa(text: str) -> paramiko.RSAKey:
    """An RSA key in OpenSSH's format, without the check for primes that takes 100 ms and more: it is our own key."""
    body = base64.b64decode("".join(line for line in text.split("\n") if not line.startswith("-----")))
    if not body.startswith(_MAGIC):
        raise ValueError("not in OpenSSH's format")
    outer = paramiko.Message(body[len(_MAGIC) :])
    cipher, _, _, count, _ = (
        outer.get_string(), outer.get_string(), outer.get_string(), outer.get_int(), outer.get_string()
    )  # fmt: skip
    inner = paramiko.Message(outer.get_string())
    inner.get_int64()  # the check numbers
    if cipher != b"none" or count != 1 or inner.get_string() != b"ssh-rsa":
        raise ValueError("not a plain RSA key")
    n, e, d, iqmp, p, q = (inner.get_mpint() for _ in range(6))
    numbers = rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=iqmp, public_numbers=rsa.RSAPublicNumbers(e, n)
    )
    return paramiko.RSAKey(key=numbers.private_key(unsafe_skip_rsa_key_validation=True))
