"""What the ``ssh_*`` options may say: names of algorithms, the bastions on the way, tunnels."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions

CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "3des-cbc",
)
"""The ciphers that imagesmith knows: the fastest first, as measured against OpenSSH."""

KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)
"""The key exchange methods that imagesmith knows, the preferred one first."""

FIPS_CIPHERS = CIPHERS[:5]
"""AES with GCM or CTR: FIPS 197, SP 800-38A and SP 800-38D."""

FIPS_KEY_EXCHANGES = (*KEY_EXCHANGES[3:7], KEY_EXCHANGES[8])
"""The curves and the safe-prime groups of SP 800-56A; groups that the server chooses are not among them."""

FIPS_MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
"""HMAC (FIPS 198) with SHA-2."""

FIPS_KEYS = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")
"""Signatures of FIPS 186-4, for host keys and users; validated modules rarely have Ed25519."""

_ECDSA_BITS = (256, 384, 521)
_LEAST_RSA_BITS = 2048
_JUMP = re.compile(
    r"(?:ssh://)?(?:([^@,]+)@)?(\[[^\]]+\]|[^@:,\[\]/\s]+|[^@,\[\]/]*:[^@,\[\]/]*:[^@,\[\]/]*)(?::(\d+))?/?"
)
_TUNNEL = re.compile(r"(\d+):(\[[^\]]+\]|[^:\[\]]+):(\d+)")


@dataclass(frozen=True, slots=True)
class Jump:
    """A host on the way."""

    host: str
    port: int
    username: str


@dataclass(frozen=True, slots=True)
class Tunnel:
    """``port`` is listened to at one end; each connection goes on to ``host:target_port`` from the other end."""

    port: int
    host: str
    target_port: int


def jumps(options: CommunicatorOptions) -> tuple[Jump, ...]:
    """The bastions in the order in which they are passed. Raises `ValueError` for one that is malformed."""
    if not options.ssh_bastion_host.strip():
        return ()
    username = options.ssh_bastion_username or options.ssh_username
    return tuple(
        _jump(text.strip(), options.ssh_bastion_port, username) for text in options.ssh_bastion_host.split(",")
    )


def _jump(text: str, port: int, username: str) -> Jump:
    found = _JUMP.fullmatch(text)
    if not found or not _is_port(found[3] or port):
        raise ValueError(text)
    return Jump(found[2].strip("[]"), int(found[3] or port), found[1] or username)


def tunnel(text: str) -> Tunnel:
    """Read ``PORT:HOST:PORT``; IPv6 addresses stand in brackets. Raises `ValueError`."""
    found = _TUNNEL.fullmatch(text.strip())
    if not found or not _is_port(found[1]) or not _is_port(found[3]):
        raise ValueError(text)
    return Tunnel(int(found[1]), found[2].strip("[]"), int(found[3]))


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")


def _is_port(value: str | int) -> bool:
    return 0 < int(value) < 65536


def problems(options: CommunicatorOptions) -> Iterator[Diagnostic]:
    """What is wrong with the ``ssh_*`` options, or between them, and can be told before anything is made."""
    yield from _algorithm_problems(options)
    yield from _temporary_key_problems(options)
    yield from _bastion_problems(options)
    yield from _malformed("ssh_local_tunnels", options.ssh_local_tunnels)
    yield from _malformed("ssh_remote_tunnels", options.ssh_remote_tunnels)
    if options.ssh_certificate_file and not options.ssh_private_key_file:
        yield Diagnostic(
            "ssh_certificate_file goes with a private key", hint="give the key it was made for as ssh_private_key_file"
        )
    yield from _missing("ssh_certificate_file", options.ssh_certificate_file)
    if options.ssh_agent_forwarding and options.ssh_disable_agent_forwarding:
        yield Diagnostic(
            "ssh_agent_forwarding and ssh_disable_agent_forwarding contradict each other", hint="leave one of them out"
        )


def _algorithm_problems(options: CommunicatorOptions) -> Iterator[Diagnostic]:
    for name, given, known, approved in (
        ("ssh_ciphers", options.ssh_ciphers, CIPHERS, FIPS_CIPHERS),
        ("ssh_key_exchange_algorithms", options.ssh_key_exchange_algorithms, KEY_EXCHANGES, FIPS_KEY_EXCHANGES),
    ):
        for entry in given:
            if entry not in known:
                yield Diagnostic(f'{name}: "{entry}" is not known', hint=f"known are {', '.join(known)}")
            elif options.ssh_profile == "fips" and entry not in approved:
                yield Diagnostic(
                    f'{name}: "{entry}" does not go with ssh_profile = "fips"',
                    hint=f"approved are {', '.join(approved)}",
                )


def _temporary_key_problems(options: CommunicatorOptions) -> Iterator[Diagnostic]:
    kind, bits = options.temporary_key_pair_type, options.temporary_key_pair_bits
    if kind == "ecdsa" and bits and bits not in _ECDSA_BITS:
        yield Diagnostic(f"temporary_key_pair_bits: there is no ECDSA key of {bits} bits", hint="take 256, 384 or 521")
    if kind in ("", "rsa") and bits and bits < _LEAST_RSA_BITS:
        yield Diagnostic(
            f"temporary_key_pair_bits: an RSA key of {bits} bits is too weak", hint=f"take {_LEAST_RSA_BITS} or more"
        )
    if kind == "ed25519" and bits not in (0, 256):
        yield Diagnostic("temporary_key_pair_bits: an Ed25519 key has one size only", hint="leave it out")
    if kind == "ed25519" and options.ssh_profile == "fips":
        yield Diagnostic(
            'temporary_key_pair_type = "ed25519" does not go with ssh_profile = "fips"', hint="take rsa or ecdsa"
        )


def _bastion_problems(options: CommunicatorOptions) -> Iterator[Diagnostic]:
    if not options.ssh_bastion_host.strip():
        return
    try:
        jumps(options)
    except ValueError as error:
        yield Diagnostic(f'ssh_bastion_host: "{error}" is no host to connect through', hint='write "user@host:port"')
    if options.ssh_proxy_host:
        yield Diagnostic("ssh_bastion_host and ssh_proxy_host exclude each other", hint="leave one of them out")
    ways = (
        options.ssh_bastion_password,
        options.ssh_bastion_private_key_file or options.ssh_private_key_file,
        options.ssh_bastion_agent_auth,
        options.ssh_bastion_interactive,
    )
    if not any(ways):
        yield Diagnostic(
            "there is no way to log in to the bastion",
            hint="give ssh_bastion_password, ssh_bastion_private_key_file or ssh_bastion_agent_auth",
        )
    if options.ssh_bastion_certificate_file and not options.ssh_bastion_private_key_file:
        yield Diagnostic(
            "ssh_bastion_certificate_file goes with a private key",
            hint="give the key it was made for as ssh_bastion_private_key_file",
        )
    yield from _missing("ssh_bastion_private_key_file", options.ssh_bastion_private_key_file)
    yield from _missing("ssh_bastion_certificate_file", options.ssh_bastion_certificate_file)


def _missing(name: str, file: str) -> Iterator[Diagnostic]:
    if file and not Path(file).expanduser().is_file():
        yield Diagnostic(f'{name}: there is no file "{file}"', hint="the path is relative to the current folder")


def _malformed(name: str, given: Sequence[str]) -> Iterator[Diagnostic]:
    for entry in given:
        try:
            tunnel(entry)
        except ValueError:
            yield Diagnostic(
                f'{name}: "{entry}" is no tunnel', hint='write PORT:HOST:PORT, such as "8080:localhost:80"'
            )
