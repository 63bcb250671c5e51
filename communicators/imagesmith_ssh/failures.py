"""Why there is no connection, and what to do about it: one error class per cause."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from dataclasses import dataclass

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionRefused,
    ForwardingRefused,
    KeyExchangeFailed,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)
from imagesmith.ways_in.last_words import without_controls

_NOT_YET = re.compile(r"booting up|not permitted to log in yet|nologin", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom; ``kind`` is that of the address.

    ``role`` is "" for the machine itself, else "bastion" or "proxy"; ``via`` names the last host before this one.
    """

    host: str
    port: int
    username: str
    kind: str = "public"
    role: str = ""
    via: str = ""

    def __str__(self) -> str:
        name = f"the {self.role} {self.place}" if self.role else self.place
        return f"{name} (through {self.via})" if self.via else name

    @property
    def place(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def option(self, name: str) -> str:
        """The option of this name that is about this host: ``ssh_port`` or ``ssh_bastion_port``."""
        return f"ssh_{self.role}_{name}" if self.role else f"ssh_{name}"


def no_connection(target: Target, error: OSError) -> ConnectError:
    """The cause of a failed TCP connection."""
    if isinstance(error, ConnectionRefusedError):
        if target.role:
            hint = f"is the {target.role} up, and are {target.option('host')} and {target.option('port')} right?"
        else:
            hint = "is the SSH server installed and started in the image, and is ssh_port right?"
        return ConnectionRefused(f"{target} refuses the connection: nothing listens there", hint=hint)
    if isinstance(error, socket.gaierror):
        whom = f" to {target.via}" if target.via else ""
        text = f'the host name "{target.host}" is not known{whom} ({error.strerror})'
        return Unreachable(text, hint=f"check {target.option('host')}")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Unreachable(f"{target} does not answer: packets are dropped on the way", hint=_way_hint(target))
    return Unreachable(f"{target} can't be reached: {(error.strerror or str(error)).lower()}", hint=_way_hint(target))


def _way_hint(target: Target) -> str:
    if target.via:
        return f"let port {target.port} in for the address of {target.via} in the security group and the network ACL"
    if target.kind == "private" or _is_private(target.host):
        return (
            f"{target.host} is a private address: run this inside the same VPC (or connect to it by VPN), "
            + ("" if target.role else "or use a public address or a bastion; ")
            + f"the security group must let port {target.port} in"
        )
    return (
        f"let port {target.port} in for this host's address in the security group and the network ACL, "
        "and check that a firewall here lets it out"
    )


def forwarding_refused(target: Target, by: str, words: str, hint: str) -> ForwardingRefused:
    """A bastion or proxy, named by ``by``, passes no connections on to the target."""
    said = f": {words}" if words else ""
    return ForwardingRefused(f"{by} does not pass connections on to {target.place}{said}", hint=hint)


def _who(target: Target) -> str:
    return f"the {target.role or 'guest'}"


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private and not address.is_loopback


def no_handshake(target: Target, greeting: bytes, offered: str, problem: str) -> ConnectError:
    """The cause of a failed key exchange; ``greeting`` is what the peer sent first, ``offered`` its algorithms."""
    if not greeting:
        return SilentPeer(
            f"{target} accepts connections but says nothing",
            hint=f"{_who(target)} may still be starting, or a load balancer or firewall answers in its place",
        )
    if not re.search(rb"(?m)^SSH-", greeting):
        first = greeting.split(b"\n")[0][:80].decode("utf-8", "replace").strip()
        return UnexpectedProtocol(
            f'{target} does not speak SSH; it says "{without_controls(first)}"',
            hint=f"check {target.option('port')}: another service listens there",
        )
    if "acceptable" in problem or "ncompatible" in problem:
        return KeyExchangeFailed(
            f"{target} shares no algorithm with imagesmith" + (f"; it offers {offered}" if offered else ""),
            hint="the SSH server is very old or locked down: allow ecdh-sha2-nistp256 or "
            "diffie-hellman-group14-sha256, aes128-gcm@openssh.com or aes128-ctr, and an Ed25519, "
            "ECDSA or RSA (SHA-2) host key; ssh_ciphers, ssh_key_exchange_algorithms and ssh_profile narrow down "
            "what is offered from here",
        )
    return SilentPeer(
        f"{target} breaks off while keys are exchanged" + (f": {problem}" if problem else ""),
        hint=f"{_who(target)} may still be starting, or its SSH server has too many connections (MaxStartups)",
    )


def offered_algorithms(greeting: bytes) -> str:
    """Key exchange and host key algorithms from the KEXINIT message (RFC 4253 §7.1) in what the peer sent first."""
    start = greeting.find(b"SSH-")
    packet = greeting[greeting.find(b"\n", start) + 1 :]
    if start < 0 or len(packet) < 26 or packet[5] != 20:
        return ""
    position, lists = 22, []
    for _ in range(3):
        size = int.from_bytes(packet[position : position + 4], "big")
        lists.append(packet[position + 4 : position + 4 + size].decode("ascii", "replace").replace(",", ", "))
        position += 4 + size
    return f"key exchange {lists[0]}; host keys {lists[1]}; ciphers {lists[2]}"


def login_refused(
    target: Target, tried: list[str], methods: list[str], allowed: list[str], banner: str
) -> ConnectError:
    """The server took none of the ways that were ``tried`` (by these ``methods``); ``allowed`` are those it names."""
    if _NOT_YET.search(banner):
        return SilentPeer(f"{target} is still starting: {banner.strip()}", hint="it lets nobody in before it is up")
    names = " and ".join(tried) or "no key and no password"
    accepts = f"; it accepts {', '.join(allowed)}" if allowed else ""
    other = {"publickey": "key", "password": "password"}
    missing = [other[name] for name in allowed if name in other and name not in methods]
    examples = "" if target.role else " for this image (root, ubuntu, ecs-user, cloud-user, …)"
    hint = f'is "{target.username}" the right {target.option("username")}{examples}'
    if missing:
        hint += f", and should a {missing[0]} be given"
    return AuthenticationFailed(
        f'{target} does not let user "{target.username}" in with {names}{accepts}', hint=f"{hint}?"
    )
