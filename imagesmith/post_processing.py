"""Running a build's post-processors on its finished image."""

from __future__ import annotations

import dataclasses

from imagesmith import events
from imagesmith.interfaces import Artifact, PostProcessContext
from imagesmith.job import Job
from imagesmith.post_processors.running import run_chains


def run(job: Job, artifact: Artifact) -> tuple[Artifact, ...]:
    """Tell what was made, run the chains, return what there is then: the image first, which always stays.

    Local files that a chain has made something else of, and that nobody wanted to keep, are not among it.

    Raises `imagesmith.errors.PostProcessError` when a chain fails; the image stays.
    """
    job.run.emit(ready(artifact))
    if not job.planned.post_processors:
        return (artifact,)
    context = PostProcessContext(
        build_name=job.planned.short_name or job.planned.name,
        builder_type=job.planned.type,
        run_id=job.run.run_id,
        force=job.run.force,
        environment=job.environment,
        render=job.render,
        say=job.run.say,
        output=job.output,
        cancel=job.run.cancel,
    )
    told = dataclasses.replace(artifact, generated=dict(job.generated))
    made = job.run.step("post-process", run_chains, job.planned.post_processors, told, context)
    stays = told in made
    others = [one for one in made if (one.builder_id, one.id) != (artifact.builder_id, artifact.id)]
    return (*[artifact] * stays, *(dataclasses.replace(one, generated={}) for one in others))


def ready(artifact: Artifact) -> events.ArtifactReady:
    """The event that tells what a build has made."""
    return events.ArtifactReady(
        builder_id=artifact.builder_id,
        id=artifact.id,
        description=artifact.description,
        images=dict(artifact.images),
        files=artifact.files,
        tags=dict(artifact.tags),
    )
