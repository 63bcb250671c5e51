"""Putting a server together of what the checks have found, and taking it apart again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from imagesmith_simulator.huaweicloud.models.addresses import AddressModel
from imagesmith_simulator.huaweicloud.models.launch import AddressRequest, DiskRequest, Launch, Place
from imagesmith_simulator.huaweicloud.models.network import NetworkModel
from imagesmith_simulator.huaweicloud.resources import Eip, Port, Server, Volume
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.machines.interface import MachineSpec

_TAKEN_OVER = (
    "project_id",
    "description",
    "enterprise_project_id",
    "flavor_id",
    "key_name",
    "user_data",
    "password",
    "market_type",
    "spot_price",
)


class Assembly:
    """Makes servers with their disks, interfaces, address and machine."""

    def __init__(self, store: Store, network: NetworkModel, addresses: AddressModel) -> None:
        self._store = store
        self._network = network
        self._addresses = addresses

    def make(self, launch: Launch, place: Place, number: int, *, power_off: Callable[[Server], None]) -> Server:
        """One server in BUILD, with a machine that is switched off; ``power_off``: its guest has switched it off."""
        store = self._store
        server = Server(
            **{name: getattr(launch, name) for name in _TAKEN_OVER},
            id=store.new_id(),
            name=launch.name if launch.count == 1 else f"{launch.name}-{number:04d}",
            tags=dict(launch.tags),
            metadata=dict(launch.metadata),
            availability_zone=place.availability_zone,
            image_id=place.image.id,
            vpc_id=place.vpc.id,
            os_type=place.image.os_type,
        )
        if server.os_type == "Windows" and server.key_name and not server.password:
            server.password = f"{secrets.token_urlsafe(9)}aA1!"
        store.servers[server.id] = server
        self._add_disks(server, launch, place)
        ports = self._add_ports(server, place)
        self._add_machine(server, place, ports, power_off)
        self._add_address(server, launch, place, ports[0])
        store.made(server)
        store.used(place.image.id, place.vpc.id, *(group.id for group in place.groups))
        store.used(*(subnet.id for subnet, *_ in place.nics), server.key_name)
        return server

    def take_apart(self, server: Server, *, with_volumes: bool, with_eip: bool) -> None:
        """The server is gone: its interfaces too, its addresses are free, its disks follow it where they are to."""
        store = self._store
        if store.servers.pop(server.id, None) is None:
            return
        server.generation += 1
        server.status = "DELETED"
        for port in [port for port in store.ports.values() if port.server_id == server.id]:
            self._remove_port(port, with_eip=with_eip)
        for volume in [volume for volume in store.volumes.values() if volume.server_id == server.id]:
            if volume.kind == "system" or with_volumes or volume.delete_on_termination:
                del store.volumes[volume.id]
            else:
                volume.server_id, volume.status, volume.device = "", "available", ""
        store.machines.destroy(server.id)

    def _remove_port(self, port: Port, *, with_eip: bool) -> None:
        store = self._store
        for eip in [eip for eip in store.eips.values() if eip.port_id == port.id]:
            self._addresses.unbind(eip)
            if with_eip or eip.delete_on_termination:
                del store.eips[eip.id]
        if port.kept:
            port.server_id, port.host = "", port.ip
        else:
            del store.ports[port.id]

    def _add_disks(self, server: Server, launch: Launch, place: Place) -> None:
        root = launch.root
        size = max(root.size, place.image.min_disk)
        self._add_disk(server, root, "system", "/dev/vda", size, image_id=place.image.id)
        for number, disk in enumerate(launch.data):
            device = f"/dev/vd{chr(ord('b') + number)}"
            self._add_disk(server, disk, "data", device, disk.size, image_id=disk.data_image_id)

    def _add_disk(self, server: Server, disk: DiskRequest, kind: str, device: str, size: int, *, image_id: str) -> None:
        volume = Volume(
            id=self._store.new_id(),
            project_id=server.project_id,
            name=server.name if kind == "system" else f"{server.name}-volume-{device[-1]}",
            enterprise_project_id=server.enterprise_project_id,
            kind="system" if kind == "system" else "data",
            size=size,
            volume_type=disk.volume_type,
            availability_zone=server.availability_zone,
            device=device,
            server_id=server.id,
            status="attaching",
            image_id=image_id,
            encrypted=disk.encrypted,
            kms_key_id=disk.kms_key_id,
            iops=disk.iops,
            throughput=disk.throughput,
            delete_on_termination=kind == "system" or disk.delete_on_termination,
        )
        self._store.volumes[volume.id] = volume
        self._store.made(volume)

    def _add_ports(self, server: Server, place: Place) -> list[Port]:
        groups = [group.id for group in place.groups]
        ports = []
        for subnet, given, ipv6 in place.nics:
            port = given or self._network.add_port(server, subnet, groups)
            if ipv6:
                port.ipv6 = f"2001:db8::{int(port.id[:8], 16) >> 16:x}:{int(port.id[:4], 16):x}"
            port.server_id = server.id
            server.port_ids.append(port.id)
            ports.append(port)
        return ports

    def _add_machine(
        self, server: Server, place: Place, ports: Sequence[Port], power_off: Callable[[Server], None]
    ) -> None:
        store = self._store
        key = store.key_pairs.get((server.project_id, server.key_name))
        content = place.image.content
        spec = MachineSpec(
            id=server.id,
            hostname=re.sub(r"[^a-z0-9-]", "-", server.name.lower())[:63].strip("-") or "ecs",
            os="windows" if server.os_type == "Windows" else "linux",
            base=content.disk if content else None,
            user_data=server.user_data,
            authorized_keys=(key.public_key,) if key else (),
            username="Administrator" if server.os_type == "Windows" else "root",
            password=server.password,
        )

        def allows(peer: str, number: int) -> bool:
            # Asked on the machine's own thread; the clock's lock may be held by one that waits for the machine.
            return any(self._network.lets_in(port, peer, number) for port in ports)

        store.machines.create(spec, power_off=lambda: power_off(server), allows=allows)
        for port in ports:
            store.machines.listen(server.id, port.ip).add_done_callback(_listener(port))

    def _add_address(self, server: Server, launch: Launch, place: Place, port: Port) -> None:
        wanted = launch.address
        if wanted is None:
            return
        eip = place.eip or self._new_eip(server, wanted)
        eip.delete_on_termination = wanted.delete_on_termination
        self._addresses.bind(eip, port)

    def _new_eip(self, server: Server, wanted: AddressRequest) -> Eip:
        store = self._store
        ip = store.machines.new_address("public")
        eip = Eip(
            id=store.new_id(),
            project_id=server.project_id,
            enterprise_project_id=server.enterprise_project_id,
            ip=ip,
            host=ip,
            kind=wanted.kind,
            bandwidth_id=store.new_id(),
            bandwidth_name=f"{server.name}-bandwidth",
            bandwidth_size=wanted.bandwidth_size,
            charge_mode=wanted.charge_mode or "bandwidth",
        )
        self._addresses.create(eip)
        eip.status = "DOWN"
        return eip


def _listener(port: Port) -> Callable[[Future[str]], None]:
    def listens(future: Future[str]) -> None:
        if not future.cancelled() and future.exception() is None:
            port.host = future.result()

    return listens
