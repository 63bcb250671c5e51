"""Who logs in to a host, and with what: read and checked before anything is tried."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from imagesmith.errors import AuthenticationFailed
from imagesmith.ssh_settings import FIPS_KEYS
from imagesmith_ssh import agent
from imagesmith_ssh.keys import certified, load_private_key
from imagesmith_ssh.terminal import Terminal

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Login
    from imagesmith.waiting import CancelToken

_LEAST_RSA_BITS = 2048

Answer = Callable[[str, str, Sequence[tuple[str, bool]]], list[str]]
"""Answers the questions of a dialogue (title, instructions, prompts and whether what is typed is shown)."""


@dataclass(frozen=True)
class Credentials:
    """``keys`` are tried in this order (those with a certificate first), after the agent's where it ``asks_agent``."""

    keys: tuple[paramiko.PKey, ...] = ()
    password: str = field(default="", repr=False)
    asks_agent: bool = False
    answer: Answer | None = None
    fips: bool = False

    @contextlib.contextmanager
    def agent_keys(self) -> Iterator[tuple[paramiko.PKey, ...]]:
        """What the agent holds now, for as long as this is open. Raises `AuthenticationFailed`."""
        if not self.asks_agent:
            yield ()
            return
        with agent.keys() as held:
            yield tuple(key for key in held if not self.fips or approved(key))


def of_guest(login: Login, options: CommunicatorOptions) -> Credentials:
    """What logs in to the machine itself. Raises `AuthenticationFailed` for a key or certificate that is of no use."""
    key = None
    if login.private_key.strip():
        key = load_private_key(login.private_key, options.ssh_private_key_passphrase)
    file = "" if login.temporary else options.ssh_certificate_file
    return Credentials(
        keys=_with_certificate(key, file, "ssh_certificate_file", fips=options.ssh_profile == "fips"),
        password=login.password,
        asks_agent=_asks_agent(options.ssh_agent_auth, "ssh_agent_auth"),
        fips=options.ssh_profile == "fips",
    )


def of_bastion(options: CommunicatorOptions, cancel: CancelToken) -> Credentials:
    """What logs in to the bastions: without a key of their own that of the template, which is never a temporary one.

    Raises `AuthenticationFailed` for a key or certificate that is of no use.
    """
    prefix = "ssh_bastion" if options.ssh_bastion_private_key_file else "ssh"
    file = options.ssh_bastion_private_key_file or options.ssh_private_key_file
    passphrase = options.ssh_bastion_private_key_passphrase or options.ssh_private_key_passphrase
    certificate = options.ssh_bastion_certificate_file if prefix == "ssh_bastion" else options.ssh_certificate_file
    key = None
    if file:
        text = _text(Path(file).expanduser(), f"{prefix}_private_key_file")
        key = load_private_key(text, passphrase, option=f"{prefix}_private_key_passphrase")
    fips = options.ssh_profile == "fips"
    return Credentials(
        keys=_with_certificate(key, certificate, f"{prefix}_certificate_file", fips=fips),
        password=options.ssh_bastion_password,
        asks_agent=_asks_agent(options.ssh_bastion_agent_auth, "ssh_bastion_agent_auth"),
        answer=Terminal(cancel).answer if options.ssh_bastion_interactive else None,
        fips=fips,
    )


def approved(key: paramiko.PKey) -> bool:
    """Whether FIPS 140 approves of signatures by this key."""
    if key.get_name() == "ssh-rsa":
        return key.get_bits() >= _LEAST_RSA_BITS
    return key.get_name() in FIPS_KEYS


def _with_certificate(
    key: paramiko.PKey | None, certificate: str, option: str, *, fips: bool
) -> tuple[paramiko.PKey, ...]:
    if key is None:
        return ()
    if fips and not approved(key):
        raise AuthenticationFailed(
            f'ssh_profile = "fips" does not allow a private key of the kind {key.get_name()} ({key.get_bits()} bits)',
            hint="use an ECDSA key, or an RSA key of at least 2048 bits",
        )
    return (certified(key, certificate, option=option), key) if certificate else (key,)


def _asks_agent(wanted: bool, option: str) -> bool:
    if wanted and not agent.address():
        raise AuthenticationFailed(
            f"{option} is set, but there is no SSH agent: SSH_AUTH_SOCK is not set",
            hint="start one (eval $(ssh-agent); ssh-add KEY), or give the key as a file",
        )
    return wanted


def _text(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is not text").lower()
        raise AuthenticationFailed(f"{option}: {path} can't be read: {reason}", hint="check the path") from None
