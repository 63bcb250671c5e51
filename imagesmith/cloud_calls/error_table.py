"""What the error codes of a cloud mean: which of our errors they are, what to do, and whether to try again.

Errors are told apart by code, never by an SDK's exception class. Codes are matched by patterns with ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from imagesmith import errors, redact


@dataclass(frozen=True)
class ErrorTable:
    """One cloud's codes.

    ``classes``: our error classes with the patterns of their codes, the first match counts; ``hints``: patterns and
    what to do; ``retryable``: patterns after which any call is tried again, each with its reason; ``faults``: codes
    with which the service says that it broke while working on a call.
    """

    classes: Sequence[tuple[type[errors.CloudError], str]]
    hints: Sequence[tuple[str, str]]
    retryable: Mapping[str, str]
    faults: Sequence[str] = ()
    statuses: Mapping[int, type[errors.CloudError]] = field(default_factory=dict)
    """What an HTTP status means where the code says nothing."""

    def to_error(
        self,
        action: str,
        code: str,
        message: str,
        *,
        status: int | None,
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> errors.CloudError:
        """The refusal of a call as an error of ours; secrets and request contents are cut out of the message."""
        return self._kind(code, status)(
            clean(message) or f"the service answered {status}",
            action=action,
            code=code,
            request_id=request_id,
            status=status,
            retry_after_s=retry_after_s,
            hint=next((hint for patterns, hint in self.hints if _matches(code, patterns.split())), ""),
        )

    def is_retryable(self, error: Exception, also: Iterable[str] = ()) -> bool:
        """Whether the same call may work a little later; ``also`` are codes for which this call is a special case."""
        if isinstance(error, errors.Throttled | errors.ServiceUnavailable):
            return True
        return isinstance(error, errors.CloudError) and _matches(error.code, (*self.retryable, *also))

    def may_have_acted(self, error: errors.CloudError) -> bool:
        """Whether the service broke while working on the call, so that nobody knows what it has done."""
        return _matches(error.code, self.faults) or (not error.code and (error.status or 0) >= 500)

    def _kind(self, code: str, status: int | None) -> type[errors.CloudError]:
        for kind, patterns in self.classes:
            if _matches(code, patterns.split()):
                return kind
        if status is not None and status in self.statuses:
            return self.statuses[status]
        if status is not None and status >= 500:
            return errors.ServiceUnavailable
        return errors.CloudError


def clean(text: str) -> str:
    """Text of a service without what it repeats of the request: URLs' queries and the string that was signed."""
    text = re.split(r"(?i)\bserver string to sign|\bserver-?side? string", text)[0]
    text = re.sub(r"(https?://[^\s?]+|\s/)\?\S*", r"\1", text)
    return redact.mask(text).strip().rstrip(".")


def _matches(code: str, patterns: Iterable[str]) -> bool:
    return bool(code) and any(fnmatchcase(code, pattern) for pattern in patterns)
