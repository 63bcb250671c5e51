"""Faults by rule: which call goes wrong, and how.

A rule names the n-th call of all, or the n-th call of one action, counted from the moment the rule is added; from there
it hits ``times`` calls. Kinds:

    refuse      answer with ``code`` and ``status``, nothing is done
    throttle    refuse as the cloud does when it is called too often; ``seconds`` > 0 tells when to come again
    error_5xx   refuse with a server error of the cloud (``status``, default 503)
    html_502    the page of a load balancer instead of an answer of the cloud
    cut         close the connection before anything is done
    lose_answer do it, then close the connection
    slow        hold the call for ``seconds`` of simulated time, then do it
    end_state   do it, but what it makes ends in the failed state (image CreateFailed, snapshot failed)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Kind = Literal["refuse", "throttle", "error_5xx", "html_502", "cut", "lose_answer", "slow", "end_state"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule; see the module for the kinds. ``nth`` counts from 1 and ``action`` is "" for calls of any action."""

    kind: Kind
    action: str = ""
    nth: int = 1
    times: int = 1
    code: str = ""
    status: int = 0
    message: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f'there is no fault of the kind "{self.kind}"; known are {", ".join(get_args(Kind))}')
        if self.nth < 1 or self.times < 1:
            raise ValueError("nth and times count from 1")
        if self.kind == "refuse" and not self.code:
            raise ValueError("a refusal needs the code to refuse with")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """The rule in a JSON object of the control API. Raises ValueError for unknown members."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ValueError(f"a fault has no {', '.join(unknown)}; its members are {', '.join(sorted(known))}")
        if "kind" not in data:
            raise ValueError("a fault needs its kind")
        return cls(**dict(data))


class Faults:
    """The rules in force. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Counted] = []

    def add(self, fault: Fault, on_hit: Callable[[], None] | None = None) -> None:
        """Put a rule in force; it counts the calls from now on.

        ``on_hit`` is called each time it hits, before anything of the call is done: a test may kill the caller there.
        """
        with self._lock:
            self._rules.append(_Counted(fault, on_hit))

    def clear(self) -> None:
        """Drop every rule."""
        with self._lock:
            self._rules.clear()

    def match(self, action: str) -> Fault | None:
        """Count one call; the rule that hits it, if any. Of several the one added first wins, all count."""
        with self._lock:
            hits = [rule for rule in self._rules if rule.hits(action)]
        if not hits:
            return None
        if hits[0].on_hit:
            hits[0].on_hit()
        return hits[0].fault

    def rules(self) -> list[dict[str, Any]]:
        """The rules with the number of calls that each has counted, as plain data."""
        with self._lock:
            return [{**asdict(rule.fault), "counted": rule.counted} for rule in self._rules]


@dataclass
class _Counted:
    fault: Fault
    on_hit: Callable[[], None] | None = None
    counted: int = 0

    def hits(self, action: str) -> bool:
        if self.fault.action not in ("", action):
            return False
        self.counted += 1
        return self.fault.nth <= self.counted < self.fault.nth + self.fault.times
