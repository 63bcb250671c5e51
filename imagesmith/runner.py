"""One run: every build of a plan, side by side, with one ledger, one stream of events and one outcome."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from imagesmith import events, options, plugin, redact
from imagesmith.checking import check_plan
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ImagesmithError, LedgerError
from imagesmith.interfaces import Artifact
from imagesmith.plan import Plan, PlannedBuild
from imagesmith.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a run ended. ``leftovers`` are (kind, id, reason); ``inventory`` is what a simulated cloud still holds."""

    run_id: str
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict)
    errors: Mapping[str, ImagesmithError] = field(default_factory=dict)
    leftovers: tuple[tuple[str, str, str], ...] = ()
    inventory: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 ok, 1 failed, 2 template, 3 image kept but something after it failed, 4 leftovers remain, 130 cancelled."""
        if self.leftovers:
            return 4
        codes = {error.exit_code for error in self.errors.values()}
        return next((code for code in (130, 1, 2, 3) if code in codes), 0)


def run_plan(plan: Plan, settings: RunSettings, on_event: events.EventSink) -> RunOutcome:
    """Run every build of the plan.

    Raises `TemplateError` for wrong options and `imagesmith.errors.UsageError` for a state folder that can't be
    written, both before anything is created. What happens to a build later is in the outcome.
    """
    check_plan(plan, for_build=True)
    redact.register(*plan.secrets)
    with ExitStack() as stack:
        session = _Session(dataclasses.replace(plan, builds=tuple(_distinct(plan.builds))), settings, on_event, stack)
        return session.run()


def _distinct(builds: Iterable[PlannedBuild]) -> Iterator[PlannedBuild]:
    """Packer lets two builds have one name; here each gets its own, so that results and ledger tell them apart."""
    seen: Counter[str] = Counter()
    for planned in builds:
        seen[planned.name] += 1
        again = seen[planned.name]
        yield planned if again == 1 else dataclasses.replace(planned, name=f"{planned.name}#{again}")


class _Session:
    """What the builds of one run share, and what came of them."""

    def __init__(self, plan: Plan, settings: RunSettings, on_event: events.EventSink, stack: ExitStack) -> None:
        from imagesmith.ledger import Ledger, state_folder
        from imagesmith.lifecycle import new_run_id
        from imagesmith.simulation import Simulation

        self.plan, self.settings = plan, settings
        self.run_id = new_run_id()
        self.started = time.monotonic()
        self.cancel = settings.cancel.child()
        self.artifacts: dict[str, tuple[Artifact, ...]] = {}
        self.errors: dict[str, ImagesmithError] = {}
        self.leftovers: list[tuple[str, str, str]] = []
        self._on_event, self._lock = on_event, threading.RLock()
        self._deaf = False
        template = str(Path(plan.path).absolute()) if plan.path not in ("", "-") else ""
        self.ledger = stack.enter_context(
            Ledger.create(state_folder(settings.state_dir), self.run_id, template=template)
        )
        self.simulation: Simulation | None = None
        if settings.simulate:
            self.simulation = Simulation(settings.simulate_options, settings.clouds, settings.simulate_at)
            stack.callback(self.simulation.close)

    def emit(self, event: events.Event) -> None:
        """One event at a time, masked. A callback that fails cancels the run, and is not called again."""
        with self._lock:
            if self._deaf:
                return
            try:
                self._on_event(events.masked(event))
            except Exception as error:  # noqa: BLE001 - the callback is the caller's; teardown must go on
                self._deaf = True
                self.cancel.cancel(f"the event callback failed: {type(error).__name__}: {error}")

    def run(self) -> RunOutcome:
        builds = tuple(planned.name for planned in self.plan.builds)
        self.emit(events.RunStarted(run=self.run_id, template=self.plan.path, builds=builds))
        with self._deadline():
            self._run_builds()
        outcome = RunOutcome(
            run_id=self.run_id,
            artifacts={name: self.artifacts[name] for name in builds if name in self.artifacts},
            errors={name: self.errors[name] for name in builds if name in self.errors},
            leftovers=tuple(self.leftovers),
            inventory=self.simulation.inventory() if self.simulation else (),
        )
        with suppress(LedgerError):
            self.ledger.end(f"exit code {outcome.exit_code}")
        self.emit(
            events.RunFinished(
                seconds=time.monotonic() - self.started,
                succeeded=tuple(outcome.artifacts),
                failed=tuple(outcome.errors),
                exit_code=outcome.exit_code,
            )
        )
        return outcome

    def _deadline(self) -> ExitStack:
        stack = ExitStack()
        if self.settings.timeout_s > 0:
            text = f"the build took longer than --timeout ({self.settings.timeout_s:g} s)"
            timer = threading.Timer(self.settings.timeout_s, self.cancel.time_out, [text])
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        return stack

    def _run_builds(self) -> None:
        """Run the builds in threads; the calling thread only waits, so that Ctrl-C in a library still tears down."""
        workers = 1 if self.settings.debug else (self.settings.parallel_builds or len(self.plan.builds) or 1)
        with ThreadPoolExecutor(workers, thread_name_prefix="build") as pool:
            futures: list[Future[None]] = [pool.submit(self._run_one, planned) for planned in self.plan.builds]
            try:
                wait(futures)
            except BaseException:
                self.cancel.cancel("interrupted")
                raise
            for future in futures:
                future.result()

    def _run_one(self, planned: PlannedBuild) -> None:
        started = time.monotonic()
        self.emit(events.BuildStarted(build=planned.name, builder_type=planned.type))
        seconds: dict[str, float] = {}
        with ExitStack() as at_end:
            self._run_to_its_end(planned, started, seconds, at_end)

    def _run_to_its_end(
        self, planned: PlannedBuild, started: float, seconds: dict[str, float], at_end: ExitStack
    ) -> None:
        try:
            self.artifacts[planned.name] = self._build(planned, seconds, at_end)
        except ImagesmithError as error:
            self._failed(planned, error, time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - a defect in one build must not stop the others
            wrapped = ImagesmithError(
                f"unexpected {type(error).__name__}: {error}", hint="this is a defect in imagesmith, please report it"
            )
            wrapped.__cause__ = error
            self._failed(planned, wrapped, time.monotonic() - started)
        else:
            self.emit(events.BuildFinished(build=planned.name, seconds=time.monotonic() - started, steps=dict(seconds)))

    def _build(self, planned: PlannedBuild, seconds: dict[str, float], at_end: ExitStack) -> tuple[Artifact, ...]:
        from imagesmith.image_build import build_image
        from imagesmith.job import Job
        from imagesmith.lifecycle import Policy, Run

        self.cancel.check()
        source = self._source(planned, at_end)
        settings = self.settings
        policy = Policy(on_error=settings.on_error, debug=settings.debug, force=settings.force, ask=settings.ask)
        run = Run(
            run_id=self.run_id,
            build_name=planned.name,
            ledger=self.ledger,
            on_event=self.emit,
            cancel=self.cancel,
            policy=policy,
            clock=settings.clock,
        )
        run.seconds = seconds
        job = Job(planned=planned, source=source, run=run, ask=settings.ask, simulated=settings.simulate, at_end=at_end)
        try:
            return build_image(job)
        finally:
            with self._lock:
                self.leftovers += [leftover.as_tuple() for leftover in run.leftovers]

    def _source(self, planned: PlannedBuild, at_end: ExitStack) -> CommunicatorOptions:
        """The builder's options, and the ledger's note of how to reach its cloud again."""
        source: CommunicatorOptions = planned.source.decode(plugin.load("builders", planned.type))
        at_end.callback(redact.register(*options.secrets(source)))
        with self._lock:
            if self.simulation:
                source = self.simulation.attach(planned.type, source)
        self.ledger.build(planned.name, planned.type, options.public(source), simulated=self.settings.simulate)
        return source

    def _failed(self, planned: PlannedBuild, error: ImagesmithError, seconds: float) -> None:
        mask_error(error)
        self.errors[planned.name] = error
        self.emit(
            events.BuildFailed(
                build=planned.name,
                seconds=seconds,
                error=str(error),
                hint=error.hint,
                kind=type(error).__name__,
            )
        )


def mask_error(error: ImagesmithError) -> None:
    """Mask the secrets in an error that is about to leave the library."""
    error.message, error.hint = redact.mask(error.message), redact.mask(error.hint)
    error.args = tuple(redact.mask(part) if isinstance(part, str) else part for part in error.args)
