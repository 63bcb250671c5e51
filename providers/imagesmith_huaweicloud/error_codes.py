"""What the error codes of ECS, IMS, VPC, EIP, EVS, IAM and CBR mean.

Every service has codes of its own beside those of the API gateway in front of them (APIGW.*), and Nova's and Glance's
have none but their HTTP status. Source: the services' public lists of error codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from imagesmith import errors
from imagesmith.cloud_calls.error_table import ErrorTable

_ARREARS = "Ecs.0003 Ecs.0030 VPC.0005 VPC.0502 VPC.2701 IMG.0043"
_BAD_KEY = "APIGW.030[12347] APIG.030[1-7] Ecs.0023 VPC.0007 VPC.0008 EVS.0002 IMG.0057 IAM.0001 IAM.0061 IAM.0062"
_NOT_ALLOWED = "APIGW.0305 APIGW.0306 VPC.0010 VPC.2201 EVS.0003 Ecs.0004 IMG.0056 IAM.0002 IAM.0003 PDP5.* SYS.0403"

_SOLD_OUT = "take another availability_zone or flavor"
_SPARE = "delete what is not needed any more, or ask for a higher quota"

_CLASSES: tuple[tuple[type[errors.CloudError], str], ...] = (
    (errors.Throttled, "APIGW.0308 APIG.0308"),
    (errors.AccessDenied, f"{_BAD_KEY} {_NOT_ALLOWED} {_ARREARS} Ecs.0025"),
    (errors.OutOfStock, "Ecs.0319 Ecs.0613 *SoldOut* *sellout*"),
    (
        errors.QuotaExceeded,
        "Ecs.0001 Ecs.0012 Ecs.0013 Ecs.0021 Ecs.0022 VPC.0114 VPC.0212 IMG.0015 EVS.5413 BackupService.6601 *Quota*",
    ),
    (errors.NotFound, "Common.0011 IMG.0027 IMG.0144 EVS.5404 IMG.0005 Ecs.0029 Ecs.0031 Ecs.0034 Ecs.0038"),
    (errors.Conflict, "Ecs.0100 Ecs.0104 IMG.0008 IMG.0010 IMG.0011 IMG.0022 IMG.0116 EVS.5400"),
)

_HINTS: tuple[tuple[str, str], ...] = (
    ("APIGW.0307", "get fresh temporary keys (security_token)"),
    (
        "APIGW.030[1-4] APIG.030[1-7]",
        "check access_key, secret_key and security_token, and this machine's clock: calls are signed with the time",
    ),
    ("Ecs.0023 VPC.0007", "check project_id (HW_PROJECT_ID): it must be the one of the region"),
    (_BAD_KEY, "check access_key and secret_key (HW_ACCESS_KEY, HW_SECRET_KEY)"),
    (_NOT_ALLOWED, "allow this action to the IAM user or agency, in this region's project"),
    (_ARREARS, "check the account's balance, and that it is not frozen"),
    ("Ecs.0025", "let EVS use the keys of KMS: create its agency in the EVS console"),
    ("APIGW.0308 APIG.0308", "too many calls of this account at once; build fewer images side by side"),
    ("APIGW.0101 APIGW.0106", "check region, cloud, auth_url and endpoints: there is no such API at this address"),
    ("Ecs.0319 Ecs.0613 *SoldOut* *sellout*", _SOLD_OUT),
    ("Ecs.0012", "the subnet has no free address left: take another of subnets"),
    ("BackupService.6601", "the vault is full: extend it, or take another vault_id"),
    ("BackupService.6105 IMG.0170", "check vault_id"),
    ("Ecs.0001 Ecs.0013 Ecs.0021 Ecs.0022 VPC.0114 VPC.0212 IMG.0015 EVS.5413 *Quota*", _SPARE),
    ("Ecs.0011", "ECS wants 8 to 26 characters of three kinds: upper case, lower case, digits, punctuation"),
    ("Ecs.0007 Ecs.0031 Ecs.0032", "check source_image: its system must fit the flavor's processor"),
    ("Ecs.0008 Ecs.0017 Ecs.0027 Ecs.0028 Ecs.0029", "check flavor, and whether the region and zone offer it"),
    ("Ecs.0015 Ecs.0043", "take another volume_type: SAS, SSD, GPSSD, ESSD, … as the zone and the flavor have them"),
    ("Ecs.0014 Ecs.0038", "check vpc_id and subnets: all subnets must be in the VPC"),
    ("Ecs.0042 Ecs.0107", "an instance takes no more disks: make data_disks fewer"),
    ("Ecs.0045", "take another eip_bandwidth_size"),
    ("Ecs.0050", "the flavor takes no more network interfaces: make subnets fewer"),
    ("IMG.0003 IMG.0002", "image_name takes letters, digits, spaces, hyphens, dots, underscores and brackets"),
    ("IMG.0009", "take another image_name"),
    ("IMG.0115", "images of encrypted disks can't be shared: leave kms_key_id or image_members out"),
    ("IMG.0107 IMG.0108", "check image_members: ids of other projects of this region"),
)  # fmt: skip

RETRYABLE: Mapping[str, str] = {
    "APIGW.0308": "the gateway limits the calls of an account; later it works",
    "APIG.0308": "the same, as a dedicated gateway spells it",
}
"""Codes after which any call is tried again, each with its reason."""

TABLE = ErrorTable(
    _CLASSES,
    _HINTS,
    RETRYABLE,
    statuses={
        400: errors.Rejected,
        401: errors.AccessDenied,
        403: errors.AccessDenied,
        404: errors.NotFound,
        409: errors.Conflict,
        429: errors.Throttled,
    },
)


_WORDS: tuple[tuple[str, type[errors.CloudError], str], ...] = (
    (r"sold out|no valid host|insufficient flavor capacity|capacity is not enough", errors.OutOfStock, _SOLD_OUT),
    (r"quota", errors.QuotaExceeded, _SPARE),
)
"""What is told in words only: Nova, VPC and EIP have no code of their own for a quota, jobs none for a full zone."""


def told(action: str, code: str, message: str, *, status: int | None, request_id: str = "") -> errors.CloudError:
    """The refusal of a call, or a job's failure, as an error of ours."""
    error = TABLE.to_error(action, code, message, status=status, request_id=request_id)
    if isinstance(error, errors.OutOfStock | errors.QuotaExceeded | errors.ServiceUnavailable | errors.Throttled):
        return error
    for words, kind, hint in _WORDS:
        if re.search(words, message, re.IGNORECASE):
            return kind(error.message, action=action, code=code, request_id=request_id, status=status, hint=hint)
    return error
