"""The refusals of the ECS and VPC APIs: code, HTTP status and message."""

from __future__ import annotations

from imagesmith_simulator.refusals import ApiError

__all__ = ["ApiError", "conflict", "invalid", "missing", "not_found"]


def missing(parameter: str) -> ApiError:
    """A mandatory parameter was not given."""
    return ApiError(
        "MissingParameter",
        400,
        f'The input parameter "{parameter}" that is mandatory for processing this request is not supplied.',
    )


def invalid(parameter: str, detail: str = "") -> ApiError:
    """A parameter's value is not acceptable."""
    return ApiError(f"InvalidParameter.{parameter}", 400, detail or f"The specified {parameter} is not valid.")


def not_found(code: str, identity: str) -> ApiError:
    """What the caller names does not exist."""
    return ApiError(code, 404, f"The specified resource {identity} does not exist.")


def conflict(code: str, detail: str, *, status: int = 403) -> ApiError:
    """The resource is in the wrong state or in use."""
    return ApiError(code, status, detail)
