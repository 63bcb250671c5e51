"""``huaweicloud_csms_secret(name, key)``: the latest version of a secret of Huawei Cloud CSMS.

The account, region and project are those of the environment (HW_ACCESS_KEY, …) that the builder uses too;
``HW_CSMS_ENDPOINT`` names another address. Source: ShowSecretVersion of the API v1.
"""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.cloud_calls.endpoint import EndpointError, parse_endpoint
from imagesmith.errors import AccessDenied, CloudError, NotFound, ServiceUnavailable, TemplateError, UsageError
from imagesmith.options import complete
from imagesmith.secret_store import ONE_TRY, QuietCaller, SecretRequest, about, incomplete, member, missing_client
from imagesmith_huaweicloud.access_options import AccessOptions
from imagesmith_huaweicloud.credentials import Access, resolve

_SDK = ("huaweicloudsdkcore", "huaweicloudsdkcsms", "huaweicloudsdkiam")
_STORE = "Huawei Cloud CSMS"
_HINTS: dict[type[CloudError], str] = {
    NotFound: "Check the name, HW_REGION_NAME and HW_PROJECT_ID",
    AccessDenied: "Check the access key, and that it may call csms:secretVersion:get and use the KMS key",
    ServiceUnavailable: "Check HW_REGION_NAME, HW_AUTH_URL, HW_CSMS_ENDPOINT and the proxy variables",
}
_SETTINGS = "Set HW_ACCESS_KEY, HW_SECRET_KEY and HW_REGION_NAME, or HW_PROFILE"


def look_up(request: SecretRequest) -> str:
    """The whole text of a secret, or one key of a JSON object; see `imagesmith.secret_store.SecretStore`."""
    if absent := missing_client(_SDK, "the Huawei Cloud SDK", "huaweicloud"):
        raise absent
    where = f'the secret "{request.name}" of {_STORE}'
    text = _text(request, where)
    return member(text, request.key, where) if request.key else text


def _text(request: SecretRequest, where: str) -> str:
    failure: CloudError | UsageError
    access = _access(request)
    from imagesmith_huaweicloud.sdk import Cloud, csms

    cloud = Cloud(access, QuietCaller(), patience=ONE_TRY)
    try:
        answer = cloud.read(csms.ShowSecretVersionRequest(secret_name=request.name, version_id="latest"))
    except CloudError as error:
        failure = about(error, where, _HINTS)
    except TemplateError as error:
        failure = incomplete(error, _STORE, _SETTINGS)
    else:
        version = answer.get("version")
        if isinstance(version, Mapping) and (text := version.get("secret_string")):
            return str(text)
        failure = CloudError(f"{where} is empty or holds bytes, not a text", hint="Store the value as a text")
    raise failure


def _access(request: SecretRequest) -> Access:
    given = request.setting("HW_CSMS_ENDPOINT")
    try:
        if given:
            parse_endpoint(given)
        return resolve(complete(AccessOptions(endpoints={"csms": given} if given else {}), request.environ))
    except EndpointError as error:
        failure = UsageError("HW_CSMS_ENDPOINT is not an endpoint", hint=str(error))
    except TemplateError as error:
        failure = incomplete(error, _STORE, _SETTINGS)
    raise failure
