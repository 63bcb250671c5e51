"""What a caller says about a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imagesmith.interfaces import Ask, SimulatedCloud
from imagesmith.waiting import CancelToken, Clock

OnError = Literal["cleanup", "abort", "ask", "run-cleanup-provisioner"]


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """The flags of ``imagesmith build`` as an object.

    ``timeout_s``: the whole build's time in seconds, 0 for none. ``parallel_builds``: how many builds run at once, 0
    for all. ``state_dir``: where the ledger is written (default: see `imagesmith.ledger.state_folder`).
    ``simulate``: run against a simulated cloud on loopback; ``simulate_options`` go to its ``start``. ``clouds`` are
    simulated clouds by name that you have started yourself, to look at them afterwards; they are not closed.
    ``simulate_at``: the address of one that another process serves.
    ``clock`` is what waits measure time with. ``ask`` answers prompts (``-debug``, ``-on-error=ask``, breakpoints);
    ``cancel`` stops the run when it is set.
    """

    on_error: OnError = "cleanup"
    debug: bool = False
    force: bool = False
    timeout_s: float = 0.0
    parallel_builds: int = 0
    state_dir: Path | None = None
    simulate: bool = False
    simulate_options: Mapping[str, object] = field(default_factory=dict)
    clouds: Mapping[str, SimulatedCloud] = field(default_factory=dict)
    simulate_at: str = ""
    clock: Clock | None = None
    ask: Ask = lambda _prompt: None
    cancel: CancelToken = field(default_factory=CancelToken)
