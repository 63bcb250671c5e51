"""The ``shell-local`` provisioner: scripts on the machine where imagesmith runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.provisioners.environment import run_uuid
from imagesmith.provisioners.local_script import LocalContext, LocalScriptOptions

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote


class ShellLocal(LocalScriptOptions):
    """Run scripts here, in the middle of a build. See `imagesmith.provisioners.local_script`."""

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Run the scripts; needs no way into the machine. Raises `imagesmith.errors.ProvisionError`."""
        self.execute(
            LocalContext(
                environment=context.environment,
                generated=context.generated,
                run_uuid=run_uuid(context.run_id, context.generated),
                render=context.render,
                say=context.say,
                output=context.output,
                cancel=context.cancel,
            )
        )
