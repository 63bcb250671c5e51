"""Deleting what a run has made, whatever happens on the way.

Reverse order, every resource tried though others fail. What is still in use is tried again in rounds until nothing
moves any more; what is refused for good is reported, with whatever depends on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
        self,
        phases: Sequence[Sequence[Sequence[Resource]]],
        before: Callable[[Resource], None] = lambda _resource: None,
    ) -> Iterator[Outcome]:
        """Delete phase by phase; yields each resource once, as soon as its fate is known.

        A phase has one or more groups, which were made side by side and are deleted side by side; within a group the
        order is kept. What is still in use then is tried again and again, one by one.
        """
        waiting: list[Resource] = []
        refused = False
        for phase in phases:
            for outcome in self._side_by_side(phase, before):
                if self._is_settled(outcome):
                    refused = refused or outcome.error is not None
                    yield outcome
                else:
                    waiting.append(outcome.resource)
        yield from self._again(waiting, refused)

    def _side_by_side(
        self, groups: Sequence[Sequence[Resource]], before: Callable[[Resource], None]
    ) -> Iterator[Outcome]:
        def one_group(group: Sequence[Resource]) -> list[Outcome]:
            outcomes = []
            for resource in group:
                before(resource)
                outcomes.append(self._destroy(resource))
            return outcomes

        if len(groups) == 1:
            yield from one_group(groups[0])
            return
        with ThreadPoolExecutor(len(groups), thread_name_prefix="teardown") as pool:
            for outcomes in pool.map(one_group, groups):
                yield from outcomes

    def _again(self, waiting: list[Resource], refused: bool) -> Iterator[Outcome]:
        moved = self._clock.now()
        pause = self._limits.first_pause_s
        failed: list[Outcome] = []
        while waiting:
            if not self._goes_on(moved, refused, pause):
                known = {(outcome.resource.kind, outcome.resource.id): outcome for outcome in failed}
                yield from (known.get((one.kind, one.id)) or self._destroy(one) for one in waiting)
                return
            failed = []
            for resource in waiting:
                outcome = self._destroy(resource)
                if self._is_settled(outcome):
                    refused = refused or outcome.error is not None
                    moved = self._clock.now()
                    yield outcome
                else:
                    failed.append(outcome)
            waiting = [outcome.resource for outcome in failed]
            pause = min(pause * 1.6, self._limits.longest_pause_s)

    def _destroy(self, resource: Resource) -> Outcome:
        try:
            self._provider.destroy(resource)
        except ImagesmithError as error:
            return Outcome(resource, error)
        except Exception as error:  # noqa: BLE001 - a defect in one deletion must not stop the others
            return Outcome(resource, ImagesmithError(f"{type(error).__name__}: {error}"))
        return Outcome(resource)

    def _is_settled(self, outcome: Outcome) -> bool:
        if outcome.error is None:
            return True
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
