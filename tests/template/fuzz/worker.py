"""The process that tries one input after another, within bounds of its own: 512 MiB, and 2 s of CPU time for each."""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.template.fuzz.cases import Case, attempt
from tests.template.fuzz.generators import Generator

SECONDS = 2.0
MEMORY = 512 << 20


class TooLong(BaseException):
    """An input takes more CPU time than it may."""


@dataclass
class Tally:
    """What a worker has done so far."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: str = ""
    peak: int = 0


def main() -> None:
    """``… SEED SECONDS FOLDER``: leaves the tally and the current input in FOLDER."""
    seed, seconds, folder = int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _too_long)
    generator, tally, ends = Generator(seed), Tally(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        while time.monotonic() < ends:
            case = generator.case()
            (folder / "current").write_text(case.dump())
            _try(case, Path(place), tally)
            if tally.tried % 100 == 0 or tally.failures:
                _save(tally, folder)
        _save(tally, folder)


def _try(case: Case, place: Path, tally: Tally) -> None:
    started = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        outcome = attempt(case, place)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what we are looking for
        outcome = "FAILED"
        tally.failures.append((case.dump(), _told(error)))
        for name, _ in case.files:
            (place / name).unlink(missing_ok=True)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    took = time.process_time() - started
    tally.tried += 1
    tally.outcomes[f"{case.language}: {outcome}"] += 1
    if took > tally.slowest:
        tally.slowest, tally.slowest_case = took, case.dump()


def _told(error: BaseException) -> str:
    lines = traceback.format_exception(error)
    return "".join(lines[-1:]).strip()[:300] + "\n" + "".join(lines)[-1500:]


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong(f"more than {SECONDS} s of CPU time")


def _save(tally: Tally, folder: Path) -> None:
    tally.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    temporary = folder / "tally.new"
    temporary.write_text(json.dumps(vars(tally)))
    temporary.replace(folder / "tally")


if __name__ == "__main__":
    main()
