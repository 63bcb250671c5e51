"""The record of every call that a simulated cloud got: for golden traces, for the critical path, and for people."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

MASK = "***"
_SECRET = re.compile(r"password|adminpass|secret|user_?data|security_?token|private_?key|signature$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. ``started_s`` and ``ended_s`` are real seconds since the record began, ``at`` is simulated time.

    ``outcome`` is "ok" or the error code, or "cut" when the client got no answer. ``made`` and ``changed`` are the ids
    of resources that it created, changed or deleted; ``used`` those it needed; ``takes_s`` is the simulated time until
    what it began is finished (an instance boots, an image is written), ``latency_s`` its own.
    """

    number: int
    at: str
    action: str
    product: str = ""
    parameters: Mapping[str, str]
    outcome: str = "ok"
    status: int = 200
    fault: str = ""
    client: str = ""
    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    mutates: bool = False
    latency_s: float = 0.0
    takes_s: float = 0.0
    started_s: float = 0.0
    ended_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The call as plain data."""
        return asdict(self)


class Recorder:
    """Collects calls in the order in which they came. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._calls: list[Call] = []

    def begin(self, *, at: str, action: str, product: str, parameters: Mapping[str, str], client: str) -> Call:
        """Record that a call has come; its outcome is "open" until `end`."""
        with self._lock:
            call = Call(
                number=len(self._calls) + 1,
                at=at,
                action=action,
                product=product,
                parameters=masked(parameters),
                outcome="open",
                client=client,
                started_s=self._elapsed(),
            )
            self._calls.append(call)
            return call

    def end(self, call: Call, **facts: Any) -> Call:
        """Record how a call ended."""
        with self._lock:
            ended = replace(call, ended_s=self._elapsed(), **facts)
            self._calls[call.number - 1] = ended
            return ended

    def calls(self) -> Sequence[Call]:
        """Every call so far."""
        with self._lock:
            return tuple(self._calls)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began


def masked(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters with the values of secret ones (passwords, user data, tokens) replaced."""
    return {name: MASK if _SECRET.search(name) and value else value for name, value in parameters.items()}
