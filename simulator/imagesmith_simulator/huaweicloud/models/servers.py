"""Servers: launched, started, stopped, deleted, each by a job; and terminated by the cloud at a time that was set."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

from imagesmith_simulator.huaweicloud.errors import Refused, invalid
from imagesmith_simulator.huaweicloud.models.addresses import AddressModel
from imagesmith_simulator.huaweicloud.models.assembly import Assembly
from imagesmith_simulator.huaweicloud.models.launch import Launch, Place, check_launch
from imagesmith_simulator.huaweicloud.models.network import NetworkModel
from imagesmith_simulator.huaweicloud.resources import Job, Server
from imagesmith_simulator.huaweicloud.store import Store, get
from imagesmith_simulator.refusals import ApiError

_NO_HOST = ("Ecs.0319", "No valid host was found. There are not enough hosts available.")


class ServerModel:
    """Makes servers and walks them through their states."""

    def __init__(self, store: Store, network: NetworkModel, addresses: AddressModel) -> None:
        self._store = store
        self._assembly = Assembly(store, network, addresses)

    def check(self, launch: Launch) -> Place:
        """What a dry run does: refuse what would be refused."""
        place = check_launch(self._store, launch)
        self._terminate_at(launch.auto_terminate_time)
        return place

    def launch(self, launch: Launch) -> tuple[Job, list[Server]]:
        """Servers that are BUILD until the job is done; where the flavor is really sold out it fails."""
        store = self._store
        place = self.check(launch)
        has = store.world.has(place.availability_zone, launch.flavor_id)
        doomed = store.journal.doomed or not has
        servers = [
            self._assembly.make(launch, place, number + 1, power_off=self.guest_powered_off)
            for number in range(launch.count)
        ]
        for server in servers:
            self._set_auto_terminate(server, launch.auto_terminate_time)
        job = store.job(
            "ecs",
            "createServer",
            launch.project_id,
            "server",
            lambda _: self._running(servers),
            work=None if doomed else self._boot_after(store.latencies["server"], servers),
            failure=None if has else _NO_HOST,
            failed=lambda job: self._not_made(job, servers),
        )
        self._add_sub_jobs(job, "createSingleServer", servers)
        return job, servers

    def start(self, ids: Sequence[str], project_id: str) -> Job:
        """Start servers that are SHUTOFF."""
        store = self._store
        servers = self._all(ids, project_id, ("SHUTOFF",))
        doomed = store.journal.doomed
        for server in servers:
            server.task_state = "powering-on"
        work = None if doomed else self._boot_after(store.latencies["server"] / 2, servers)
        return self._change("startServer", servers, store.latencies["server"] / 2, self._running, work)

    def stop(self, ids: Sequence[str], project_id: str, *, force: bool) -> Job:
        """Stop servers that are ACTIVE; SHUTOFF when the guest is off and the time has come.

        While the guest takes its time a forced stop may follow.
        """
        store = self._store
        servers = self._all(ids, project_id, ("ACTIVE",), during=("powering-off",) if force else ())
        offs = [] if store.journal.doomed else [store.machines.stop(server.id, force=force) for server in servers]
        for server in servers:
            server.task_state = "powering-off"

        def stopped(ended: Sequence[Server]) -> None:
            for server in ended:
                server.status, server.task_state = "SHUTOFF", ""

        return self._change("stopServer", servers, "stop", stopped, _all_of(offs))

    def reboot(self, ids: Sequence[str], project_id: str, *, force: bool) -> Job:
        """Stop and start servers that are ACTIVE."""
        store = self._store
        servers = self._all(ids, project_id, ("ACTIVE",))
        for server in servers:
            server.task_state = "rebooting"
            if not store.journal.doomed:
                store.machines.stop(server.id, force=force)
        takes = store.latencies["stop"] + store.latencies["server"] / 2
        work = None if store.journal.doomed else self._boot_after(takes, servers)
        return self._change("rebootServer", servers, takes, self._running, work)

    def delete(self, ids: Sequence[str], project_id: str, *, with_volumes: bool, with_eip: bool) -> Job:
        """Delete servers in whatever state, with their system disks.

        ``with_volumes`` deletes the data disks that are attached, whosoever they are; else those stay that were not
        made to go with the server.
        """
        store = self._store
        servers = [self.get(identity, project_id) for identity in ids]
        for server in servers:
            server.deleting, server.task_state = True, "deleting"
            ports = [store.ports[identity] for identity in server.port_ids if identity in store.ports]
            store.used(server.vpc_id, *(port.subnet_id for port in ports))
            store.used(*(group for port in ports for group in port.security_group_ids))
            store.used(*(eip.id for eip in store.eips.values() if eip.port_id in server.port_ids))
            store.used(*(volume.id for volume in store.volumes.values() if volume.server_id == server.id))
            store.used(server.key_name)

        def gone(ended: Sequence[Server]) -> None:
            for server in ended:
                self._assembly.take_apart(server, with_volumes=with_volumes, with_eip=with_eip)

        return self._change("deleteServer", servers, "delete", gone, None)

    def set_auto_terminate(self, identity: str, project_id: str, at: str) -> None:
        """Set, move or (with "") cancel the time at which the cloud deletes the server by itself."""
        server = self.get(identity, project_id)
        self._set_auto_terminate(server, at)
        self._store.used(server.id)

    def get(self, identity: str, project_id: str, *, nova: bool = False) -> Server:
        """The server with an id. Raises ECS's NotFound or, as its older interface does, Nova's."""
        try:
            return get(self._store.servers, identity, project_id, "Ecs.0114", "instance")
        except ApiError:
            if nova:
                raise Refused("404", 404, f"Instance {identity} could not be found.", shape="nova") from None
            raise ApiError("Ecs.0114", 404, f"Instance[{identity}] could not be found.") from None

    def guest_powered_off(self, server: Server) -> None:
        """The guest has switched itself off: the server is SHUTOFF, though nobody called."""
        with self._store.clock.lock:
            if server.status in ("ACTIVE", "BUILD"):
                server.status, server.task_state = "SHUTOFF", ""

    def _all(
        self, ids: Sequence[str], project_id: str, wanted: Sequence[str], during: Sequence[str] = ()
    ) -> list[Server]:
        if not ids:
            raise invalid("Ecs.0005", "servers", "There is no server in the list.")
        servers = [self.get(identity, project_id) for identity in ids]
        for server in servers:
            if server.status not in wanted or server.task_state not in ("", *during):
                state = f"{server.status} {server.task_state}".strip()
                raise ApiError("Ecs.0100", 400, f"Instance {server.id} is {state}; it must be {wanted[0]}.")
        return servers

    def _change(
        self,
        kind: str,
        servers: Sequence[Server],
        takes: str | float,
        done: Callable[[Sequence[Server]], None],
        work: Future[Any] | None,
    ) -> Job:
        store = self._store

        def failed(job: Job) -> None:
            for server in servers:
                server.task_state, server.deleting = "", False
            _blame_sub_jobs(job)

        def end(_: Job) -> None:
            done([server for server in servers if server.id in store.servers])

        job = store.job("ecs", kind, servers[0].project_id, takes, end, work=work, failed=failed)
        self._add_sub_jobs(job, kind, servers)
        store.changed(*(server.id for server in servers))
        return job

    def _add_sub_jobs(self, job: Job, kind: str, servers: Sequence[Server]) -> None:
        for server in servers:
            sub = Job(
                id=self._store.new_id().replace("-", ""),
                service="ecs",
                kind=kind,
                project_id=job.project_id,
                began=job.began,
                entities={"server_id": server.id},
            )
            job.sub_jobs.append(sub)

    def _boot_after(self, seconds: float, servers: Sequence[Server]) -> Future[Any]:
        """Switch the machines on when the time has come; ends when the last of them is on."""
        store, work = self._store, Future[Any]()

        def power_on() -> None:
            here = [server for server in servers if server.id in store.servers]
            on = _all_of([store.machines.boot(server.id) for server in here])
            on.add_done_callback(lambda _: work.set_result(None))

        store.clock.after(seconds, power_on)
        return work

    def _running(self, servers: Sequence[Server]) -> None:
        store = self._store
        for server in servers:
            if server.id not in store.servers:
                raise ApiError("Ecs.0114", 404, f"Instance[{server.id}] could not be found.")
            if server.status == "BUILD" or server.task_state in ("powering-on", "rebooting"):
                server.status = "ACTIVE"
                # By then Cloudbase-Init in the guest has made a password and told it.
                store.clock.after(
                    store.latencies["password"], functools.partial(setattr, server, "password_told", True)
                )
            if not server.deleting:
                server.task_state = ""
            for volume in store.volumes.values():
                if volume.server_id == server.id and volume.status == "attaching":
                    volume.status = "in-use"

    def _not_made(self, job: Job, servers: Sequence[Server]) -> None:
        for server in servers:
            server.status, server.fault = "ERROR", job.fail_reason
            if not self._store.world.keeps_failed:
                self._assembly.take_apart(server, with_volumes=True, with_eip=False)
        _blame_sub_jobs(job)

    def _terminate_at(self, text: str) -> datetime | None:
        if not text:
            return None
        now = datetime.fromtimestamp(self._store.clock.now(), UTC)
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise invalid("Ecs.0005", "auto_terminate_time", f'The time "{text}" is not valid.') from None
        if not now + timedelta(minutes=30) <= at <= now + timedelta(days=3 * 365):
            raise invalid("Ecs.0005", "auto_terminate_time", "The time must be 30 minutes to three years from now.")
        return at.replace(second=0)

    def _set_auto_terminate(self, server: Server, text: str) -> None:
        at = self._terminate_at(text)
        server.generation += 1
        server.auto_terminate_time = at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
        generation = server.generation

        def due() -> None:
            if server.generation == generation:
                self._assembly.take_apart(server, with_volumes=False, with_eip=False)

        if at:
            self._store.clock.after(at.timestamp() - self._store.clock.now(), due)


def _all_of(futures: Sequence[Future[Any]]) -> Future[None]:
    """A future that ends when all have ended, well or not."""
    whole: Future[None] = Future()
    left, lock = set(futures), threading.Lock()

    def ended(future: Future[Any]) -> None:
        with lock:
            left.discard(future)
            last = not left
        if last:
            whole.set_result(None)

    if not futures:
        whole.set_result(None)
    for future in futures:
        future.add_done_callback(ended)
    return whole


def _blame_sub_jobs(job: Job) -> None:
    """The reason stands at the sub-jobs; the job itself says only that one of them has failed."""
    for sub in job.sub_jobs:
        sub.error_code, sub.fail_reason = job.error_code, job.fail_reason
        sub.entities["errorcode_message"] = job.fail_reason
    job.error_code, job.fail_reason = "Common.0021", f"[{job.kind}] a sub-job has failed: {job.fail_reason}"
