"""Running the post-processor chains of a build."""

from __future__ import annotations

import dataclasses
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
    """What a chain has made, whether its first step keeps the builder's artifact, and its error."""

    made: list[Artifact] = field(default_factory=list)
    keeps_first: bool = False
    failure: str = ""
    hint: str = ""


def run_chains(chains: Sequence[Chain], artifact: Artifact, context: PostProcessContext) -> list[Artifact]:
    """Run every chain, each from the builder's artifact; returns what exists afterwards, each thing once.

    As with Packer an artifact that is not kept is removed when the next one is made of it. Other than with Packer that
    is only true of local files: a cloud image always stays. An error ends its own chain only and keeps everything;
    when all chains are through, `PostProcessError` names each failure and carries the artifacts. Cancelling ends all.
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
    outcome, current = _Outcome(), artifact
    for number, planned in enumerate(chain):
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
        keeps = _keeps(planned, done)
        if number == 0:
            outcome.keeps_first = keeps
        elif keeps or not _remove(current, [done.artifact]):
            outcome.made.append(current)
        current = done.artifact
    if current is not artifact or outcome.keeps_first:
        outcome.made.append(current)
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


def _remove(artifact: Artifact, successors: Sequence[Artifact]) -> bool:
    """Remove the artifact's local files that no successor has; False if it stays, as cloud images do."""
    if artifact.images or not artifact.files:
        return False
    taken_over = {name for successor in successors for name in successor.files}
    for name in artifact.files:
        if name not in taken_over:
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
