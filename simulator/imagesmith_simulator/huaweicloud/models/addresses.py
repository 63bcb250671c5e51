"""EIPs: made, bound to a network interface, unbound, deleted."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.errors import conflict, invalid
from imagesmith_simulator.huaweicloud.resources import Eip, Port
from imagesmith_simulator.huaweicloud.store import Store, get
from imagesmith_simulator.machines.hosting import done

KINDS = ("5_bgp", "5_sbgp", "5_telcom", "5_union", "5_g-vm", "5_ipv6", "5_youxuanbgp")


class AddressModel:
    """Makes EIPs and moves them between network interfaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, eip: Eip) -> Eip:
        """An EIP that is DOWN (usable, unbound) after a while."""
        store = self._store
        if eip.kind not in KINDS:
            raise invalid("VPC.0501", "type", f"The EIP type {eip.kind} is not sold.")
        if not 1 <= eip.bandwidth_size <= 2000:
            raise invalid("VPC.0501", "size", "The bandwidth must be 1 to 2000 Mbit/s.")
        store.check_quota("eip", eip.project_id, store.eips, "VPC.0504")
        store.eips[eip.id] = eip
        doomed = store.journal.doomed

        def ready() -> None:
            if eip.status == "PENDING_CREATE":
                eip.status = "ERROR" if doomed else "DOWN"

        store.begin("eip", ready)
        store.made(eip)
        return eip

    def get(self, identity: str, project_id: str) -> Eip:
        """The EIP with an id."""
        return get(self._store.eips, identity, project_id, "VPC.0504", "public IP")

    def bind(self, eip: Eip, port: Port) -> None:
        """Bind a free EIP to an interface; it is ACTIVE when the interface's server is reachable there."""
        if eip.port_id or eip.status != "DOWN":
            raise conflict("VPC.0510", f"The EIP is {eip.status} and can't be bound.")
        if any(other.port_id == port.id for other in self._store.eips.values()):
            raise conflict("VPC.0511", "The port has an EIP already.")
        eip.port_id, eip.status = port.id, "BINDING"
        self._store.changed(eip.id)
        self._store.used(port.server_id)
        listening = self._store.machines.listen(port.server_id, eip.ip) if port.server_id else done(eip.ip)

        def in_use() -> None:
            if eip.status == "BINDING" and eip.port_id == port.id:
                eip.status = "ACTIVE"
                if not listening.cancelled() and listening.exception() is None:
                    eip.host = listening.result()

        self._store.begin(0.0, in_use, job=listening)

    def unbind(self, eip: Eip) -> None:
        """Unbind an EIP; one that is free stays so."""
        port = self._store.ports.get(eip.port_id)
        if port and port.server_id:
            self._store.machines.stop_listening(port.server_id, eip.ip)
        eip.port_id, eip.status, eip.host = "", "DOWN", eip.ip
        self._store.changed(eip.id)

    def delete(self, identity: str, project_id: str) -> None:
        """Delete an EIP that is not bound."""
        eip = self.get(identity, project_id)
        if eip.port_id:
            raise conflict("VPC.0517", "The EIP is bound to an instance; unbind it first.")
        if eip.status == "PENDING_CREATE":
            raise conflict("VPC.0503", "The EIP is still being created.")
        del self._store.eips[eip.id]
        self._store.changed(eip.id)
