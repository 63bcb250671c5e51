"""CredSSP for the simulated service: pyspnego's acceptor in place of its NTLM (MS-CSSP; MS-WSMV §2.2.9.1.3)."""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from imagesmith_simulator.machines.windows.wsman.authentication import (
    Authentication,
    Rejected,
    _credentials,
    _visible,
    local_name,
)

PROTOCOL = "application/HTTP-CredSSP-session-encrypted"
_PART = re.compile(rb"Content-Type: application/octet-stream\r\n(.*?)(?=--Encrypted Boundary(?:--)?\r\n)", re.DOTALL)


class CredsspAuthentication(Authentication):
    """Offers CredSSP only."""

    sealed_messages = 0

    def __init__(self, accounts: Any, **_: Any) -> None:
        super().__init__(accounts, basic=False, negotiate=False, clear_text=False)
        self._credssp: Any = None

    def login(self, authorization: str) -> tuple[str, str]:
        kind, _, value = authorization.partition(" ")
        if kind.lower() != "credssp":
            if self._credssp is not None and self._credssp.complete and not authorization:
                return local_name(self._credssp.client_principal or "", self._accounts.hostname), ""
            raise Rejected("CredSSP")
        try:
            with _visible(_credentials(self._accounts)):
                if self._credssp is None or self._credssp.complete:
                    self._credssp = spnego.server(protocol="credssp")
                reply = self._credssp.step(base64.b64decode(value))
        except (SpnegoError, ValueError):
            self._credssp = None
            raise Rejected("CredSSP") from None
        header = f"CredSSP {base64.b64encode(reply).decode()}" if reply else ""
        if not self._credssp.complete:
            raise Rejected(header)
        return local_name(self._credssp.client_principal or "", self._accounts.hostname), header

    def unseal(self, content_type: str, body: bytes) -> bytes:
        if not body:
            return b""
        assert PROTOCOL in content_type
        type(self).sealed_messages += 1
        return b"".join(self._credssp.unwrap(part[4:]).data for part in _PART.findall(body))

    def seal(self, message: bytes) -> tuple[str, bytes]:
        sealed = self._credssp.wrap(message).data
        head = (
            f"--Encrypted Boundary\r\n\tContent-Type: {PROTOCOL}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n"
            "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        ).encode()
        body = head + struct.pack("<i", 16) + sealed + b"--Encrypted Boundary--\r\n"
        return f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"', body
