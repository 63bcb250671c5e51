"""What one build needs to run: its plan, its options, its lifecycle and the facts that scripts are told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import cast

from imagesmith import events, options, redact
from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Ask, BuilderOptions, Provider, ProvisionContext
from imagesmith.lifecycle import Run
from imagesmith.plan import PlannedBuild


@dataclass(kw_only=True)
class Job:
    """One planned build on its way."""

    planned: PlannedBuild
    source: CommunicatorOptions
    run: Run
    ask: Ask
    simulated: bool = False
    generated: dict[str, object] = field(default_factory=dict)
    at_end: ExitStack = field(default_factory=ExitStack)

    def hide(self, *secrets: str) -> None:
        """Mask these values until the build is over."""
        self.at_end.callback(redact.register(*secrets))

    def open_provider(self) -> Provider:
        """The cloud for this build; its SDK is imported here. Secret options are masked from now on."""
        self.hide(*options.secrets(self.source))
        provider = cast("BuilderOptions", self.source).open(self.run)
        self.run.provider = provider
        return provider

    @property
    def run_uuid(self) -> str:
        """The run's id in the form that Packer gives it."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.run.run_id))

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that every script gets."""
        return {
            "PACKER_BUILD_NAME": self.planned.short_name or self.planned.name,
            "PACKER_BUILDER_TYPE": self.planned.type,
        }

    def render(self, text: str, data: Mapping[str, object]) -> str:
        """Render Go-template text with this build's run-time values."""
        return self.planned.render(text, data, self.generated)

    def output(self, stream: str, line: str) -> None:
        """A line that a script printed."""
        self.run.emit(events.Output(stream="stderr" if stream == "stderr" else "stdout", line=line))

    def provision_context(self) -> ProvisionContext:
        """What provisioners are told."""
        return ProvisionContext(
            build_name=self.planned.short_name or self.planned.name,
            builder_type=self.planned.type,
            run_id=self.run.run_id,
            environment=self.environment,
            generated=self.generated,
            render=self.render,
            say=self.run.say,
            output=self.output,
            cancel=self.run.cancel,
            ask=self.ask,
            simulated=self.simulated,
            debug=self.run.debug,
        )
