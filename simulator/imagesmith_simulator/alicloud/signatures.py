"""Who is calling: both generations of Alibaba Cloud's request signatures, verified as the gateway does.

* RPC v1 (Go SDK of Packer 1.6.6): everything in the query string, HMAC-SHA1 over the sorted parameters.
* ACS3-HMAC-SHA256 (today's SDKs): an ``Authorization`` header over method, query, signed headers and body hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from imagesmith_simulator.alicloud.errors import ApiError, missing
from imagesmith_simulator.server import Request

_SKEW_S = 900.0
_ACS3 = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Identity:
    """An access key that the cloud knows; with a security token it is a temporary one."""

    access_key: str
    secret_key: str
    security_token: str = ""


class Guard:
    """Knows the access keys, and the nonces that have been used."""

    def __init__(self) -> None:
        self._keys: dict[str, Identity] = {}
        self._nonces: dict[str, float] = {}
        self._lock = threading.Lock()

    def register(self, identity: Identity) -> None:
        """Accept an access key from now on."""
        with self._lock:
            self._keys[identity.access_key] = identity

    def verify(self, request: Request, parameters: Mapping[str, str]) -> Identity:
        """The caller. Raises the API's refusal for an unknown key, a wrong signature, a replay or an old timestamp."""
        authorization = request.headers.get("authorization", "")
        if authorization.startswith(_ACS3):
            return self._acs3(request, authorization)
        if "Signature" in parameters:
            return self._rpc(request, parameters)
        raise missing("Signature")

    def _rpc(self, request: Request, parameters: Mapping[str, str]) -> Identity:
        identity = self._known(parameters.get("AccessKeyId", ""), parameters.get("SecurityToken", ""))
        if parameters.get("SignatureMethod", "HMAC-SHA1") != "HMAC-SHA1":
            raise ApiError("InvalidSignatureMethod", 400, "Only HMAC-SHA1 is served for requests of this kind.")
        signed = {name: value for name, value in parameters.items() if name != "Signature"}
        text = f"{request.method}&%2F&{_quoted(_canonical(signed))}"
        digest = hmac.new(f"{identity.secret_key}&".encode(), text.encode(), hashlib.sha1).digest()
        self._compare(base64.b64encode(digest).decode(), parameters["Signature"], text)
        self._fresh(parameters.get("Timestamp", ""), parameters.get("SignatureNonce", ""))
        return identity

    def _acs3(self, request: Request, authorization: str) -> Identity:
        fields: dict[str, str] = {}
        for part in authorization[len(_ACS3) :].split(","):
            name, _, value = part.strip().partition("=")
            fields[name] = value
        identity = self._known(fields.get("Credential", ""), request.headers.get("x-acs-security-token", ""))
        body_hash = hashlib.sha256(request.body).hexdigest()
        if request.headers.get("x-acs-content-sha256", "") != body_hash:
            raise ApiError("SignatureDoesNotMatch", 400, "x-acs-content-sha256 is not the hash of the body.")
        names = fields.get("SignedHeaders", "").split(";")
        for name in ("host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"):
            if name not in names:
                raise ApiError("SignatureDoesNotMatch", 400, f"The header {name} is not among the signed ones.")
        headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
        canonical = "\n".join(
            (request.method, request.path, _canonical_query(request.query), headers, ";".join(names), body_hash)
        )
        text = f"{_ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        digest = hmac.new(identity.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        self._compare(digest, fields.get("Signature", ""), text)
        self._fresh(request.headers.get("x-acs-date", ""), request.headers.get("x-acs-signature-nonce", ""))
        return identity

    def _known(self, access_key: str, token: str) -> Identity:
        with self._lock:
            identity = self._keys.get(access_key)
        if identity is None:
            raise ApiError("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
        if token != identity.security_token:
            raise ApiError("InvalidSecurityToken.MismatchWithAccessKey", 400, "Specified SecurityToken is not valid.")
        return identity

    def _compare(self, expected: str, given: str, text: str) -> None:
        if not hmac.compare_digest(expected, given):
            raise ApiError(
                "SignatureDoesNotMatch",
                400,
                f"Specified signature is not matched with our calculation. server string to sign is:{text}",
            )

    def _fresh(self, stamp: str, nonce: str) -> None:
        if not nonce:
            raise missing("SignatureNonce")
        try:
            at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise ApiError("InvalidTimeStamp.Format", 400, "Specified time stamp is not well formatted.") from None
        now = time.time()
        if abs(now - at) > _SKEW_S:
            raise ApiError("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.")
        with self._lock:
            if nonce in self._nonces:
                raise ApiError("SignatureNonceUsed", 400, "Specified signature nonce was used already.")
            self._nonces[nonce] = now
            if len(self._nonces) % 1000 == 0:
                self._nonces = {used: when for used, when in self._nonces.items() if now - when < 2 * _SKEW_S}


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _canonical(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))


def _canonical_query(query: str) -> str:
    from urllib.parse import parse_qsl

    return _canonical(dict(parse_qsl(query, keep_blank_values=True)))
