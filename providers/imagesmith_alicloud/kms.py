"""``alicloud_kms_secret(name, key)``: a secret of Alibaba Cloud KMS, in its current version.

The account, region and profile are those of the environment (ALICLOUD_ACCESS_KEY, …) that the builder uses too;
``ALICLOUD_KMS_ENDPOINT`` names a KMS instance's or a VPC's own address. Source: GetSecretValue of the API 2016-01-20.
"""

from __future__ import annotations

from imagesmith.cloud_calls.endpoint import Endpoint, EndpointError, parse_endpoint
from imagesmith.errors import AccessDenied, CloudError, NotFound, ServiceUnavailable, TemplateError, UsageError
from imagesmith.options import complete
from imagesmith.secret_store import ONE_TRY, QuietCaller, SecretRequest, about, incomplete, member, missing_client
from imagesmith_alicloud.access_options import AccessOptions
from imagesmith_alicloud.credentials import Access, resolve

_SDK = ("alibabacloud_tea_openapi", "alibabacloud_ecs20140526", "alibabacloud_vpc20160428", "alibabacloud_kms20160120")
_STORE = "Alibaba Cloud KMS"
_HINTS: dict[type[CloudError], str] = {
    NotFound: "Check the name and ALICLOUD_REGION; another account's secret needs its ARN",
    AccessDenied: "Check the access key, and that it may call kms:GetSecretValue and kms:Decrypt",
    ServiceUnavailable: "Check ALICLOUD_REGION, ALICLOUD_KMS_ENDPOINT and the proxy variables",
}
_SETTINGS = "Set ALICLOUD_ACCESS_KEY, ALICLOUD_SECRET_KEY and ALICLOUD_REGION, or ALICLOUD_PROFILE"


def look_up(request: SecretRequest) -> str:
    """The whole text of a secret, or one key of a JSON object; see `imagesmith.secret_store.SecretStore`."""
    if absent := missing_client(_SDK, "the Alibaba Cloud SDK", "alicloud"):
        raise absent
    where = f'the secret "{request.name}" of {_STORE}'
    text = _text(request, where)
    return member(text, request.key, where) if request.key else text


def _text(request: SecretRequest, where: str) -> str:
    failure: CloudError
    access, endpoint = _access(request)
    from imagesmith_alicloud import lazy_models
    from imagesmith_alicloud.sdk import Cloud

    kms = lazy_models.models("alibabacloud_kms20160120")
    cloud = Cloud(access, QuietCaller(), kms=endpoint, patience=ONE_TRY)
    try:
        answer = cloud.read(kms.GetSecretValueRequest(secret_name=request.name))
    except CloudError as error:
        failure = about(error, where, _HINTS)
    else:
        if answer.get("SecretDataType", "text") == "text" and (text := answer.get("SecretData")):
            return str(text)
        failure = CloudError(f"{where} is empty or holds bytes, not a text", hint="Store the value as a text")
    raise failure


def _access(request: SecretRequest) -> tuple[Access, Endpoint]:
    try:
        access = resolve(complete(AccessOptions(), request.environ))
    except TemplateError as error:
        failure = incomplete(error, _STORE, _SETTINGS)
    else:
        given = request.setting("ALICLOUD_KMS_ENDPOINT")
        try:
            return access, parse_endpoint(given or f"https://kms.{access.region}.aliyuncs.com")
        except EndpointError as error:
            failure = UsageError("ALICLOUD_KMS_ENDPOINT is not an endpoint", hint=str(error))
    raise failure
