"""Run every benchmark and print its figures beside what they are measured against: ``make bench``."""

from __future__ import annotations

import sys

from benchmarks import build_time, idle_connections, parallel_builds, parsing, ssh_transfer, startup, winrm_transfer

PARTS = {
    "startup": startup.main,
    "parse": parsing.main,
    "transfer": ssh_transfer.main,
    "winrm": winrm_transfer.main,
    "parallel": parallel_builds.main,
    "idle": idle_connections.main,
    "build": build_time.main,
}


def main() -> int:
    """Run the named parts, or all; the exit code says whether every bound was kept."""
    chosen = sys.argv[1:] or list(PARTS)
    kept = [PARTS[name]() for name in chosen]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
