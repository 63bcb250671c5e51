"""SIGINT, SIGTERM and SIGHUP ask a run to stop; nothing that the user sends again skips the teardown.

The interpreter's C handler writes each signal's number into a pipe, and a thread reads it: so it works whatever the
main thread is doing, and no lock is taken inside a signal handler.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_WATCHED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

OnSignal = Callable[[str, int], None]
"""Gets the signal's name and how many have come, this one included. Called in a thread of its own."""


@contextmanager
def watched(on_signal: OnSignal) -> Iterator[None]:
    """Call back for each signal while the block runs. Signals that the caller's shell ignores (nohup) stay ignored.

    Outside the main thread, where Python can't watch signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    receiving, sending = os.pipe()
    os.set_blocking(sending, False)
    watcher = threading.Thread(target=_watch, args=(receiving, on_signal), name="imagesmith-signals", daemon=True)
    before = {number: signal.getsignal(number) for number in _WATCHED}
    wakeup = signal.set_wakeup_fd(sending, warn_on_full_buffer=False)
    watcher.start()
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _noted)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(wakeup)
        os.write(sending, b"\0")
        watcher.join()
        os.close(sending)
        os.close(receiving)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The pipe has it already."""


def _watch(receiving: int, on_signal: OnSignal) -> None:
    count = 0
    while True:
        for number in os.read(receiving, 64):
            if number == 0:
                return
            if number in _WATCHED:
                count += 1
                on_signal(signal.Signals(number).name, count)
