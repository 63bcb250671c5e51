"""The ``shell-local`` post-processor: scripts on the machine where imagesmith runs, after the image is made."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imagesmith.errors import PostProcessError, ProvisionError
from imagesmith.provisioners.environment import run_uuid
from imagesmith.provisioners.local_script import LocalContext, LocalScriptOptions

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed


class ShellLocal(LocalScriptOptions):
    """Run scripts here after the build; the artifact goes on unchanged. See `imagesmith.provisioners.local_script`."""

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Run the scripts; raises `PostProcessError` when one fails."""
        chosen = self
        if len(self.execute_command) == 1:
            # Packer takes one string for a shell's here, though not in the provisioner of the same name.
            chosen = dataclasses.replace(self, execute_command=("/bin/sh", "-c", self.execute_command[0]))
        local = LocalContext(
            environment=context.environment,
            generated=artifact.generated,
            run_uuid=run_uuid(context.run_id, artifact.generated),
            render=context.render,
            say=context.say,
            output=context.output,
            cancel=context.cancel,
        )
        try:
            chosen.execute(local)
        except ProvisionError as error:
            raise PostProcessError(error.message, hint=error.hint, location=error.location) from error
        from imagesmith.interfaces import PostProcessed

        return PostProcessed(artifact, keep_input=True, keep_forced=True)
