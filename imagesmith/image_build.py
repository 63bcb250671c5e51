"""The page: one image build from top to bottom, the same for every cloud.

The steps are the provider's, the order is here. Nothing on this page knows a cloud, an API or a protocol.
"""

from __future__ import annotations

from imagesmith import guest, post_processing, provisioning
from imagesmith.errors import Cancelled, ImagesmithError, PostProcessError
from imagesmith.interfaces import Artifact, Image, Provider
from imagesmith.job import Job
from imagesmith.lifecycle import Run


def build_image(job: Job) -> tuple[Artifact, ...]:
    """Make one image and run its post-processors; returns what was made, the image first.

    Whatever happens, what the build created for its own use is deleted when this returns or raises; what could not be
    deleted is in ``job.run.leftovers``. A finished image stays, also when a later step fails (`PostProcessError`).
    """
    cloud = job.open_provider()
    with job.run:
        image = make_image(job, cloud)
        artifact = publish(job.run, cloud, image) if image else None
    if artifact is None:
        job.run.say("no image was asked for")
        return ()
    return post_processing.run(job, artifact)


def make_image(job: Job, cloud: Provider) -> Image | None:
    """Create, reach, provision, stop, capture."""
    run = job.run
    source = run.step("source image", cloud.source_image)
    login, network, reserved = run.together(
        run.later("login", cloud.login, source),
        run.later("network", cloud.network),
        run.later("public address", cloud.reserve_address),
    )
    machine = run.step("instance", cloud.launch, source, login, network)
    guest.prepare(job)
    with run.lease(cloud.renew, machine):
        address = run.step("address", cloud.reach, machine, reserved)
        login = guest.complete_login(job, cloud, machine, login)
        with guest.connection(job, cloud, machine, address, login) as remote:
            provisioning.run(job, remote, machine, address, login)
            guest.remove_temporary_key(run, remote, login)
        run.step("stop", cloud.stop, machine)
        return run.step("image", cloud.capture, machine)


def publish(run: Run, cloud: Provider, image: Image) -> Artifact:
    """Tags, copies and shares; the image is good already and stays, whatever happens here."""
    try:
        return run.step("publish", cloud.publish, image)
    except Cancelled:
        raise
    except ImagesmithError as error:
        text = (
            f"image {image.id} ({image.name}) is finished and kept in {image.region}, but publishing it failed: {error}"
        )
        raise PostProcessError(text, hint=error.hint) from error
