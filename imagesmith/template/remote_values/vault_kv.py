"""``vault(path, key)``: one key of a secret in HashiCorp Vault or OpenBao, through the client hvac.

Source: Packer asks ``GET /v1/<path>``; where the answer's data has an object called "data" that is KV version 2 and the
key is looked for inside, else the answer is KV version 1. Values that are not texts are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from imagesmith.errors import AccessDenied, CloudError, NotFound, ServiceUnavailable, Throttled, UsageError
from imagesmith.secret_store import CONNECT_S, READ_S, SecretRequest, known_keys, missing_client

_ADDRESS = "https://127.0.0.1:8200"
_VERSION_2 = 'KV version 2 has "data" in its paths: secret/data/app'


def look_up(request: SecretRequest) -> str:
    """The value; see `imagesmith.secret_store.SecretStore`."""
    if absent := missing_client(["hvac"], "the Vault client", "vault"):
        raise absent
    token = request.setting("VAULT_TOKEN")
    if not token:
        raise UsageError(
            "VAULT_TOKEN is not set, so Vault can't be asked", hint="Run vault login and export VAULT_TOKEN"
        )
    url = _address(request)
    answer = _answer(request, url, token)
    return _value(answer, request)


def _address(request: SecretRequest) -> str:
    url = request.setting("VAULT_ADDR", default=_ADDRESS).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("VAULT_ADDR is not an address that can be asked", hint="Write http(s)://host:port")
    return url


def _answer(request: SecretRequest, url: str, token: str) -> Mapping[str, Any]:
    from imagesmith.template.remote_values import transport

    failure: CloudError
    with _session(request, url) as session, transport.without_remarks(session):
        try:
            client = _client(request, url, token, session)
            path = quote(request.name.strip("/"), safe="/")
            found = client.adapter.get(f"/v1/{path}")
            return found if isinstance(found, dict) else {}
        except Exception as error:  # noqa: BLE001 - hvac, requests and urllib3 raise exceptions of many kinds
            failure = _refused(error, request) or transport.failed(error, "Vault", url, "VAULT_ADDR")
    raise failure


def _session(request: SecretRequest, url: str) -> Any:
    from imagesmith.template.remote_values import transport

    certificate, key = request.setting("VAULT_CLIENT_CERT"), request.setting("VAULT_CLIENT_KEY")
    check = not request.switch("VAULT_SKIP_VERIFY")
    return transport.session(
        url,
        verify=transport.trust(request.setting("VAULT_CACERT"), request.setting("VAULT_CAPATH"), check=check),
        client=(certificate, key) if certificate else None,
        server_name=request.setting("VAULT_TLS_SERVER_NAME"),
        proxy=request.setting("VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY"),
    )


def _client(request: SecretRequest, url: str, token: str, session: Any) -> Any:
    import hvac

    timeout: Any = (CONNECT_S, READ_S)
    return hvac.Client(
        url=url,
        token=token,
        namespace=request.setting("VAULT_NAMESPACE").strip("/") or None,
        session=session,
        verify=session.verify,
        cert=session.cert,
        proxies=session.proxies,
        timeout=timeout,
    )


def _refused(error: Exception, request: SecretRequest) -> CloudError | None:
    """What Vault's answer says, where the error is one."""
    import hvac.exceptions as refusals

    if not isinstance(error, refusals.VaultError):
        return None
    where = f'Vault at the path "{request.name}"'
    if isinstance(error, refusals.Forbidden | refusals.Unauthorized):
        hint = "Check VAULT_TOKEN (it may have expired), its policy for this path, and VAULT_NAMESPACE"
        return AccessDenied(f"{where}: the token in VAULT_TOKEN is not allowed to read it", hint=hint, status=403)
    if isinstance(error, refusals.InvalidPath):
        return _nothing(error, request)
    if isinstance(error, refusals.RateLimitExceeded):
        return Throttled(f"{where}: too many requests", hint="Try again in a while", status=429)
    if isinstance(error, refusals.VaultDown):
        hint = "Unseal it, or point VAULT_ADDR at the active node"
        return ServiceUnavailable(f"{where}: Vault is sealed or in maintenance", hint=hint, status=503)
    if isinstance(error, refusals.InternalServerError | refusals.BadGateway):
        return ServiceUnavailable(f"{where}: Vault failed", hint="Its own log says why")
    return CloudError(f"{where}: Vault refused the request ({type(error).__name__})", hint=_VERSION_2)


def _nothing(error: Any, request: SecretRequest) -> NotFound:
    """A 404: nothing was ever there, or the newest version is deleted, or the path lacks its "data"."""
    answer = error.json if isinstance(getattr(error, "json", None), dict) else {}
    data = answer.get("data")
    metadata = data.get("metadata") if isinstance(data, dict) else None
    if isinstance(metadata, dict) and (metadata.get("deletion_time") or metadata.get("destroyed")):
        text = f'Vault: the newest version of "{request.name}" is deleted'
        return NotFound(text, hint="Undelete it, or store a new version", status=404)
    text = f'Vault has nothing at the path "{request.name}"'
    return NotFound(text, hint=f"Check the path and VAULT_NAMESPACE; {_VERSION_2}", status=404)


def _value(answer: Mapping[str, Any], request: SecretRequest) -> str:
    where = f'Vault\'s secret "{request.name}"'
    data = answer.get("data")
    if not isinstance(data, dict):
        raise NotFound(f"{where} has no data", hint=f"Check the path; {_VERSION_2}")
    if isinstance(inner := data.get("data"), dict):
        data = inner
    elif "data" in data and "metadata" in data:
        raise NotFound(f"{where} is deleted in its newest version", hint="Undelete it, or store a new version")
    key = request.key or ""
    if key not in data:
        raise NotFound(f'{where} has no key "{key}"', hint=known_keys(data))
    value = data[key]
    if not isinstance(value, str):
        raise CloudError(f'the key "{key}" of {where} is not a text', hint="Store the value as a text, in quotes")
    return value
