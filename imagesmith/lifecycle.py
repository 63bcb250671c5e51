"""One build's life: named steps, owned resources, teardown.

A step is a plain function that returns a frozen dataclass. Whatever it creates in a cloud goes through `Run.own`, which
writes it down first. Teardown is data-driven: reverse order, every resource tried though others fail, retried until a
deadline, and what can't be deleted is named.
"""

from __future__ import annotations

import contextvars
import dataclasses
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec, Self, TypeVar, overload

from imagesmith import events, teardown
from imagesmith.errors import (
    AccessDenied,
    AlreadyExists,
    AnswerLost,
    BuildTimeout,
    Cancelled,
    CloudError,
    ImagesmithError,
    LedgerError,
    NotFound,
    OutOfStock,
    QuotaExceeded,
    Rejected,
    UsageError,
)
from imagesmith.interfaces import Ask, Intent, Provider, Resource
from imagesmith.ledger import Ledger
from imagesmith.settings import OnError
from imagesmith.waiting import CancelToken, Clock, Patience, Pending, RealClock, wait_until

P = ParamSpec("P")
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")

MADE_NOTHING = AccessDenied | NotFound | OutOfStock | QuotaExceeded | Rejected
"""Refusals after which it is certain that the cloud has created nothing."""

CREATE_ATTEMPTS = 4
LOOKS_AGAIN_S = (0.3, 0.9)
"""A call may still be on its way when its caller dies: what is not there yet is looked for again after these pauses."""
LISTED_S = 60.0
"""What was asked for longer ago than this is listed by every cloud, if it was made."""
RENEW_EVERY_S = 600.0

_step: contextvars.ContextVar[str] = contextvars.ContextVar("step", default="")
_batch: contextvars.ContextVar[int] = contextvars.ContextVar("batch", default=0)


@dataclass(frozen=True, slots=True)
class _Owned:
    """A resource, the step that made it, and the number of the `together` that the step was part of (0: alone)."""

    resource: Resource
    step: str = ""
    batch: int = 0


@dataclass(frozen=True, slots=True)
class _Intended:
    """What is about to be made, with what will be known of it as an `_Owned`; ``at`` is the clock's time."""

    intent: Intent
    step: str = ""
    batch: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user said about errors, pauses and questions."""

    on_error: OnError = "cleanup"
    debug: bool = False
    force: bool = False
    ask: Ask = lambda _prompt: None
    renew_every_s: float = RENEW_EVERY_S
    teardown: teardown.Limits = field(default_factory=teardown.Limits)


class Run:
    """The lifecycle of one build; implements `imagesmith.interfaces.Lifecycle`.

    Use it as a context manager around the steps: leaving it, however, tears down what is still owned.
    """

    def __init__(
        self,
        *,
        run_id: str,
        build_name: str,
        ledger: Ledger,
        on_event: events.EventSink,
        cancel: CancelToken,
        policy: Policy,
        clock: Clock | None = None,
    ) -> None:
        self.run_id, self.build_name = run_id, build_name
        self.force, self.debug, self.on_error = policy.force, policy.debug, policy.on_error
        self.provider: Provider | None = None
        self.seconds: dict[str, float] = {}
        self.leftovers: list[teardown.Leftover] = []
        self._ledger, self._on_event, self._policy = ledger, on_event, policy
        self._clock = clock or RealClock()
        self._cancel = self._current = cancel
        self._lock = threading.RLock()
        self._owned: list[_Owned] = []
        self._intents: dict[tuple[str, int], _Intended] = {}
        self._known: set[str] = set()
        self._batches = itertools.count(1)
        self._abort = False

    # What a plugin sees.

    @property
    def cancel(self) -> CancelToken:
        """Set when the build shall stop; another token, set by a deadline only, during teardown."""
        return self._current

    def say(self, text: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None:
        """Tell people something."""
        self.emit(events.Message(text=text, level=level))

    def emit(self, event: events.Event) -> None:
        """Hand an event of this build to the run's sink."""
        self._on_event(events.for_build(event, self.build_name))

    def wait_until(self, what: str, probe: Callable[[], T | Pending], patience: Patience) -> T:
        """Wait with this build's clock and cancel token, telling how far it is."""

        def tell(pending: Pending, seconds: float) -> None:
            self.emit(events.Waiting(what=what, state=pending.state, percent=pending.percent, seconds=seconds))

        return wait_until(probe, what=what, patience=patience, cancel=self.cancel, clock=self._clock, on_pending=tell)

    def own(
        self, kind: str, make: Callable[[str], str], *, name: str = "", scope: Mapping[str, str] | None = None
    ) -> str:
        """Make a resource and own it from that instant; see `imagesmith.interfaces.Lifecycle.own`."""
        self.cancel.check()
        intent = Intent(kind, uuid.uuid4().hex, name, dict(scope or {}))
        self._ledger.intent(self.build_name, intent)
        self._intend(intent)
        intent, identity = self._make(intent, make)
        self._adopt(intent, identity)
        return identity

    def keep(self, kind: str, identity: str) -> None:
        """The resource has become the result: teardown leaves it alone."""
        resource = self._disown(kind, identity)
        self._write(self._ledger.kept, self.build_name, resource)
        self.emit(events.ResourceKept(kind=kind, id=identity, reason="result"))

    def gone(self, kind: str, identity: str) -> None:
        """The resource has been deleted on the way."""
        resource = self._disown(kind, identity)
        self._write(self._ledger.gone, self.build_name, resource)
        self.emit(events.ResourceDeleted(kind=kind, id=identity))

    def became(self, kind: str, identity: str, into_kind: str, into_identity: str) -> None:
        """The resource has turned into another, which is owned in its place."""
        before = self._disown(kind, identity)
        into = Intent(into_kind, uuid.uuid4().hex, before.name, before.scope)
        self._intend(into)
        self._adopt(into, into_identity)
        self._write(self._ledger.gone, self.build_name, before)

    # What the page uses.

    def step(self, name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one named step, record its result, serve ``-debug`` and ``-on-error=ask``."""
        while True:
            self.cancel.check()
            _step.set(name)
            started = self._clock.now()
            self.emit(events.StepStarted(step=name))
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                seconds = self._clock.now() - started
                self.emit(events.StepFailed(step=name, seconds=seconds, error=str(error)))
                if self._shall_retry(name, error):
                    continue
                raise
            self._finished(name, self._clock.now() - started, result)
            return result

    def later(self, name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """A step to be run by `together`."""
        return lambda: self.step(name, function, *args, **kwargs)

    @overload
    def together(self, first: Callable[[], T1], second: Callable[[], T2]) -> tuple[T1, T2]: ...
    @overload
    def together(
        self, first: Callable[[], T1], second: Callable[[], T2], third: Callable[[], T3]
    ) -> tuple[T1, T2, T3]: ...
    def together(
        self, first: Callable[[], Any], second: Callable[[], Any], third: Callable[[], Any] | None = None
    ) -> Any:
        """Run independent work side by side; all of it is waited for, then the first error is raised."""
        work = [first, second] + ([third] if third else [])
        if self.debug:
            return tuple(one() for one in work)
        before = _batch.set(_batch.get() or next(self._batches))
        try:
            with ThreadPoolExecutor(len(work), thread_name_prefix="together") as pool:
                futures = [pool.submit(contextvars.copy_context().run, one) for one in work]
        finally:
            _batch.reset(before)
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise min(errors, key=lambda error: isinstance(error, Cancelled))
        return tuple(future.result() for future in futures)

    @contextmanager
    def lease(self, renew: Callable[..., None], *args: Any) -> Iterator[None]:
        """Push the dead-man timer back in the background while the block runs."""
        over = CancelToken()

        def keep_alive() -> None:
            while not over.wait(self._policy.renew_every_s):
                try:
                    renew(*args)
                except ImagesmithError as error:
                    self.say(f"could not push back the instance's auto-release time: {error}", "warning")

        thread = threading.Thread(target=contextvars.copy_context().run, args=(keep_alive,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.tear_down(failed=error is not None)

    # Teardown.

    def tear_down(self, *, failed: bool) -> None:
        """Delete what is still owned; never raises for a resource, collects `leftovers` instead."""
        with self._lock:
            pending = bool(self._owned or self._intents)
        if not pending:
            return
        if failed and (self._abort or self._policy.on_error in ("abort", "run-cleanup-provisioner")):
            self._leave_everything()
            return
        self._current = CancelToken()
        limit = threading.Timer(self._policy.teardown.timeout_s, self._current.time_out, ["the teardown took too long"])
        limit.daemon = True
        limit.start()
        try:
            self.step("teardown", self._tear_down)
        except BuildTimeout:
            self._report_rest("the teardown took too long")
        finally:
            limit.cancel()

    def adopt(self, resources: Iterable[Resource], intents: Iterable[Intent], known: Iterable[str] = ()) -> None:
        """Take over what another process has made (``imagesmith cleanup``), oldest first.

        ``known``: the ids of everything that it has ever owned, also of what it has kept.
        """
        self._owned += [_Owned(resource) for resource in resources]
        self._known.update(known)
        for intent in intents:
            self._intend(intent)

    @property
    def _cloud(self) -> Provider:
        if self.provider is None:
            raise UsageError("a provider must be set before anything can be owned")
        return self.provider

    def _tear_down(self) -> str:
        """Delete what is owned, and then what a deletion has come to own: the disks of an instance that is gone."""
        self._resolve_intents()
        job = teardown.Teardown(self._cloud, self._policy.teardown, self._clock, self._current)
        count = 0
        while doomed := self._newest_first():
            count += len(doomed)
            for outcome in job.run(_phases(doomed), before=self._pause_before_delete):
                self._settle(outcome)
        return f"{count - len(self.leftovers)} deleted"

    def _newest_first(self) -> list[_Owned]:
        with self._lock:
            return list(reversed(self._owned))

    def _settle(self, outcome: teardown.Outcome) -> None:
        resource = outcome.resource
        if outcome.error is None:
            self.gone(resource.kind, resource.id)
            return
        self._disown(resource.kind, resource.id)
        self._leave(resource, str(outcome.error))

    def _leave(self, resource: Resource, reason: str) -> None:
        self.leftovers.append(teardown.Leftover(resource, reason))
        self.emit(events.ResourceLeft(kind=resource.kind, id=resource.id or resource.name, error=reason))

    def _report_rest(self, reason: str) -> None:
        with self._lock:
            rest = [owned.resource for owned in self._owned]
            self._owned.clear()
        for resource in rest:
            self._leave(resource, reason)

    def _resolve_intents(self) -> None:
        """Find out what the creates without an answer have made."""
        with self._lock:
            unresolved = list(self._intents.values())
        for pause_s in (0.0, *LOOKS_AGAIN_S):
            if pause_s and unresolved:
                self._clock.sleep(pause_s, self._current)
            unresolved = [one for one in unresolved if not self._resolved(one)]
        for one in unresolved:
            self._void(one.intent)

    def _resolved(self, intended: _Intended) -> bool:
        """Whether it is known what became of a create: something that is owned now, nothing, or something to name."""
        intent = dataclasses.replace(intended.intent, besides=frozenset(self._known))
        try:
            found = self._cloud.find(intent)
        except ImagesmithError as error:
            resource = Resource(intent.kind, "", intent.name, intent.scope)
            self._leave(resource, f"can't tell whether it exists: {error}")
            return True
        if found in intent.besides or (found is None and self._clock.now() - intended.at > LISTED_S):
            self._void(intent)
            return True
        if found is not None:
            self._adopt(intent, found)
        return found is not None

    def _leave_everything(self) -> None:
        with self._lock:
            owned, self._owned = self._owned, []
        for one in reversed(owned):
            self.say(f'aborted: skipping cleanup of step "{one.step}"', "warning")
            self.emit(events.ResourceKept(kind=one.resource.kind, id=one.resource.id, reason="abort"))

    # Creation.

    def _make(self, intent: Intent, make: Callable[[str], str]) -> tuple[Intent, str]:
        """The id of what was made, and the attempt that is known to have made it, or another one before it."""
        while True:
            try:
                return intent, make(intent.token)
            except CloudError as error:
                # What a repeated create is refused for may be the work of the one before it.
                looks = isinstance(error, AnswerLost | AlreadyExists) or intent.attempt > 1
                found = self._find(intent, error) if looks else None
                if found is not None:
                    return intent, found
                if isinstance(error, AlreadyExists | MADE_NOTHING):
                    self._void(intent)
                if not isinstance(error, AnswerLost) or intent.attempt == CREATE_ATTEMPTS:
                    raise
            intent = self._once_more(intent)

    def _once_more(self, intent: Intent) -> Intent:
        """The next attempt, for what may have been made by the last one is still to be found out."""
        following = dataclasses.replace(intent, attempt=intent.attempt + 1)
        self._ledger.intent(self.build_name, following)
        self._intend(following)
        return following

    def _intend(self, intent: Intent) -> None:
        with self._lock:
            at = self._clock.now()
            self._intents[intent.token, intent.attempt] = _Intended(intent, _step.get(), _batch.get(), at)

    def _find(self, intent: Intent, error: CloudError) -> str | None:
        self.say(f"looking for the {intent.kind}, because {error}", "debug")
        return self._cloud.find(intent)

    def _adopt(self, intent: Intent, identity: str) -> None:
        with self._lock:
            intended = self._intents.pop((intent.token, intent.attempt))
            resource = Resource(intent.kind, identity, intent.name, intent.scope)
            self._owned.append(_Owned(resource, intended.step, intended.batch))
            self._known.add(identity)
        self._write(self._ledger.owned, self.build_name, intent, identity)
        self.emit(events.ResourceCreated(kind=intent.kind, id=identity, name=intent.name))

    def _void(self, intent: Intent) -> None:
        with self._lock:
            self._intents.pop((intent.token, intent.attempt), None)
        self._write(self._ledger.void, self.build_name, intent)

    def _write(self, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write to the ledger; a teardown goes on without it, and a later cleanup finds that nothing is there."""
        try:
            write(*args, **kwargs)
        except LedgerError as error:
            if self._current is self._cancel:
                raise
            self.say(str(error), "warning")

    def _disown(self, kind: str, identity: str) -> Resource:
        with self._lock:
            for index, owned in enumerate(self._owned):
                if (owned.resource.kind, owned.resource.id) == (kind, identity):
                    return self._owned.pop(index).resource
        return Resource(kind, identity)

    # Pauses and questions.

    def _finished(self, name: str, seconds: float, result: object) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self._write(self._ledger.step, self.build_name, name, result)
        self.emit(events.StepFinished(step=name, seconds=seconds, result=teardown.in_words(result)))
        self._pause(f'Pausing after run of step "{name}". Press enter to continue. ')

    def _pause(self, prompt: str) -> None:
        if self.debug and not self.cancel.is_set:
            self._policy.ask(prompt)

    def _pause_before_delete(self, resource: Resource) -> None:
        self._pause(f"Pausing before cleanup of {resource.kind} {resource.id}. Press enter to continue. ")

    def _shall_retry(self, name: str, error: Exception) -> bool:
        if self._policy.on_error != "ask" or isinstance(error, Cancelled | BuildTimeout) or name == "teardown":
            return False
        self.say(str(error), "error")
        prompt = f'Step "{name}" failed\n[c] Clean up and exit, [a] abort without cleanup, or [r] retry step: '
        answer = (self._policy.ask(prompt) or "c").strip().lower()[:1]
        if answer == "a":
            self._abort = True
        if answer == "r":
            self._undo_step(name)
        return answer == "r"

    def _undo_step(self, name: str) -> None:
        """Delete what a failed attempt has made, so that the step can be run again."""
        with self._lock:
            doomed = [owned for owned in reversed(self._owned) if owned.step == name]
        job = teardown.Teardown(self._cloud, self._policy.teardown, self._clock, self._current)
        for outcome in job.run(_phases(doomed)):
            if outcome.error is None:
                self.gone(outcome.resource.kind, outcome.resource.id)


def _phases(doomed: Sequence[_Owned]) -> list[list[list[Resource]]]:
    """What was made side by side is deleted side by side: a phase for each batch, in it a group for each step."""
    phases = []
    for batch, members in itertools.groupby(doomed, key=lambda owned: owned.batch):
        groups: dict[str, list[Resource]] = {}
        for owned in members:
            groups.setdefault(owned.step if batch else "", []).append(owned.resource)
        phases.append(list(groups.values()))
    return phases


def new_run_id() -> str:
    """An id that sorts by time and is fit for resource names and tags."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:6]
