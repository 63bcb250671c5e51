"""Each value is asked for once in a run, repeated where that may help, and masked from then on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from imagesmith import plugin, redact
from imagesmith.errors import (
    AnswerLost,
    CloudError,
    ImagesmithError,
    MissingDependency,
    ServiceUnavailable,
    Throttled,
)
from imagesmith.secret_store import SecretRequest
from imagesmith.waiting import CancelToken, RetryPolicy, retry

_PATIENCE = RetryPolicy(attempts=4, timeout_s=30.0, first_s=0.25, longest_s=4.0)
_MAY_PASS = (Throttled, ServiceUnavailable, AnswerLost)
_SHORTEST_PART, _SHORTEST_MASKED = 4, 8
"""Lengths of what a template cuts out of a value: to count as sensitive, and to be masked everywhere."""


class RemoteValueError(ImagesmithError):
    """A value could not be had. It says which store, path and key, and what to do; never the value or a token."""

    exit_code = 2


class RemoteValues:
    """The values that one template has asked for. ``offline``: nobody may be asked (``validate -syntax-only``)."""

    def __init__(self, *, offline: bool = False) -> None:
        self.offline = offline
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str, str | None], str | ImagesmithError] = {}
        self._down: dict[str, ImagesmithError] = {}

    def look_up(self, function: str, name: str, key: str | None, environ: Mapping[str, str]) -> str:
        """The value that a template function stands for; ``environ`` says where the store is and who asks.

        Raises `RemoteValueError`, or `MissingDependency` where the store's client is not installed. What failed once
        fails again without being asked again, and so does every other value of a store that can't be reached.
        """
        if self.offline:
            raise RemoteValueError(f"{function}: no secret store may be asked here")
        with self._lock:
            place = (function, name, key)
            if place not in self._known:
                self._known[place] = self._asked(function, SecretRequest(name, key, environ))
            found = self._known[place]
        if isinstance(found, MissingDependency):
            raise _copy(found)
        if isinstance(found, ImagesmithError):
            raise RemoteValueError(_told(found), hint=found.hint)
        return found

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that came back, and the strings inside those that are JSON."""
        with self._lock:
            values = [value for value in self._known.values() if isinstance(value, str)]
        return tuple(dict.fromkeys(part for value in values for part in _parts(value) if part))

    def holds(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts has a value in it or is cut out of one."""
        secrets = self.secrets
        return bool(secrets) and any(
            secret in text or (len(text) >= _SHORTEST_PART and text in secret) for text in texts for secret in secrets
        )

    def pieces(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Those texts that are cut out of a value and long enough to be masked wherever they turn up."""
        secrets = self.secrets
        if not secrets:
            return ()
        long = dict.fromkeys(text for text in texts if len(text) >= _SHORTEST_MASKED)
        return tuple(text for text in long if any(text in secret for secret in secrets))

    def _asked(self, function: str, request: SecretRequest) -> str | ImagesmithError:
        if function in self._down:
            return self._down[function]
        try:
            value = _patiently(plugin.load("secret_stores", function), request)
        except ImagesmithError as error:
            if isinstance(error, _MAY_PASS):
                self._down[function] = error
            return error
        redact.register(*(part for part in _parts(value) if part))
        return value


def _patiently(store: Any, request: SecretRequest) -> str:
    def may_pass(error: Exception) -> bool:
        return isinstance(error, _MAY_PASS)

    return str(retry(lambda: store(request), retryable=may_pass, policy=_PATIENCE, cancel=CancelToken()))


def _parts(value: str) -> Iterator[str]:
    """The value, and where it is a JSON document the strings inside: templates take it apart with jsondecode."""
    yield value
    if value.lstrip()[:1] in ("{", "["):
        try:
            yield from _strings(json.loads(value))
        except (ValueError, RecursionError):
            return


def _strings(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from _strings(inner)


def _told(error: ImagesmithError) -> str:
    """The error in one sentence; the code and request id of a cloud are part of it."""
    if isinstance(error, CloudError):
        id_ = f"request id {error.request_id}" if error.request_id else ""
        facts = ", ".join(part for part in (error.code, id_) if part)
        return error.message + (f" [{facts}]" if facts else "")
    return error.message


def _copy(error: MissingDependency) -> MissingDependency:
    """A fresh one, because each place in the template that fails sets its own location."""
    fresh = MissingDependency("", "")
    fresh.args, fresh.message, fresh.hint = error.args, error.message, error.hint
    return fresh
