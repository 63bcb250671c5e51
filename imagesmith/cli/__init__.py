"""The command line: parse, call the library, render its events, map its errors to exit codes.

`script` is what the ``imagesmith`` script calls, `main` is the same for callers that live on. Nothing else is imported
until it is known what is asked for, so that ``imagesmith --version`` answers at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

_RARELY = 50_000


def script() -> int:
    """`main` for a process that ends with it.

    The garbage collector runs rarely while the SDKs load (0.05 s), and not at all over everything at exit (0.2 s).
    """
    gc.set_threshold(_RARELY)
    _end_when_asked()
    try:
        return main()
    finally:
        _last_flush()
        gc.freeze()


def _end_when_asked() -> None:
    """Until a command watches signals itself there is nothing to tear down: end with the status of a cancelled one."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(130)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def _last_flush() -> None:
    """Write what is left; where the reader has gone, forget it, or the interpreter ends with its own status (120)."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1 if stream is sys.stdout else 2)
            os.close(nowhere)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` is without the program's name."""
    from imagesmith.cli.program import run

    name = sys.argv[0] if sys.argv else ""
    return run(list(sys.argv[1:] if argv is None else argv), called_as=name)
