"""Deleting what a run has made, whatever happens on the way.

Reverse order, every resource tried though others fail. What is still in use is tried again in rounds until nothing
moves any more; what is refused for good is reported, with whatever depends on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from imagesmith.errors import AnswerLost, BuildTimeout, Conflict, ImagesmithError, ServiceUnavailable, Throttled
from imagesmith.interfaces import Provider, Resource
from imagesmith.waiting import CancelToken, Clock

TRY_AGAIN = (Conflict, Throttled, ServiceUnavailable, AnswerLost)
"""Errors of a delete that time can heal."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: the whole teardown; without any progress; without progress once something was refused for good.

    A refusal that is not known to be temporary is tried ``attempts`` times.
    """

    timeout_s: float = 900.0
    stalled_s: float = 240.0
    stalled_after_refusal_s: float = 5.0
    attempts: int = 2
    first_pause_s: float = 0.5
    longest_pause_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the deletion of one resource ended; ``error`` is None when it is gone."""

    resource: Resource
    error: ImagesmithError | None = None


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that could not be deleted, and why."""

    resource: Resource
    reason: str

    def as_tuple(self) -> tuple[str, str, str]:
        """(kind, id, reason)."""
        return (self.resource.kind, self.resource.id or self.resource.name, self.reason)


class Teardown:
    """One teardown: feeds resources to the provider's ``destroy`` until they are gone or hopeless."""

    def __init__(self, provider: Provider, limits: Limits, clock: Clock, cancel: CancelToken) -> None:
        self._provider, self._limits, self._clock, self._cancel = provider, limits, clock, cancel
        self._refused: dict[tuple[str, str], int] = {}

    def run(
        self, resources: Sequence[Resource], before: Callable[[Resource], None] = lambda _resource: None
    ) -> Iterator[Outcome]:
        """Delete in the given order; yields each resource once, as soon as its fate is known."""
        waiting: list[Outcome] = [Outcome(resource) for resource in resources]
        moved = self._clock.now()
        pause = self._limits.first_pause_s
        refused = False
        while waiting:
            still: list[Outcome] = []
            for entry in waiting:
                before(entry.resource)
                outcome = self._destroy(entry.resource)
                if outcome.error is None or self._is_final(outcome):
                    refused = refused or outcome.error is not None
                    moved = self._clock.now()
                    yield outcome
                else:
                    still.append(outcome)
            waiting = still
            if waiting and not self._goes_on(moved, refused, pause):
                yield from waiting
                return
            pause = min(pause * 1.6, self._limits.longest_pause_s)

    def _destroy(self, resource: Resource) -> Outcome:
        try:
            self._provider.destroy(resource)
        except ImagesmithError as error:
            return Outcome(resource, error)
        except Exception as error:  # noqa: BLE001 - a defect in one deletion must not stop the others
            return Outcome(resource, ImagesmithError(f"{type(error).__name__}: {error}"))
        return Outcome(resource)

    def _is_final(self, outcome: Outcome) -> bool:
        if isinstance(outcome.error, TRY_AGAIN):
            return False
        key = (outcome.resource.kind, outcome.resource.id)
        self._refused[key] = self._refused.get(key, 0) + 1
        return self._refused[key] >= self._limits.attempts

    def _goes_on(self, moved: float, refused: bool, pause: float) -> bool:
        limit = self._limits.stalled_after_refusal_s if refused else self._limits.stalled_s
        if self._clock.now() - moved > limit:
            return False
        try:
            self._clock.sleep(pause, self._cancel)
        except BuildTimeout:
            return False
        return True


def in_words(result: object) -> str:
    """A step's result in a few words: the id, address or text in it."""
    if isinstance(result, str):
        return result
    if dataclasses.is_dataclass(result):
        for name in ("id", "host", "key_name", "vpc_id", "username"):
            if value := getattr(result, name, ""):
                return str(value)
    return ""
