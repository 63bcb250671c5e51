"""What every bill of materials says about itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from imagesmith.sbom.packages import Guest
from imagesmith.version import __version__

TOOL = "imagesmith"
TOOL_VERSION = __version__


@dataclass(frozen=True, slots=True)
class Subject:
    """The machine that a document is about. ``name`` is the document's, ``run`` tells one build from another.

    ``created`` is the time in UTC as ``2026-01-31T12:00:00Z``.
    """

    name: str
    run: str
    created: str
    guest: Guest

    @property
    def serial(self) -> uuid.UUID:
        """An id that no other run and no other document of this run has."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.run} {self.name} {self.created}")
