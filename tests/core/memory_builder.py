"""A builder for the memory cloud, so that whole builds can be run without any SDK."""

from __future__ import annotations

from pathlib import Path

from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Lifecycle, Provider
from imagesmith.options import option
from tests.core.memory_cloud import Fault, MemoryCloud, Store


class MemoryEcs(CommunicatorOptions):
    """The options of the test's builder."""

    builder_type = f"{__name__}:MemoryEcs"

    store: str = option(doc="The cloud's file.")
    fault: str = option(default="", doc="What goes wrong.")
    fault_at: int = option(default=-1, doc="At which call.")
    undeletable: str = option(default="", doc="A kind whose deletion is refused.")
    access_key: str = option(default="", doc="A key.", env=("MEMORY_KEY",), secret=True)
    communicator: str = option(default="none", doc="No connection.")

    def open(self, lifecycle: Lifecycle) -> Provider:
        fault: Fault = self.fault  # type: ignore[assignment]
        return MemoryCloud(
            Store(Path(self.store), fault, self.fault_at, undeletable={self.undeletable} - {""}), lifecycle
        )
