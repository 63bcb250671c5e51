"""What the error codes of ECS and VPC mean: which of our errors they are, what to do, and whether to try again.

Errors are told apart by code, never by the SDK's exception class: it gives a Throttling.User without a header the same
class as a wrong parameter. Source: the public error centre of both APIs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from imagesmith import errors, redact

_IN_THE_WAY = """
    DependencyViolation* Forbbiden* TaskConflict* OperationConflict* IncorrectInstanceStatus* IncorrectEipStatus*
    IncorrectVSwitchStatus* IncorrectVpcStatus* IncorrectRouteEntryStatus* IncorrectDiskStatus* IncorrectImageStatus*
    IncorrectSnapshotStatus* IncorrectStatus* InvalidEipStatus* InvalidStatus* InvalidVpcStatus* InvalidVSwitchStatus*
    *KeypairAlreadyAttachedInstance *.InUse *InUseBy* SnapshotCreatedImage SnapshotCreatedDisk CreatingSnapshot
    ImageIsCreating* ImageUsedByInstance* LastTokenProcessing* OperationFailed.LastTokenProcessing IdempotentProcessing*
    TOKEN_PROCESSING EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP OperationDenied.InstanceStatus* InvalidOperation.Conflict
"""
_BAD_KEY = """
    InvalidAccessKey* SignatureDoesNotMatch IncompleteSignature* InvalidSecurityToken* MissingSecurityToken
    SecurityTokenExpired InvalidCredentials* InvalidTimeStamp*
"""

_CLASSES: tuple[tuple[type[errors.CloudError], str], ...] = (
    (errors.Throttled, "Throttling* FlowControl* ServiceUnavailable.Throttling *.Throttling"),
    (errors.ServiceUnavailable, "ServiceUnavailable* InternalError* InternalServerError SystemBusy UnknownError"),
    (
        errors.OutOfStock,
        "*NoStock* OperationDenied.ZoneNotAllowed Zone.NotOnSale InvalidResourceType.NotSupported ResourceNotAvailable",
    ),
    (
        errors.QuotaExceeded,
        "*QuotaExceed* QuotaFull* *LimitExceed* InvalidAccountStatus.NotEnoughBalance Account.Arrearage",
    ),
    (
        errors.AlreadyExists,
        "*.AlreadyExist* *.Duplicate* InvalidImageName.Duplicated ImageNameDuplicate* SecurityGroupNameDuplicate",
    ),
    (errors.Conflict, _IN_THE_WAY),
    (errors.AccessDenied, _BAD_KEY),
    (errors.NotFound, "*NotFound* *NotExist* InvalidInstanceType.* InvalidRegionId*"),
    (errors.AccessDenied, "Forbidden* NoPermission* Unauthorized* *AccessDenied*"),
)

_HINTS: tuple[tuple[str, str], ...] = (
    ("InvalidAccessKeyId.Inactive", "the access key is disabled: enable it or take another one"),
    ("InvalidAccessKey*", "check access_key (ALICLOUD_ACCESS_KEY)"),
    ("SignatureDoesNotMatch IncompleteSignature*", "check secret_key (ALICLOUD_SECRET_KEY)"),
    ("InvalidSecurityToken* MissingSecurityToken SecurityTokenExpired", "get fresh temporary keys (security_token)"),
    ("InvalidTimeStamp*", "set this machine's clock right: calls are signed with the time"),
    ("Forbidden* NoPermission* Unauthorized* *AccessDenied*", "allow this action to the RAM user or role"),
    ("InvalidRegionId*", "check region (ALICLOUD_REGION)"),
    ("InvalidImage*NotFound*", "check source_image: images are retired, and ids differ between regions"),
    ("InvalidInstanceType*", "check instance_type, and whether the region and zone offer it"),
    ("*NoStock* *NotOnSale*", "take another zone_id or instance_type"),
    ("*QuotaExceed* *LimitExceed*", "delete what is not needed any more, or ask for a higher quota"),
    ("InvalidAccountStatus.NotEnoughBalance Account.Arrearage", "top up the account"),
    ("InvalidImageName.Duplicated", "take another image_name, or set image_force_delete (-force) to replace the image"),
    ("InvalidPassword*", "ECS wants 8 to 30 characters of three kinds: upper case, lower case, digits, punctuation"),
    ("InvalidKeyPairName.NotFound", "check ssh_keypair_name"),
    ("InvalidVpc*NotFound*", "check vpc_id"),
    ("InvalidVSwitchId.NotFound InvalidVswitchID.NotFound", "check vswitch_id"),
    ("InvalidSecurityGroupId.NotFound", "check security_group_id: it must be in the same VPC"),
    ("Throttling*", "too many calls of this account at once; build fewer images side by side"),
)

RETRYABLE: Mapping[str, str] = {
    "Throttling*": "the account calls too often; later it works",
    "FlowControl*": "the same, as the gateway spells it",
    "ServiceUnavailable*": "the service asks for patience",
    "InternalError*": "a fault inside the service, passing as a rule",
    "InternalServerError": "the same, as some actions spell it",
    "SystemBusy": "the service asks for patience",
    "UnknownError": "a fault inside the service without a name",
    "LastTokenProcessing*": "the first try with this client token is still being worked on",
    "IdempotentProcessing*": "the same, as ECS spells it",
    "TOKEN_PROCESSING": "the same, as CreateVpc spells it",
    "OperationFailed.LastTokenProcessing": "the same, as EIP actions spell it",
    "TaskConflict*": "another task on the resource has to end first",
    "OperationConflict*": "the same, as VPC spells it",
}
"""Codes after which any call is tried again, each with its reason."""

_FAULTS = ("InternalError*", "InternalServerError", "UnknownError")


def to_error(
    action: str,
    code: str,
    message: str,
    *,
    status: int | None,
    request_id: str = "",
    retry_after_s: float | None = None,
) -> errors.CloudError:
    """The refusal of a call as an error of ours; secrets and request contents are cut out of the message."""
    kind = _kind(code, status)
    return kind(
        clean(message) or f"the service answered {status}",
        action=action,
        code=code,
        request_id=request_id,
        status=status,
        retry_after_s=retry_after_s,
        hint=next((hint for patterns, hint in _HINTS if _matches(code, patterns.split())), ""),
    )


def is_retryable(error: Exception, also: Iterable[str] = ()) -> bool:
    """Whether the same call may work a little later; ``also`` are codes for which this call is a special case."""
    if isinstance(error, errors.Throttled | errors.ServiceUnavailable):
        return True
    return isinstance(error, errors.CloudError) and _matches(error.code, (*RETRYABLE, *also))


def may_have_acted(error: errors.CloudError) -> bool:
    """Whether the service broke while working on the call, so that nobody knows what it has done."""
    return _matches(error.code, _FAULTS) or (not error.code and (error.status or 0) >= 500)


def clean(text: str) -> str:
    """Text of the service without what it repeats of the request: URLs' queries and the string that was signed."""
    text = re.split(r"(?i)\bserver string to sign|\bserver-?side? string", text)[0]
    text = re.sub(r"(https?://[^\s?]+|\s/)\?\S*", r"\1", text)
    return redact.mask(text).strip().rstrip(".")


def _kind(code: str, status: int | None) -> type[errors.CloudError]:
    for kind, patterns in _CLASSES:
        if _matches(code, patterns.split()):
            return kind
    if status is not None and status >= 500:
        return errors.ServiceUnavailable
    return errors.CloudError


def _matches(code: str, patterns: Iterable[str]) -> bool:
    return bool(code) and any(fnmatchcase(code, pattern) for pattern in patterns)
