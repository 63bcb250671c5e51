"""SSH keys as clouds hand them out and take them in."""

from __future__ import annotations

from pathlib import Path


def new_rsa_key() -> tuple[str, str]:
    """A private RSA key in PEM, and its public key line."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def public_key_of(private_key_file: str) -> str:
    """The public key line of a private key's file; "" where there is none that can be read without a passphrase."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if not private_key_file:
        return ""
    try:
        data = Path(private_key_file).expanduser().read_bytes()
        load = (
            serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else serialization.load_pem_private_key
        )
        public = load(data, password=None).public_key()
        encoded = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return ""
    return encoded.decode()
