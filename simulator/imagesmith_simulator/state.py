"""What the state of every simulated cloud has: the clock, the latencies, the quotas, the machines and the journal.

All of it is guarded by the clock's lock: a call holds it while its model works, timers hold it while they fire.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.machines.hosting import Machines


@dataclass
class Journal:
    """What the call being served did. ``doomed``: what it begins shall end in the failed state."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    takes_s: float = 0.0
    doomed: bool = False


class State(ABC):
    """The base of a cloud's store of resources."""

    def __init__(
        self,
        clock: SimulatedClock,
        machines: Machines,
        latencies: Mapping[str, float],
        *,
        names: Sequence[str],
        quotas: Mapping[str, int],
    ) -> None:
        """``latencies``: simulated seconds by one of ``names``; what is not named takes no time."""
        if unknown := sorted(set(latencies) - set(names)):
            raise ValueError(f"there is no latency {', '.join(unknown)}; known are {', '.join(names)}")
        self.clock = clock
        self.machines = machines
        self.latencies = {name: float(latencies.get(name, 0.0)) for name in names}
        self.quotas = dict(quotas)
        self.journal = Journal()

    @abstractmethod
    def all(self) -> list[tuple[str, Any]]:
        """Everything that exists, with its kind."""

    def changed(self, *identities: str) -> None:
        """Journal that the call has changed or deleted resources."""
        self.journal.changed.extend(identities)

    def used(self, *identities: str) -> None:
        """Journal that the call needed resources."""
        self.journal.used.extend(identity for identity in identities if identity)

    def begin(self, latency: str | float, done: Callable[[], None], *, job: Future[Any] | None = None) -> float:
        """Begin a transition: ``done`` is called when its time has come and ``job`` has ended; returns the seconds."""
        seconds = self.latencies[latency] if isinstance(latency, str) else latency
        self.journal.takes_s = max(self.journal.takes_s, seconds)

        def due() -> None:
            if job is None or job.done():
                done()
            else:
                job.add_done_callback(lambda _: self.clock.after(0.0, done))

        self.clock.after(seconds, due)
        return seconds
