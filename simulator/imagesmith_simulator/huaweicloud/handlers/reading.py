"""Taking members out of a request's body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith_simulator.refusals import ApiError


def need(body: Mapping[str, Any], name: str, code: str) -> Any:
    """A member that must be there and not be empty. Raises the API's refusal."""
    value = body.get(name)
    if value in (None, "", {}, []):
        raise ApiError(code, 400, f"The parameter {name} is missing or empty.")
    return value


def number(value: object, name: str, code: str) -> int:
    """A whole number. Raises the API's refusal for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).lstrip("-").isdigit():
        raise ApiError(code, 400, f"The parameter {name} must be a number.")
    return int(value)


def tags_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Tags that come as a list of keys and values."""
    return {str(entry.get("key", "")): str(entry.get("value") or "") for entry in entries}
