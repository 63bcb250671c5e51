"""Running the post-processor chains of a build."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from imagesmith import options, plugin, redact
from imagesmith.errors import BuildTimeout, Cancelled, ImagesmithError, PostProcessError
from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed, PostProcessor
from imagesmith.options import Options
from imagesmith.plan import PlannedPostProcessor

Chain = tuple[PlannedPostProcessor, ...]


@dataclass
class _Outcome:
    """What a chain has made of the builder's artifact, whether that one is kept, and the chain's error."""

    first: Artifact
    made: list[Artifact] = field(default_factory=list)
    keeps_first: bool = False
    failure: str = ""
    hint: str = ""

    def keep(self, artifact: Artifact) -> None:
        """The artifact stays."""
        if artifact is self.first:
            self.keeps_first = True
        else:
            self.made.append(artifact)

    def consume(self, artifact: Artifact, successor: Artifact) -> None:
        """Nobody wants the artifact any more. The builder's own is removed later: other chains begin with it."""
        if artifact is not self.first and not _remove(artifact, [successor, self.first, *self.made]):
            self.made.append(artifact)


def run_chains(chains: Sequence[Chain], artifact: Artifact, context: PostProcessContext) -> list[Artifact]:
    """Run every chain, each from the builder's artifact; returns what exists afterwards, each thing once.

    As with Packer an artifact that is not kept is removed when the next one is made of it. Other than with Packer that
    is only true of local files, and of none that belongs to an artifact that is kept or that other chains still need: a
    cloud image always stays. An error ends its own chain only and keeps everything; when all chains are through,
    `PostProcessError` names each failure and carries the artifacts. Cancelling ends all.
    """
    outcomes = [_run_chain(chain, artifact, context) for chain in chains]
    failures = [outcome for outcome in outcomes if outcome.failure]
    made = [one for outcome in outcomes for one in outcome.made]
    if failures or not chains or any(outcome.keeps_first for outcome in outcomes) or not _remove(artifact, made):
        made.insert(0, artifact)
    kept = _each_once(made)
    if failures:
        text = "; ".join(outcome.failure for outcome in failures)
        without_secrets = [dataclasses.replace(one, generated={}) for one in kept]
        raise PostProcessError(text, hint=failures[0].hint, artifacts=without_secrets)
    return kept


def _run_chain(chain: Chain, artifact: Artifact, context: PostProcessContext) -> _Outcome:
    """Run one chain. An artifact that a step passes on unchanged (``manifest``) is the next step's to keep or not."""
    outcome, current, wanted = _Outcome(artifact), artifact, False
    for planned in chain:
        context.cancel.check()
        try:
            done = _process(planned, current, context)
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError as error:
            context.cancel.check()
            outcome.failure, outcome.hint = f"{_label(planned)} failed: {error.message}", error.hint
            context.say(f"{_label(planned)} failed: {error}")
            break
        wanted = wanted or bool(planned.keep_input_artifact)
        if done.artifact is current:
            continue
        if wanted or _keeps(planned, done):
            outcome.keep(current)
        else:
            outcome.consume(current, done.artifact)
        current, wanted = done.artifact, False
    outcome.keep(current)
    return outcome


def _process(planned: PlannedPostProcessor, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
    option_class: type[Options] = plugin.load("post_processors", planned.type)
    chosen = planned.configuration.decode(option_class, runtime=artifact.generated)
    redact.register(*options.secrets(chosen))
    context.say(f"Running {_label(planned)}")
    try:
        return cast("PostProcessor", chosen).process(artifact, context)
    except ImagesmithError:
        raise
    except Exception as error:
        text = f"an unexpected {type(error).__name__}: {error}"
        raise PostProcessError(text, hint="this is a fault of the post-processor itself") from error


def _keeps(planned: PlannedPostProcessor, done: PostProcessed) -> bool:
    """Whether the step's input stays: the template's word, unless the post-processor must have it stay."""
    if planned.keep_input_artifact is None or (done.keep_input and done.keep_forced):
        return done.keep_input or bool(planned.keep_input_artifact)
    return planned.keep_input_artifact


def _remove(artifact: Artifact, others: Sequence[Artifact]) -> bool:
    """Remove the artifact's local files that no other one has; False if it stays, as cloud images do."""
    if artifact.images or not artifact.files:
        return False
    needed = {os.path.realpath(name) for other in others for name in other.files}
    for name in artifact.files:
        if os.path.realpath(name) not in needed:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    return True


def _each_once(artifacts: Sequence[Artifact]) -> list[Artifact]:
    kept: list[Artifact] = []
    for artifact in artifacts:
        if artifact not in kept:
            kept.append(artifact)
    return kept


def _label(planned: PlannedPostProcessor) -> str:
    return f'the post-processor "{planned.name or planned.type}"'
