"""Which disk layers are still needed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable


class Layers:
    """Which layers are in use by how many machines and snapshots; a layer is removed when nobody needs it."""

    def __init__(self, remove: Callable[[str], None]) -> None:
        self._remove = remove
        self._users: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def take(self, lowers: tuple[str, ...]) -> str:
        """A new layer's name; it and those below are in use until `release`."""
        with self._lock:
            name = str(next(self._numbers))
            for layer in (name, *lowers):
                self._users[layer] = self._users.get(layer, 0) + 1
            return name

    def release(self, layers: tuple[str, ...]) -> None:
        """Remove those that nobody uses any more (never the base)."""
        with self._lock:
            for layer in layers:
                self._users[layer] = self._users.get(layer, 1) - 1
            unused = [layer for layer in layers if self._users[layer] <= 0 and layer != "base"]
            for layer in unused:
                del self._users[layer]
        for layer in unused:
            self._remove(layer)
