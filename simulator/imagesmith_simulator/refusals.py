"""A refusal as an API makes it, whatever cloud it is of."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal: the cloud's own code, the HTTP status and the message."""

    def __init__(self, code: str, status: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
