"""What the error codes of ECS, IMS, VPC, EIP, EVS, IAM and CBR mean.

Every service has codes of its own beside those of the API gateway in front of them (APIGW.*), and Nova's and Glance's
have none but their HTTP status. Source: the services' public lists of error codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith import errors
from imagesmith.cloud_calls.error_table import ErrorTable

_CLASSES: tuple[tuple[type[errors.CloudError], str], ...] = (
    (errors.Throttled, "APIGW.0308 *.Throttling* VPC.0011"),
    (errors.AccessDenied, "APIGW.030[1-7] IAM.0* PDP5.* SYS.0403 Common.0013 Ecs.0063"),
    (errors.OutOfStock, "Ecs.0319 Ecs.0613 Ecs.0039 *SoldOut* *sellout*"),
    (errors.QuotaExceeded, "Ecs.0012 Ecs.0013 EVS.0004 EVS.1008 VPC.0114 VPC.0502 IMG.0046 *Quota* *OverQuota*"),
)

_HINTS: tuple[tuple[str, str], ...] = (
    ("APIGW.030[1-7]", "check access_key and secret_key (HW_ACCESS_KEY, HW_SECRET_KEY), and this machine's clock"),
    ("APIGW.0308", "too many calls of this account at once; build fewer images side by side"),
)

RETRYABLE: Mapping[str, str] = {
    "APIGW.0308": "the gateway limits the calls of an account; later it works",
}
"""Codes after which any call is tried again, each with its reason."""

TABLE = ErrorTable(
    _CLASSES,
    _HINTS,
    RETRYABLE,
    statuses={
        401: errors.AccessDenied,
        403: errors.AccessDenied,
        404: errors.NotFound,
        409: errors.Conflict,
        429: errors.Throttled,
    },
)
