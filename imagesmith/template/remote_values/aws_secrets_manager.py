"""``aws_secretsmanager(name, key)`` and ``aws_secretsmanager_raw(name)``: AWS Secrets Manager, through boto3.

Source: Packer takes AWS's usual chain of credentials and settings and the current version of the secret. Without a key
it gives the one value of an object with a single key, or a plain text as it is.
"""

from __future__ import annotations

import os
from typing import Any

from imagesmith.errors import (
    AccessDenied,
    AnswerLost,
    CloudError,
    MissingDependency,
    NotFound,
    ServiceUnavailable,
    Throttled,
    UsageError,
)
from imagesmith.secret_store import (
    CONNECT_S,
    READ_S,
    SecretRequest,
    json_object,
    known_keys,
    member,
    missing_client,
    scalar,
)

_REFUSALS = {
    "ResourceNotFoundException": NotFound,
    "AccessDeniedException": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "InvalidSignatureException": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "ThrottlingException": Throttled,
    "InternalServiceError": ServiceUnavailable,
}
_HINTS = {
    NotFound: "Check the name and the region (AWS_REGION); another account's secret needs its ARN",
    AccessDenied: "Check the credentials, and that they may call secretsmanager:GetSecretValue and use the KMS key",
}


def look_up(request: SecretRequest) -> str:
    """One key of a secret, or without a key its only value; see `imagesmith.secret_store.SecretStore`."""
    text, where = look_up_raw(request), _where(request)
    if request.key:
        return member(text, request.key, where)
    if not text.lstrip().startswith("{"):
        return text
    values = json_object(text, where)
    if len(values) != 1:
        raise NotFound(f"{where} has {len(values)} keys, so one must be named", hint=known_keys(values))
    return scalar(values, next(iter(values)), where)


def look_up_raw(request: SecretRequest) -> str:
    """The whole text of a secret; see `imagesmith.secret_store.SecretStore`."""
    if absent := missing_client(["boto3"], "the AWS client", "aws"):
        raise absent
    where = _where(request)
    failure: CloudError | UsageError | MissingDependency
    try:
        client = _client(request)
        try:
            found = client.get_secret_value(SecretId=request.name)
        finally:
            client.close()
    except Exception as error:  # noqa: BLE001 - botocore raises exceptions of many kinds
        failure = _explained(error, where)
    else:
        if text := found.get("SecretString"):
            return str(text)
        problem = "holds bytes, not a text" if found.get("SecretBinary") else "is empty"
        failure = CloudError(f"{where} {problem}", hint="Store the value as a text")
    raise failure


def _where(request: SecretRequest) -> str:
    return f'the secret "{request.name}" of AWS Secrets Manager'


def _client(request: SecretRequest) -> Any:
    """A client with AWS's own chain; what the given environment says wins over the one of the process."""
    import boto3
    from botocore.config import Config

    given: dict[str, Any] = {} if request.environ is os.environ else _explicit(request)
    session = boto3.Session(
        region_name=request.setting("AWS_REGION", "AWS_DEFAULT_REGION") or None,
        profile_name=request.setting("AWS_PROFILE", "AWS_DEFAULT_PROFILE") or None,
    )
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": 1},
        user_agent_extra="imagesmith",
    )
    return session.client("secretsmanager", config=config, verify=_bundle(request), **given)


def _explicit(request: SecretRequest) -> dict[str, Any]:
    names = {
        "aws_access_key_id": "AWS_ACCESS_KEY_ID",
        "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "aws_session_token": "AWS_SESSION_TOKEN",
        "endpoint_url": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    }
    found = {name: request.setting(variable) for name, variable in names.items()}
    found["endpoint_url"] = found["endpoint_url"] or request.setting("AWS_ENDPOINT_URL")
    return {name: value for name, value in found.items() if value}


def _bundle(request: SecretRequest) -> str | None:
    return request.setting("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE") or None


def _explained(error: Exception, where: str) -> CloudError | UsageError:
    """What went wrong, by the error's kind or code; AWS's own words are left out, they may repeat the request."""
    import botocore.exceptions as failures

    if isinstance(error, failures.ClientError):
        return _refused(error, where)
    if isinstance(error, failures.NoRegionError):
        return UsageError(f"{where}: there is no region", hint="Set AWS_REGION, or a region in the profile")
    if isinstance(error, failures.ProfileNotFound):
        return UsageError(f"{where}: there is no such profile", hint="Check AWS_PROFILE and ~/.aws/config")
    if isinstance(
        error, failures.NoCredentialsError | failures.PartialCredentialsError | failures.CredentialRetrievalError
    ):
        hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return UsageError(f"{where}: there are no complete credentials", hint=hint)
    if isinstance(error, failures.SSLError):
        return CloudError(
            f"{where}: the certificate is not trusted", hint="Name the file with your CA in AWS_CA_BUNDLE"
        )
    hint = "Check AWS_REGION, AWS_ENDPOINT_URL and the proxy variables"
    if isinstance(error, failures.ReadTimeoutError | failures.ConnectionClosedError):
        return AnswerLost(f"{where}: AWS gave no answer", hint=hint)
    if isinstance(error, failures.HTTPClientError | failures.ConnectionError):
        return ServiceUnavailable(f"{where}: AWS can't be reached", hint=hint)
    return CloudError(f"{where} can't be asked for ({type(error).__name__})", hint=hint)


def _refused(error: Any, where: str) -> CloudError:
    details, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, status = str(details.get("Code", "")), meta.get("HTTPStatusCode")
    kind = _REFUSALS.get(code, ServiceUnavailable if status and status >= 500 else CloudError)
    words = {NotFound: "does not exist", AccessDenied: "may not be read", Throttled: "was asked for too often"}
    return kind(
        f"{where} {words.get(kind, 'was refused')}",
        code=code,
        status=status,
        request_id=str(meta.get("RequestId", "")),
        hint=_HINTS.get(kind, "Check the name and AWS_REGION"),
    )
