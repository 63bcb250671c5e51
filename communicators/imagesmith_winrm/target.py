"""Where to connect to, as whom, and what is trusted there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, TemplateError

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login

PORT = 5985
TLS_PORT = 5986
_LENGTHS = {40: "sha1", 64: "sha256"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom; ``kind`` is that of the address, ``authentication`` is "" for the best that is offered.

    ``pins`` are the only certificates to accept, as hexadecimal SHA-256 or SHA-1 fingerprints.
    """

    host: str
    port: int
    username: str
    password: str = field(default="", repr=False)
    kind: str = "public"
    tls: bool = False
    insecure: bool = False
    pins: frozenset[str] = frozenset()
    authentication: str = ""
    proxies: bool = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address of the WS-Management service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/wsman"


def target(address: Address, login: Login, options: CommunicatorOptions) -> Target:
    """The target that the options and the builder name. Raises `TemplateError` for a malformed fingerprint."""
    tls = options.winrm_use_ssl
    ntlm = {None: "", True: "ntlm", False: "basic"}[options.winrm_use_ntlm]
    port = options.winrm_port or (TLS_PORT if tls else PORT)
    return Target(
        host=options.winrm_host or address.host,
        port=port if options.winrm_host else address.port or port,
        username=options.winrm_username or login.username,
        password=login.password or options.winrm_password,
        kind="given" if options.winrm_host else address.kind,
        tls=tls,
        insecure=options.winrm_insecure,
        pins=frozenset(fingerprint(text) for text in options.winrm_certificate_fingerprints),
        authentication=options.winrm_auth or ntlm,
        proxies=not options.winrm_no_proxy,
    )


def fingerprint(text: str) -> str:
    """A fingerprint as lower-case hexadecimal digits. Raises `TemplateError` for anything else."""
    digits = re.sub(r"^sha(1|256):", "", text.strip().lower()).replace(":", "").replace(" ", "")
    if len(digits) not in _LENGTHS or not re.fullmatch("[0-9a-f]+", digits):
        raise TemplateError(
            [
                Diagnostic(
                    f'"{text}" in winrm_certificate_fingerprints is no fingerprint',
                    hint="give the certificate's SHA-256 or SHA-1 fingerprint in hexadecimal digits",
                )
            ]
        )
    return digits


def matches(certificate: bytes, pins: frozenset[str]) -> bool:
    """Whether a certificate (DER) is one of the pinned ones."""
    import hashlib

    found = {hashlib.sha256(certificate).hexdigest(), hashlib.sha1(certificate, usedforsecurity=False).hexdigest()}
    return bool(found & pins)
