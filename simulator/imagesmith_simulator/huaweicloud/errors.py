"""The refusals of Huawei Cloud: each service has its own way of spelling them in JSON.

``shape`` says which: "error_code" is ``{"error_code", "error_msg"}`` (API gateway, IAM's newer parts, EVS, CBR),
"error" is ``{"error": {"code", "message"}}`` (ECS, IMS), "flat" is ``{"code", "message"}`` (VPC, EIP), "nova" is
``{"itemNotFound": {"code": 404, "message"}}``.
"""

from __future__ import annotations

from typing import Any, Literal

from imagesmith_simulator.refusals import ApiError

Shape = Literal["error_code", "error", "flat", "nova"]

SHAPES: dict[str, Shape] = {
    "ecs": "error",
    "ims": "error",
    "vpc": "flat",
    "eip": "flat",
    "evs": "error",
    "iam": "error_code",
    "cbr": "error_code",
    "kps": "error_code",
}
_NOVA_NAMES = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}


class Refused(ApiError):
    """A refusal that knows its shape; an `ApiError` without one has that of its service."""

    def __init__(self, code: str, status: int, message: str, *, shape: Shape) -> None:
        super().__init__(code, status, message)
        self.shape = shape


def body(error: ApiError, product: str) -> dict[str, Any]:
    """The refusal as the service writes it."""
    shape = error.shape if isinstance(error, Refused) else SHAPES.get(product, "error_code")
    if error.code.startswith("APIGW."):
        shape = "error_code"
    if shape == "error":
        return {"error": {"code": error.code, "message": error.message}}
    if shape == "flat":
        return {"code": error.code, "message": error.message}
    if shape == "nova":
        return {_NOVA_NAMES.get(error.status, "computeFault"): {"code": error.status, "message": error.message}}
    return {"error_code": error.code, "error_msg": error.message}


def invalid(code: str, what: str, detail: str = "") -> ApiError:
    """A field's value is not acceptable."""
    return ApiError(code, 400, detail or f"Invalid {what}.")


def not_found(code: str, what: str, identity: str) -> ApiError:
    """What the caller names does not exist."""
    return ApiError(code, 404, f"The {what} {identity} could not be found.")


def conflict(code: str, detail: str) -> ApiError:
    """The resource is in the wrong state or in use."""
    return ApiError(code, 409, detail)
