"""A cancel token that runs out of time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imagesmith.waiting import CancelToken


@contextmanager
def time_limit(seconds: float, message: str, parent: CancelToken | None = None) -> Iterator[CancelToken]:
    """A token that is set with ``parent``, and by itself (as `BuildTimeout`) ``seconds`` from now."""
    token = parent.child() if parent else CancelToken()
    timer = threading.Timer(seconds, token.time_out, [message])
    timer.daemon = True
    timer.start()
    try:
        yield token
    finally:
        timer.cancel()
