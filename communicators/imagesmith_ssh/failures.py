"""Why there is no connection, and what to do about it: one error class per cause."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TypeVar

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionRefused,
    GuestNotBooted,
    KeyExchangeFailed,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)

AnyError = TypeVar("AnyError", bound=ConnectError)

_TAIL_LINES = 12
_TAIL_CHARACTERS = 2000
_NEVER_CAME_UP = re.compile(
    r"Kernel panic - not syncing|No bootable device|Boot failed|grub rescue>|error: no such (?:partition|device)"
    r"|You are in emergency mode|Give root password for maintenance|\(initramfs\)|Entering emergency mode"
    r"|dracut-initqueue.*timeout|VFS: Unable to mount root|Operating System not found|UEFI Interactive Shell"
)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_NOT_YET = re.compile(r"booting up|not permitted to log in yet|nologin", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom; ``kind`` is that of the address."""

    host: str
    port: int
    username: str
    kind: str = "public"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def no_connection(target: Target, error: OSError) -> ConnectError:
    """The cause of a failed TCP connection."""
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(
            f"{target} refuses the connection: nothing listens there",
            hint="is the SSH server installed and started in the image, and is ssh_port right?",
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(f'the host name "{target.host}" is not known ({error.strerror})', hint="check ssh_host")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Unreachable(f"{target} does not answer: packets are dropped on the way", hint=_way_hint(target))
    return Unreachable(f"{target} can't be reached: {(error.strerror or str(error)).lower()}", hint=_way_hint(target))


def _way_hint(target: Target) -> str:
    if target.kind == "private" or _is_private(target.host):
        return (
            f"{target.host} is a private address: run this inside the same VPC (or connect to it by VPN), "
            f"or use a public address; the security group must let port {target.port} in"
        )
    return (
        f"let port {target.port} in for this host's address in the security group and the network ACL, "
        "and check that a firewall here lets it out"
    )


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
            hint="the guest may still be starting, or a load balancer or firewall answers in its place",
        )
    if not re.search(rb"(?m)^SSH-", greeting):
        first = greeting.split(b"\n")[0][:80].decode("utf-8", "replace").strip()
        return UnexpectedProtocol(
            f'{target} does not speak SSH; it says "{_CONTROL.sub("", first)}"',
            hint="check ssh_port: another service listens there",
        )
    if "acceptable" in problem or "ncompatible" in problem:
        return KeyExchangeFailed(
            f"{target} shares no algorithm with imagesmith" + (f"; it offers {offered}" if offered else ""),
            hint="the SSH server is very old or locked down: allow curve25519-sha256 or diffie-hellman-group14-sha256, "
            "aes128-gcm@openssh.com or aes128-ctr, and an Ed25519, ECDSA or RSA (SHA-2) host key",
        )
    return SilentPeer(
        f"{target} breaks off while keys are exchanged" + (f": {problem}" if problem else ""),
        hint="the guest may still be starting, or its SSH server has too many connections (MaxStartups)",
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
    hint = f'is "{target.username}" the right ssh_username for this image (root, ubuntu, ecs-user, cloud-user, …)'
    if missing:
        hint += f", and should a {missing[0]} be given"
    return AuthenticationFailed(
        f'{target} does not let user "{target.username}" in with {names}{accepts}', hint=f"{hint}?"
    )


def with_console(error: AnyError, text: str, facts: str) -> AnyError | GuestNotBooted:
    """The error to give up with: how long it was tried, and the end of what the guest printed."""
    tail = console_tail(text)
    shown = f"; the guest's console ends with:\n{tail}\n" if tail else ""
    if isinstance(error, Unreachable | ConnectionRefused | SilentPeer) and _NEVER_CAME_UP.search(text):
        found = _NEVER_CAME_UP.search(text)
        return GuestNotBooted(
            f'the guest never came up ("{found[0] if found else ""}"): {error.message}{facts}{shown}',
            hint="the source image does not boot on this instance type: check its disk, boot mode and drivers",
        )
    return type(error)(f"{error.message}{facts}{shown}", hint=error.hint)


def console_tail(text: str) -> str:
    """The last lines of a console without control sequences."""
    lines = [line.rpartition("\r")[2].rstrip() for line in _CONTROL.sub("", text.replace("\r\n", "\n")).split("\n")]
    kept = [f"  | {line}" for line in lines if line.strip()][-_TAIL_LINES:]
    return "\n".join(kept)[-_TAIL_CHARACTERS:]
