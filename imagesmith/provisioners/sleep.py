"""The ``sleep`` provisioner: wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, Options, option

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote


class Sleep(Options):
    """Wait for some time; it ends at once when the build is cancelled."""

    duration: Duration = option(doc="How long to wait.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if (self.duration or 0) < 0:
            yield Diagnostic("duration can't be negative")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Wait; raises only what the cancel token says."""
        context.cancel.sleep(self.duration)
