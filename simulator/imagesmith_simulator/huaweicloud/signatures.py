"""Who is calling: SDK-HMAC-SHA256 signatures, verified as the API gateway does.

The ``Authorization`` header is made over method, path, query, the signed headers and the hash of the body, with the
secret key; ``X-Sdk-Date`` must be close to now. Temporary keys come with ``X-Security-Token``.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

from imagesmith_simulator.refusals import ApiError
from imagesmith_simulator.server import Request

_ALGORITHM = "SDK-HMAC-SHA256"
_SKEW_S = 900.0


@dataclass(frozen=True, slots=True)
class Identity:
    """An access key that the cloud knows; with a security token it is a temporary one."""

    access_key: str
    secret_key: str
    security_token: str = ""
    expired: bool = False


class Guard:
    """Knows the access keys."""

    def __init__(self) -> None:
        self._keys: dict[str, Identity] = {}
        self._lock = threading.Lock()

    def register(self, identity: Identity) -> None:
        """Accept an access key from now on, or refuse it as expired."""
        with self._lock:
            self._keys[identity.access_key] = identity

    def verify(self, request: Request) -> Identity:
        """The caller. Raises the gateway's refusal for an unknown key, a wrong signature or an old date."""
        authorization = request.headers.get("authorization", "")
        if not authorization.startswith(_ALGORITHM):
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: x-auth-token not found")
        fields: dict[str, str] = {}
        for part in authorization[len(_ALGORITHM) :].split(","):
            name, _, value = part.strip().partition("=")
            fields[name] = value
        identity = self._known(fields.get("Access", ""), request.headers.get("x-security-token", ""))
        names = fields.get("SignedHeaders", "").split(";")
        for name in ("host", "x-sdk-date"):
            if name not in names:
                raise _refused("APIGW.0301", f"Incorrect IAM authentication information: {name} is not signed")
        self._fresh(request.headers.get("x-sdk-date", ""))
        text = _text_to_sign(request, names)
        expected = hmac.new(identity.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, fields.get("Signature", "")):
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")
        return identity

    def _known(self, access_key: str, token: str) -> Identity:
        with self._lock:
            identity = self._keys.get(access_key)
        if identity is None:
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: ak not exist")
        if token != identity.security_token:
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: decrypt token fail")
        if identity.expired:
            raise _refused("APIGW.0307", "The token must be updated: token expires")
        return identity

    def _fresh(self, stamp: str) -> None:
        try:
            at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: x-sdk-date is malformed") from None
        if abs(time.time() - at) > _SKEW_S:
            raise _refused("APIGW.0301", "Incorrect IAM authentication information: signature expires")


def _refused(code: str, text: str) -> ApiError:
    return ApiError(code, 401, text)


def _text_to_sign(request: Request, names: list[str]) -> str:
    path = "/".join(quote(part, safe="~") for part in unquote(request.path).split("/"))
    query = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in sorted(parse_qsl(request.query, keep_blank_values=True))
    )
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    body_hash = request.headers.get("x-sdk-content-sha256") or hashlib.sha256(request.body).hexdigest()
    path = path if path.endswith("/") else f"{path}/"
    canonical = "\n".join((request.method, path, query, headers, ";".join(names), body_hash))
    return f"{_ALGORITHM}\n{request.headers.get('x-sdk-date', '')}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
