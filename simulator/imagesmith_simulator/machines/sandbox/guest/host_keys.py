"""SSH host keys: made at an instance's first boot, kept on its disk, printed on the console as by cloud-init."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from imagesmith_simulator.machines.sandbox import namespaces

_RECORD = 4096  # bytes, written and read at once
_POOL_SIZE = 8
_FOLDER = Path("/etc/ssh")
_BITS = {"ssh-ed25519": "256", "ssh-rsa": "2048", "ecdsa-sha2-nistp256": "256"}
_NAMES = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA", "ecdsa-sha2-nistp256": "ECDSA"}


def start_pool() -> tuple[int, int]:
    """Fork a process that makes RSA keys ahead (50 to 300 ms each) and return a descriptor and its id.

    The descriptor is a pipe to take keys from, and the pool: it has room for a few, the maker waits while it is full.
    """
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _POOL_SIZE * _RECORD)
    parent = os.getpid()

    def main() -> int:
        namespaces.die_with_parent(parent)
        os.close(reader)
        while True:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            os.write(writer, (_private_text(key) + b"\0" + _public_text(key)).ljust(_RECORD))

    child = os.fork()
    if child == 0:
        namespaces.run_and_exit(main)
    os.close(writer)
    return reader, child


def take_rsa(pool: int) -> bytes:
    """A private and its public key in OpenSSH's format from the pool, joined by a zero byte."""
    return os.read(pool, _RECORD).rstrip()


def _private_text(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def _public_text(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def make(given: dict[str, str], rsa_pair: bytes) -> None:
    """Replace the image's keys; ``given`` are those of the user data's ``ssh_keys``, which then are all there are."""
    for old in _FOLDER.glob("ssh_host_*"):
        old.unlink()
    if given:
        for name, text in given.items():
            kind, _, half = name.partition("_")
            suffix = ".pub" if half == "public" else ""
            _write(f"ssh_host_{kind}_key{suffix}", text.strip().encode() + b"\n", 0o644 if suffix else 0o600)
        _add_missing_public_halves()
        return
    comment = f" root@{os.uname().nodename}\n".encode()
    own = ed25519.Ed25519PrivateKey.generate()
    rsa_private, _, rsa_public = rsa_pair.partition(b"\0")
    pairs = (("ed25519", _private_text(own), _public_text(own)), ("rsa", rsa_private, rsa_public))
    for kind, private, public in pairs:
        _write(f"ssh_host_{kind}_key", private, 0o600)
        _write(f"ssh_host_{kind}_key.pub", public + comment, 0o644)


def _add_missing_public_halves() -> None:
    for private in _FOLDER.glob("ssh_host_*_key"):
        if not private.with_suffix(".pub").exists():
            public = load_ssh_private_key(private.read_bytes(), None).public_key()
            text = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n"
            _write(private.name + ".pub", text, 0o644)


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
