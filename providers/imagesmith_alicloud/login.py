"""How to log in: a temporary key made here, the user's own key, or a password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import UsageError
from imagesmith.interfaces import Login
from imagesmith_alicloud.context import Context, as_tags
from imagesmith_alicloud.sdk import ecs

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_RSA_BITS = 2048


def login(context: Context) -> Login:
    """The login; with a temporary key its public half is imported, the private half never leaves this process."""
    options = context.options
    if options.wants_temporary_key:
        return _temporary(context)
    return Login(
        username=options.ssh_username,
        key_name=options.ssh_keypair_name,
        private_key=_read_key(options.ssh_private_key_file) if options.ssh_private_key_file else "",
        password=options.ssh_password,
    )


def _temporary(context: Context) -> Login:
    options = context.options
    name = options.temporary_key_pair_name or context.name
    private, public = make_key(options.temporary_key_pair_type, options.temporary_key_pair_bits, name)

    def make(token: str) -> str:
        context.cloud.write_once(
            ecs.ImportKeyPairRequest(
                key_pair_name=name,
                public_key_body=public,
                resource_group_id=options.resource_group_id or None,
                tag=as_tags(ecs.ImportKeyPairRequestTag, context.marks(token)),
            )
        )
        return name

    context.own("key-pair", make, name)
    return Login(
        username=options.ssh_username,
        key_name=name,
        public_key=public,
        temporary=True,
        private_key=private,
        password=options.ssh_password,
    )


def make_key(kind: str, bits: int, comment: str) -> tuple[str, str]:
    """A new key pair as OpenSSH writes it: private, public. By default RSA-2048, as ECS itself makes them."""
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


def _read_key(file: str) -> str:
    path = Path(file).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f'ssh_private_key_file: can\'t read "{path}"', hint=type(error).__name__) from None
