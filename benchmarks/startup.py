"""How long ``imagesmith --version`` takes over a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.reporting import title, verdict

ROUNDS = 15


def best_ms(*command: str) -> float:
    """The fastest of several runs, which is the one the machine disturbed least."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        times.append(1000 * (time.perf_counter() - started))
    return min(times)


def main() -> bool:
    """Print it; returns whether the bound of 60 ms is kept."""
    title("Startup")
    bare = best_ms("-c", "pass")
    version = best_ms("-m", "imagesmith", "--version")
    validate = best_ms("-m", "imagesmith", "validate", "examples/alicloud/quickstart.pkr.hcl")
    print(f"  python -c pass {bare:.0f} ms, imagesmith --version {version:.0f} ms, validate {validate:.0f} ms")
    return verdict("imagesmith --version over python -c pass", version - bare, 60, "ms")
