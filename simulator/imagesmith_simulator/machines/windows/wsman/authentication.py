"""Logins of one connection: Basic for each request, or NTLM once for the connection, which then seals its messages."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import spnego

_ENCRYPTED = "application/HTTP-SPNEGO-session-encrypted"
_PART = re.compile(rb"Content-Type: application/octet-stream\r\n(.*?)--\s?Encrypted Boundary--\r?\n?$", re.DOTALL)
_LOCK = threading.Lock()
_VARIABLE = "NTLM_USER_FILE"


class Accounts(Protocol):
    """Who may log in."""

    @property
    def hostname(self) -> str:
        """The machine's name, which may stand before a user's."""
        ...

    @property
    def passwords(self) -> Mapping[str, str]:
        """The known passwords by user."""
        ...


class Rejected(Exception):
    """The request has no or no good credentials: the answer is 401 with these ``WWW-Authenticate`` headers."""

    def __init__(self, *challenges: str) -> None:
        super().__init__("401")
        self.challenges = challenges


class Authentication:
    """The state of one connection. ``basic`` and ``negotiate`` are what the service offers on it."""

    def __init__(self, accounts: Accounts, *, basic: bool, negotiate: bool, clear_text: bool) -> None:
        self._accounts = accounts
        self._basic = basic
        self._negotiate = negotiate
        self._clear_text = clear_text
        self._context: spnego.ContextProxy | None = None
        self._session_user = ""

    def login(self, authorization: str) -> tuple[str, str]:
        """The user, and the ``WWW-Authenticate`` header to answer with. Raises `Rejected`."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "basic" and self._basic:
            return self._check_basic(value), ""
        if kind.lower() in ("negotiate", "ntlm") and self._negotiate:
            return self._step(kind, value)
        if not authorization and self._session_user:
            return self._session_user, ""
        raise self._refused()

    def unseal(self, content_type: str, body: bytes) -> bytes:
        """The message in a request's body. Raises `Rejected` for one in clear text where that is not allowed."""
        if not content_type.startswith("multipart/encrypted"):
            if body and not self._clear_text:
                raise self._refused()
            return body
        found = _PART.search(body)
        if self._context is None or not self._context.complete or not found:
            raise self._refused()
        sealed = found.group(1)
        length = int.from_bytes(sealed[:4], "little")
        from spnego.exceptions import SpnegoError

        try:
            return self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
        except SpnegoError:
            raise self._refused() from None

    def seal(self, message: bytes) -> tuple[str, bytes]:
        """The content type and body of an answer to a sealed request."""
        if self._context is None:
            raise self._refused()
        sealed = self._context.wrap_winrm(message)
        body = (
            f"--Encrypted Boundary\r\n\tContent-Type: {_ENCRYPTED}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n"
            "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        ).encode()
        header = len(sealed.header).to_bytes(4, "little") + sealed.header
        content_type = f'multipart/encrypted;protocol="{_ENCRYPTED}";boundary="Encrypted Boundary"'
        return content_type, body + header + sealed.data + b"--Encrypted Boundary--\r\n"

    def _refused(self) -> Rejected:
        self._context = None
        self._session_user = ""
        offered = ["Negotiate"] if self._negotiate else []
        return Rejected(*offered, *(['Basic realm="WSMAN"'] if self._basic else []))

    def _check_basic(self, value: str) -> str:
        try:
            raw = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise self._refused() from None
        try:
            user, _, given = raw.decode().partition(":")
        except UnicodeDecodeError:  # older clients know no UTF-8 here
            user, _, given = raw.decode("cp1252", errors="replace").partition(":")
        name = local_name(user, self._accounts.hostname)
        found = {user.lower(): (user, password) for user, password in self._accounts.passwords.items()}
        name, wanted = found.get(name.lower(), (name, None))
        if wanted is None or not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refused()
        return name

    def _step(self, kind: str, value: str) -> tuple[str, str]:
        from spnego.exceptions import SpnegoError

        context = self._context
        try:
            token = base64.b64decode(value, validate=True)
            with _visible(_credentials(self._accounts)):
                if context is None or context.complete:
                    context = _new_context(kind)
                reply = context.step(token)
        except (SpnegoError, binascii.Error, ValueError, IndexError, KeyError):
            raise self._refused() from None
        self._context = context
        header = f"{kind} {base64.b64encode(reply).decode()}" if reply else ""
        if not context.complete:
            raise Rejected(header)
        self._session_user = local_name(context.client_principal or "", self._accounts.hostname)
        return self._session_user, header


def local_name(user: str, hostname: str) -> str:
    """A user's bare name: without the machine's own name before it."""
    domain, slash, name = user.rpartition("\\")
    return (
        name
        if not slash or domain.lower() in (".", "", hostname.lower(), socket.gethostname().lower(), "workgroup")
        else user
    )


def _new_context(kind: str) -> spnego.ContextProxy:
    import spnego

    protocol = "ntlm" if kind.lower() == "ntlm" else "negotiate"
    return spnego.server(protocol=protocol, options=spnego.NegotiateOptions.use_ntlm)


def _credentials(accounts: Accounts) -> str:
    """The users in the format of smbpasswd, which holds hashes, so that a password may have any character."""
    from spnego._ntlm_raw.crypto import ntowfv1

    # Clients name the machine, which the library takes for this host; case does not matter.
    domains = ("", ".\\", f"{accounts.hostname}\\", f"{socket.gethostname()}\\", "WORKGROUP\\")
    digests = {name: ntowfv1(password).hex().upper() for name, password in accounts.passwords.items()}
    return "".join(
        f"{domain}{name}:0:{'0' * 32}:{digest}:[U]:LCT-0\n" for name, digest in digests.items() for domain in domains
    )


@contextlib.contextmanager
def _visible(users: str) -> Iterator[None]:
    """Let the library see these users: it takes them only from a file that an environment variable names."""
    descriptor = os.memfd_create("ntlm-users")
    try:
        os.write(descriptor, users.encode())
        with _LOCK:
            before = os.environ.get(_VARIABLE)
            os.environ[_VARIABLE] = f"/proc/self/fd/{descriptor}"
            try:
                yield
            finally:
                if before is None:
                    del os.environ[_VARIABLE]
                else:
                    os.environ[_VARIABLE] = before
    finally:
        os.close(descriptor)
