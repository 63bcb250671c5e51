"""The way into the temporary machine, and leaving no trace of it in the image."""

from __future__ import annotations

import contextlib
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from imagesmith import plugin
from imagesmith.errors import AccessDenied, Cancelled, ImagesmithError
from imagesmith.interfaces import Address, Connect, Login, Machine, OffersWayIn, Provider, Remote
from imagesmith.job import Job
from imagesmith.lifecycle import Run
from imagesmith.readiness import wait_until_ready

_FORGET_KEY = (
    'for file in "$HOME/.ssh/authorized_keys" {more}; do '
    '{sudo}test -f "$file" && {sudo}sed -i "\\|{blob}|d" "$file"; done; true'
)


def prepare(job: Job) -> None:
    """Load the communicator while the instance starts; a failure shows when it is used."""

    def load() -> None:
        with contextlib.suppress(Exception):
            connect = plugin.load("communicators", job.source.communicator)
            prepare = getattr(sys.modules[connect.__module__], "prepare", None)
            if prepare:
                prepare()

    if job.source.communicator != "none":
        threading.Thread(target=load, name="prepare", daemon=True).start()


def complete_login(job: Job, cloud: Provider, machine: Machine, login: Login) -> Login:
    """The login with everything that it takes; what is secret of it is masked from now on."""
    if login.password_later:
        login = job.run.step("password", cloud.password, machine, login)
    job.hide(login.private_key, login.password)
    return login


@contextmanager
def connection(job: Job, cloud: Provider, machine: Machine, address: Address, login: Login) -> Iterator[Remote | None]:
    """Connect as the template says, and wait until the guest is ready; gives None with ``communicator = "none"``."""
    if job.source.communicator == "none":
        yield None
        return
    remote = job.run.step("connect", _connect, job, cloud, machine, address, login)
    try:
        wait_until_ready(job.run, remote.remote, job.source)
        yield remote.remote
    finally:
        remote.remote.close()


@dataclass(frozen=True, slots=True)
class Connected:
    """A step's result: the host is its data, the open connection stays out of the ledger."""

    host: str
    remote: Remote = field(repr=False, metadata={"secret": True})


def _connect(job: Job, cloud: Provider, machine: Machine, address: Address, login: Login) -> Connected:
    cancel, console = job.run.cancel, _console(job.run, cloud, machine)
    if isinstance(cloud, OffersWayIn) and cloud.opens(job.source.communicator):
        return Connected(address.host, cloud.connect(machine, login, cancel=cancel, console=console))
    connect: Connect = plugin.load("communicators", job.source.communicator)
    return Connected(address.host, connect(address, login, job.source, cancel=cancel, say=job.run.say, console=console))


def _console(run: Run, cloud: Provider, machine: Machine) -> Callable[[], str]:
    """The console's text; a cloud that refuses it does not fail the build, but a missing permission is told once."""
    told = False

    def text() -> str:
        nonlocal told
        try:
            return cloud.console(machine)
        except Cancelled:
            raise
        except AccessDenied as error:
            if not told:
                run.say(f"the guest's console can't be read: {error}", "warning")
            told = True
            return ""
        except ImagesmithError:
            return ""

    return text


def remove_temporary_key(run: Run, remote: Remote | None, login: Login) -> None:
    """Take the run's own temporary key, and only that, out of the image's authorized_keys.

    A machine that is already shutting down (``disable_stop_instance``) can't be cleaned any more: that is said.
    """
    if remote is None or not login.temporary or not login.public_key:
        return
    blob = login.public_key.split()[1]
    as_root = login.username == "root"
    command = _FORGET_KEY.format(
        more="" if as_root else "/root/.ssh/authorized_keys", sudo="" if as_root else "sudo -n ", blob=blob
    )
    try:
        result = remote.run("sh -c " + shlex.quote(command), output=lambda _stream, _line: None)
    except Cancelled:
        raise
    except ImagesmithError as error:
        run.say(f"the temporary key could not be removed from authorized_keys: {error}", "warning")
        return
    if result.exit_status != 0:
        run.say("the temporary key could not be removed from authorized_keys", "warning")
