"""Keys to log in with: made here, or read from the user's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_RSA_BITS = 2048


def make_key(kind: str, bits: int, comment: str) -> tuple[str, str]:
    """A new key pair as OpenSSH writes it: private, public. By default RSA-2048, as the clouds make them.

    ``kind`` is rsa, ecdsa or ed25519, ``bits`` 0 for the usual size. Raises `UsageError` for a size that there is not.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = _new_key(kind, bits)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, f"{public} {comment}"


def _new_key(kind: str, bits: int) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ecdsa":
        curves: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
        if (bits or 256) not in curves:
            raise UsageError(f"there is no ECDSA key of {bits} bits", hint="temporary_key_pair_bits: 256, 384 or 521")
        return ec.generate_private_key(curves[bits or 256])
    if bits and bits < 2048:
        raise UsageError(f"an RSA key of {bits} bits is too weak", hint="temporary_key_pair_bits: 2048 or more")
    return rsa.generate_private_key(public_exponent=65537, key_size=bits or _RSA_BITS)


def read_key(file: str) -> str:
    """The text of ``ssh_private_key_file``. Raises `UsageError` when it can't be read."""
    path = Path(file).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f'ssh_private_key_file: can\'t read "{path}"', hint=type(error).__name__) from None
