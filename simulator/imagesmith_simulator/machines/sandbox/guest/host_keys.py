"""SSH host keys: made at an instance's first boot, kept on its disk, printed on the console as cloud-init prints them."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from pathlib import Path

_FOLDER = Path("/etc/ssh")
_BITS = {"ssh-ed25519": "256", "ssh-rsa": "2048", "ecdsa-sha2-nistp256": "256"}
_NAMES = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA", "ecdsa-sha2-nistp256": "ECDSA"}


def make_rsa() -> bytes:
    """A private key in OpenSSH's format; takes 50 to 300 ms."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return _private_text(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _private_text(key: object) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise TypeError("only ed25519 and RSA keys are made here")
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def _public_line(private: bytes, comment: str) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    public = load_ssh_private_key(private, password=None).public_key()
    return f"{public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {comment}\n"


def make(given: dict[str, str], rsa: bytes) -> None:
    """Replace the keys of the image; ``given`` are those of the user data's ``ssh_keys``, which then are all there are."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    for old in _FOLDER.glob("ssh_host_*"):
        old.unlink()
    if given:
        for name, text in given.items():
            kind, _, half = name.partition("_")
            suffix = ".pub" if half == "public" else ""
            _write(f"ssh_host_{kind}_key{suffix}", text.strip().encode() + b"\n", 0o644 if suffix else 0o600)
        _add_missing_public_halves()
        return
    comment = f"root@{os.uname().nodename}"
    for kind, private in (("ed25519", _private_text(ed25519.Ed25519PrivateKey.generate())), ("rsa", rsa)):
        _write(f"ssh_host_{kind}_key", private, 0o600)
        _write(f"ssh_host_{kind}_key.pub", _public_line(private, comment).encode(), 0o644)


def _add_missing_public_halves() -> None:
    for private in _FOLDER.glob("ssh_host_*_key"):
        if not private.with_suffix(".pub").exists():
            _write(private.name + ".pub", _public_line(private.read_bytes(), "").encode(), 0o644)


def _write(name: str, data: bytes, mode: int) -> None:
    path = _FOLDER / name
    path.touch(mode=mode)
    path.write_bytes(data)
    path.chmod(mode)


def announce(hostname: str) -> None:
    """Print fingerprints and keys as cloud-init does, so that whoever reads the console can pin them."""
    lines = [path.read_text().strip() for path in sorted(_FOLDER.glob("ssh_host_*_key.pub"))]
    stamp = f"<14>{time.strftime('%b %d %H:%M:%S', time.gmtime())} {hostname} ec2:"
    out = [f"{stamp} #############################################################"]
    out += [f"{stamp} -----BEGIN SSH HOST KEY FINGERPRINTS-----"]
    out += [f"{stamp} {_fingerprint(line)}" for line in lines]
    out += [f"{stamp} -----END SSH HOST KEY FINGERPRINTS-----"]
    out += [f"{stamp} #############################################################"]
    out += ["-----BEGIN SSH HOST KEY KEYS-----", *lines, "-----END SSH HOST KEY KEYS-----"]
    os.write(1, ("\n".join(out) + "\n").encode())


def _fingerprint(line: str) -> str:
    kind, blob, comment = [*line.split(" ", 2), "no comment"][:3]
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode().rstrip("=")
    return f"{_BITS.get(kind, '?')} SHA256:{digest} {comment} ({_NAMES.get(kind, kind)})"
