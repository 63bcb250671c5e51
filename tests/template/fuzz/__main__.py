"""``python -m tests.template.fuzz --minutes 30``: random inputs in every template language, each within its bounds.

Every input must give a plan or one of our own errors within 2 s of CPU time and 512 MiB. What doesn't is written into
a folder, to be tried again with ``--again FILE``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.template.fuzz.cases import Case, attempt

_ROUND = 60.0
"""Seconds after which a worker is replaced by a fresh one, so that what it holds does not hide what one input takes."""
_STUCK = 30.0
"""Seconds without a new input after which a worker counts as hanging, whatever its own clock says."""


def run(seconds: float, seed: int, kept: Path) -> dict[str, Any]:
    """Try inputs for so long; returns the sums of all workers, with ``failures`` as (input, what happened)."""
    total: dict[str, Any] = {
        "tried": 0,
        "outcomes": Counter(),
        "failures": [],
        "slowest": 0.0,
        "slowest_case": "",
        "peak": 0,
    }
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory() as folder:
            ended = _worker(seed, min(left, _ROUND), Path(folder))
            tally = Path(folder, "tally")
            _add(total, json.loads(tally.read_text()) if tally.exists() else {})
            if ended:
                current = Path(folder, "current")
                total["failures"].append((current.read_text() if current.exists() else "", ended))
        seed += 1
    for number, (case, what) in enumerate(total["failures"]):
        (kept / f"{number:04}.case").write_text(case)
        (kept / f"{number:04}.txt").write_text(what)
    return total


def _worker(seed: int, seconds: float, folder: Path) -> str:
    """Run one; returns what is wrong with the way in which it ended."""
    command = [sys.executable, "-m", "tests.template.fuzz.worker", str(seed), str(seconds), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    current, moved, seen = folder / "current", time.monotonic(), 0
    while True:
        try:
            _, said = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            now = current.stat().st_mtime_ns if current.exists() else 0
            if now != seen:
                seen, moved = now, time.monotonic()
            if time.monotonic() - moved > _STUCK:
                process.kill()
                process.communicate()
                return f"no answer within {_STUCK} s"
            continue
        return "" if process.returncode == 0 else f"the worker ended with {process.returncode}\n{said[-2000:]}"


def _add(total: dict[str, Any], tally: dict[str, Any]) -> None:
    if not tally:
        return
    total["tried"] += tally["tried"]
    total["outcomes"].update(tally["outcomes"])
    total["failures"] += tally["failures"]
    total["peak"] = max(total["peak"], tally["peak"])
    if tally["slowest"] > total["slowest"]:
        total["slowest"], total["slowest_case"] = tally["slowest"], tally["slowest_case"]


def main() -> int:
    """Run it, or one recorded input again; the exit code says whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.template.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir(), "imagesmith-fuzz"))
    parser.add_argument("--again", type=Path, help="a recorded input")
    chosen = parser.parse_args()
    if chosen.again:
        return _again(Case.parse(chosen.again.read_text()))
    chosen.keep.mkdir(parents=True, exist_ok=True)
    total = run(60 * chosen.minutes, chosen.seed, chosen.keep)
    (chosen.keep / "slowest.case").write_text(total["slowest_case"])
    print(f"{total['tried']} inputs in {chosen.minutes} min, {len(total['failures'])} failures (kept in {chosen.keep})")
    for outcome, count in sorted(total["outcomes"].items()):
        print(f"  {outcome}: {count}")
    kinds = Counter(what.split("\n")[0] for _, what in total["failures"])
    for what, count in kinds.most_common():
        print(f"  {count} x {what}")
    print(f"  slowest {total['slowest']:.2f} s (bound 2 s), peak memory {total['peak'] >> 20} MiB (bound 512 MiB)")
    return 1 if total["failures"] else 0


def _again(case: Case) -> int:
    for name, content in case.files:
        print(f"--- {name}\n{content.decode(errors='replace')[:5000]}")
    print(f"--- variables {case.variables} environ {case.environ}")
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        print(attempt(case, Path(folder)), f"{time.process_time() - started:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
