"""Everything that exists in the account: the projects, the resources by id (key pairs by project and name), jobs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Literal, TypeVar

from imagesmith_simulator.clock import SimulatedClock
from imagesmith_simulator.huaweicloud.errors import not_found
from imagesmith_simulator.huaweicloud.resources import (
    Backup,
    Eip,
    Image,
    Job,
    KeyPair,
    Port,
    Resource,
    SecurityGroup,
    Server,
    Snapshot,
    Subnet,
    Vault,
    Volume,
    Vpc,
)
from imagesmith_simulator.huaweicloud.world import World
from imagesmith_simulator.machines.hosting import Machines
from imagesmith_simulator.refusals import ApiError
from imagesmith_simulator.state import State

AnyResource = TypeVar("AnyResource", bound=Resource)

LATENCIES = (
    "call", "server", "password", "stop", "delete", "image", "backup", "vpc", "subnet", "eip", "volume", "attach",
    "lists",
)  # fmt: skip
"""``lists``: how long something new is missing in lists; ``delete``: until a deleted server is gone; ``password``:
until a Windows guest that runs has told its password."""

QUOTAS = {
    "vpc": 5,
    "subnet": 100,
    "security_group": 100,
    "eip": 20,
    "server": 200,
    "volume": 400,
    "image": 100,
    "key_pair": 100,
}


class Store(State):
    """The state of one account. ``projects`` maps each project's id to its name, ``regions`` to its region."""

    def __init__(self, clock: SimulatedClock, world: World, machines: Machines, latencies: Mapping[str, float]) -> None:
        """``latencies``: simulated seconds by name, see `LATENCIES`; what is not named takes no time."""
        super().__init__(clock, machines, latencies, names=LATENCIES, quotas=QUOTAS)
        self.world = world
        self.projects: dict[str, str] = {}
        self.regions: dict[str, str] = {}
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.ports: dict[str, Port] = {}
        self.security_groups: dict[str, SecurityGroup] = {}
        self.key_pairs: dict[tuple[str, str], KeyPair] = {}
        self.servers: dict[str, Server] = {}
        self.volumes: dict[str, Volume] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.images: dict[str, Image] = {}
        self.eips: dict[str, Eip] = {}
        self.vaults: dict[str, Vault] = {}
        self.backups: dict[str, Backup] = {}
        self.jobs: dict[str, Job] = {}
        self._random = random.SystemRandom()

    def new_id(self) -> str:
        """A new id; Huawei's are UUIDs."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def made(self, resource: Resource) -> None:
        """Journal that the call has made a resource; lists show it after a while."""
        resource.created = self.clock.now()
        resource.visible_at = resource.created + self.latencies["lists"]
        self.journal.made.append(resource.id)

    def listed(self, table: Mapping[Any, AnyResource], project_id: str) -> list[AnyResource]:
        """What a list shows: the project's own that are visible by now, the newest first."""
        now = self.clock.now()
        mine = [item for item in table.values() if item.project_id == project_id and item.visible_at <= now]
        return sorted(mine, key=lambda item: -item.created)

    def job(
        self,
        service: Literal["ecs", "ims", "evs"],
        kind: str,
        project_id: str,
        takes: str | float,
        done: Callable[[Job], None],
        *,
        work: Future[Any] | None = None,
        failure: tuple[str, str] | None = None,
        failed: Callable[[Job], None] = lambda _: None,
    ) -> Job:
        """Begin a job: when its time has come and ``work`` has ended ``done`` is called and it is SUCCESS.

        With ``failure`` (error code, reason), or where the call is doomed by a fault, it ends in FAIL instead and
        ``failed`` is called; ``done`` is called no more. An `ApiError` raised by ``done`` makes it FAIL too.
        """
        job = Job(id=self.new_id().replace("-", ""), service=service, kind=kind, project_id=project_id, began=0.0)
        job.began = self.clock.now()
        if failure is None and self.journal.doomed:
            failure = ("Ecs.0000", "A fault that was asked for.")
        self.jobs[job.id] = job

        def end() -> None:
            wrong = failure or _failure_of(done, job)
            job.status, job.ended = "FAIL" if wrong else "SUCCESS", self.clock.now()
            job.error_code, job.fail_reason = wrong or ("", "")
            if wrong:
                failed(job)

        job.takes_s = self.begin(takes, end, job=work)
        return job

    def status(self, job: Job) -> str:
        """The job's status; INIT in the first tenth of its time, RUNNING until it ends."""
        if job.status in ("SUCCESS", "FAIL"):
            return job.status
        return "INIT" if self.clock.now() - job.began < job.takes_s / 10 else "RUNNING"

    def percent(self, job: Job) -> int:
        """How far a job is, 0 to 100."""
        if job.status == "SUCCESS":
            return 100
        past = self.clock.now() - job.began
        return min(99, int(100 * past / job.takes_s)) if job.takes_s > 0 else 99

    def check_quota(
        self, name: str, project_id: str, held: Mapping[Any, Resource], code: str, *, more: int = 1
    ) -> None:
        """Refuse when the project would hold more than its quota allows."""
        mine = [item for item in held.values() if item.project_id == project_id]
        if len(mine) + more > self.quotas[name]:
            raise ApiError(code, 409 if code.startswith("VPC") else 403, f"Quota exceeded for resources: ['{name}'].")

    def all(self) -> list[tuple[str, Any]]:
        """Everything that exists, with its kind."""
        tables: tuple[tuple[str, Mapping[Any, Resource]], ...] = (
            ("server", self.servers),
            ("volume", self.volumes),
            ("eip", self.eips),
            ("key pair", self.key_pairs),
            ("port", self.ports),
            ("security group", self.security_groups),
            ("subnet", self.subnets),
            ("vpc", self.vpcs),
            ("snapshot", self.snapshots),
            ("backup", self.backups),
            ("vault", self.vaults),
            ("image", self.images),
        )
        return [(kind, item) for kind, table in tables for item in table.values()]


def _failure_of(done: Callable[[Job], None], job: Job) -> tuple[str, str] | None:
    try:
        done(job)
    except ApiError as error:
        return error.code, error.message
    return None


def get(table: Mapping[str, AnyResource], identity: str, project_id: str, code: str, what: str) -> AnyResource:
    """The project's resource with an id. Raises the API's NotFound."""
    found = table.get(identity)
    if found is None or (project_id and found.project_id != project_id):
        raise not_found(code, what, identity)
    return found
