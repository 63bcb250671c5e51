"""``consul_key(key)``: one key of Consul's key-value store, through the client py-consul.

Source: Packer reads ``CONSUL_HTTP_*`` as Consul's own client does, passes over a slash in front of the key, and takes
an empty value for an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from imagesmith.errors import AccessDenied, CloudError, NotFound, ServiceUnavailable, Throttled, UsageError
from imagesmith.secret_store import CONNECT_S, READ_S, SecretRequest, missing_client

_ADDRESS = "127.0.0.1:8500"


@dataclass(frozen=True, slots=True)
class _Address:
    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"


def look_up(request: SecretRequest) -> str:
    """The value; see `imagesmith.secret_store.SecretStore`."""
    if absent := missing_client(["consul"], "the Consul client", "consul"):
        raise absent
    address = _address(request)
    where = f'Consul\'s key "{request.name}"'
    found = _found(request, address, where)
    if found is None:
        raise NotFound(f"{where} does not exist", hint="Check the key, CONSUL_NAMESPACE and the token's rules")
    raw = found.get("Value")
    if not raw:
        raise NotFound(f"{where} has an empty value", hint="Store a value; an empty one is taken for a mistake")
    try:
        return bytes(raw).decode()
    except UnicodeDecodeError:
        pass
    raise CloudError(f"{where} holds bytes that are no text", hint="Store the value as UTF-8, or encoded in base64")


def _address(request: SecretRequest) -> _Address:
    given = request.setting("CONSUL_HTTP_ADDR", default=_ADDRESS)
    parts = urlsplit(given if "://" in given else f"//{given}")
    port: int | None = None
    usable = parts.scheme in ("", "http", "https") and bool(parts.hostname)
    try:
        port = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("CONSUL_HTTP_ADDR is not an address that can be asked", hint="Write host:port or a full URL")
    secure = parts.scheme == "https" or request.switch("CONSUL_HTTP_SSL")
    host = parts.hostname or ""
    if port is None:
        port = 443 if parts.scheme == "https" else 80 if parts.scheme else 8500
    return _Address("https" if secure else "http", f"[{host}]" if ":" in host else host, port, parts.path.rstrip("/"))


def _found(request: SecretRequest, address: _Address, where: str) -> Any:
    from imagesmith.template.remote_values import transport

    failure: CloudError
    token = _token(request)
    with _session(request, address) as session, transport.without_remarks(session):
        try:
            return _client(address, token, session).kv.get(request.name.lstrip("/"))[1]
        except Exception as error:  # noqa: BLE001 - py-consul, requests and urllib3 raise exceptions of many kinds
            failure = _refused(error, where) or transport.failed(error, "Consul", str(address), "CONSUL_HTTP_ADDR")
    raise failure


def _token(request: SecretRequest) -> str:
    from pathlib import Path

    if token := request.setting("CONSUL_HTTP_TOKEN"):
        return token
    path = request.setting("CONSUL_HTTP_TOKEN_FILE")
    if not path:
        return ""
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        hint = "Name a file that holds nothing but the token"
    raise UsageError("the file that CONSUL_HTTP_TOKEN_FILE names can't be read", hint=hint)


def _session(request: SecretRequest, address: _Address) -> Any:
    from imagesmith.template.remote_values import transport

    certificate, key = request.setting("CONSUL_CLIENT_CERT"), request.setting("CONSUL_CLIENT_KEY")
    check = request.switch("CONSUL_HTTP_SSL_VERIFY", default=True)
    made = transport.session(
        str(address),
        verify=transport.trust(request.setting("CONSUL_CACERT"), request.setting("CONSUL_CAPATH"), check=check),
        client=(certificate, key) if certificate else None,
        server_name=request.setting("CONSUL_TLS_SERVER_NAME"),
    )
    for header, setting in (("X-Consul-Namespace", "CONSUL_NAMESPACE"), ("X-Consul-Partition", "CONSUL_PARTITION")):
        if value := request.setting(setting):
            made.headers[header] = value
    if user := request.setting("CONSUL_HTTP_AUTH"):
        name, _, password = user.partition(":")
        made.auth = (name, password)
    return made


def _client(address: _Address, token: str, session: Any) -> Any:
    import consul

    timeout: Any = (CONNECT_S, READ_S)
    client: Any = consul.Consul(
        host=address.host,
        port=address.port,
        scheme=address.scheme,
        verify=session.verify,
        cert=session.cert,
        connections_timeout=timeout,
    )
    client.token = token or None
    client.http.session.close()
    client.http.session = session
    client.http.base_uri = str(address)
    return client


def _refused(error: Exception, where: str) -> CloudError | None:
    """What Consul's answer says, where the error is one. Its text may hold values, so only its status is used."""
    import consul.exceptions as refusals

    if not isinstance(error, refusals.ConsulException):
        return None
    if isinstance(error, refusals.ACLPermissionDenied | refusals.ACLDisabled):
        hint = "Check CONSUL_HTTP_TOKEN and that its policy has key read for this key"
        return AccessDenied(f"{where}: the token is not allowed to read it", hint=hint, status=403)
    status = str(error)[:3]
    if status == "429":
        return Throttled(f"{where}: too many requests", hint="Try again in a while", status=429)
    if isinstance(error, refusals.ClientError | refusals.BadRequest):
        return CloudError(f"{where}: Consul refused the request ({status})", hint="Check the key and CONSUL_HTTP_ADDR")
    if status.startswith("5"):
        return ServiceUnavailable(f"{where}: Consul failed ({status})", hint="It may have no leader; its log says why")
    return CloudError(f"{where}: the answer is not one of Consul", hint="Check CONSUL_HTTP_ADDR")
