"""``python -m imagesmith``: the same as the ``imagesmith`` command."""

from __future__ import annotations

import sys

from imagesmith.cli import script

if __name__ == "__main__":
    sys.exit(script())
