"""The ``breakpoint`` provisioner: stop here until somebody presses Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.errors import ProvisionError
from imagesmith.options import Options, option

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote


class Breakpoint(Options):
    """Stop the build so that somebody can look at the machine, and go on when Enter is pressed."""

    note: str = option(default="", doc="What to say at the breakpoint.")
    disable: bool = option(default=False, doc="Pass the breakpoint by.")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Ask; raises `ProvisionError` where nobody can be asked."""
        note = f": {self.note}" if self.note else ""
        if self.disable:
            context.say(f"The breakpoint is disabled{note}")
            return
        context.say(f"Stopped at a breakpoint{note}")
        if context.ask("Press Enter to continue. ") is None:
            context.cancel.check()
            raise ProvisionError(
                f"the breakpoint{note} needs a terminal, and there is none",
                hint="remove it, or set disable = true",
            )
