"""What the error codes of ECS and VPC mean.

The SDK's exception classes tell nothing: it gives a Throttling.User without a header the same class as a wrong
parameter. Source: the public error centre of both APIs.
"""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith import errors
from imagesmith.cloud_calls.error_table import ErrorTable

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

TABLE = ErrorTable(_CLASSES, _HINTS, RETRYABLE, faults=("InternalError*", "InternalServerError", "UnknownError"))
