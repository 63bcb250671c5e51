"""What is done and said when the user wants a run to stop."""

from __future__ import annotations

from imagesmith.ui import Surface
from imagesmith.ui.words import listing, plural
from imagesmith.waiting import CancelToken

_IN_WORDS = {"SIGINT": "interrupt", "SIGTERM": "terminated", "SIGHUP": "hangup"}


class Stopper:
    """For `imagesmith.cli.signals.watched`: cancels at the first signal, explains the wait at each further one."""

    def __init__(self, cancel: CancelToken, surface: Surface) -> None:
        self._cancel = cancel
        self._surface = surface

    def __call__(self, name: str, count: int) -> None:
        """Take a signal."""
        word = _IN_WORDS.get(name, name)
        if count == 1:
            self._cancel.cancel(f"received {word}")
            self._surface.notice(f"==> Cancelling build after receiving {word}: tearing down ...", "error")
            return
        owned = self._surface.record.owned
        if owned:
            kinds = listing(kind for kind, _ in owned)
            text = f"{plural(len(owned), 'resource')} still to delete ({kinds}); the teardown is never skipped"
        else:
            text = "nothing is left to delete; ending"
        self._surface.notice(f"==> {text}", "error")
