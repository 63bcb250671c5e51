"""Running a build's provisioners, and the one that cleans up after an error."""

from __future__ import annotations

from imagesmith.errors import Cancelled, ImagesmithError, ProvisionError
from imagesmith.interfaces import Address, Login, Machine, Remote
from imagesmith.job import Job
from imagesmith.plan import PlannedProvisioner
from imagesmith.provisioners.running import run_provisioner


def run(job: Job, remote: Remote | None, machine: Machine, address: Address, login: Login) -> None:
    """Run the provisioners in order; after an error the error-cleanup-provisioner, then raise the error.

    A cancelled build does not run it, and neither does ``-on-error=abort``.
    """
    job.generated.update(_facts(job, machine, address, login))
    try:
        for number, planned in enumerate(job.planned.provisioners, start=1):
            job.run.step(_step_name(job, number, planned), run_provisioner, planned, remote, job.provision_context())
    except Cancelled:
        raise
    except ImagesmithError as error:
        _clean_up(job, remote, error)
        raise


def _step_name(job: Job, number: int, planned: PlannedProvisioner) -> str:
    place = f" {number}/{len(job.planned.provisioners)}" if len(job.planned.provisioners) > 1 else ""
    return f"provision{place}: {planned.name or planned.type}"


def _clean_up(job: Job, remote: Remote | None, error: ImagesmithError) -> None:
    if job.planned.error_cleanup is None or job.run.on_error == "abort":
        return
    job.run.say("provisioning had errors: running the cleanup provisioner")
    try:
        run_provisioner(job.planned.error_cleanup, remote, job.provision_context())
    except Cancelled:
        raise
    except ImagesmithError as second:
        text = f"the cleanup provisioner failed: {second}. The provisioning error before it: {error.message}"
        raise ProvisionError(text, hint=error.hint) from error


def _facts(job: Job, machine: Machine, address: Address, login: Login) -> dict[str, object]:
    """The ``build`` variables of Packer's templates (packer-plugin-sdk's generated data)."""
    source = job.source
    return {
        "ID": machine.id,
        "Host": address.host,
        "Port": address.port or source.port,
        "User": login.username,
        "Password": login.password,
        "ConnType": source.communicator,
        "PackerRunUUID": job.run_uuid,
        "PackerHTTPAddr": "",
        "PackerHTTPIP": "",
        "PackerHTTPPort": "",
        "SSHPublicKey": login.public_key,
        "SSHPrivateKey": login.private_key,
        "SSHPrivateKeyFile": source.ssh_private_key_file,
        "SSHAgentAuth": source.ssh_agent_auth,
        "WinRMPassword": login.password if source.communicator == "winrm" else source.winrm_password,
    }
