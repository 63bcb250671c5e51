"""The command line: parse, call the library, render its events, map its errors to exit codes.

`main` is what the ``imagesmith`` script calls. Nothing else is imported until it is known what is asked for, so that
``imagesmith --version`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` is without the program's name."""
    from imagesmith.cli.program import run

    name = sys.argv[0] if sys.argv else ""
    return run(list(sys.argv[1:] if argv is None else argv), called_as=name)
