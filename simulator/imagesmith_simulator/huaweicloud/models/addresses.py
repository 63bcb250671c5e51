"""EIPs: made, bound to a network interface, unbound, deleted."""

from __future__ import annotations

from concurrent.futures import Future

from imagesmith_simulator.huaweicloud.errors import conflict, invalid
from imagesmith_simulator.huaweicloud.resources import Eip, Port
from imagesmith_simulator.huaweicloud.store import Store, get

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

    def bind(self, eip: Eip, port: Port) -> Future[str] | None:
        """Bind a free EIP to an interface, whose server is reachable there from now on."""
        if eip.port_id or eip.status != "DOWN":
            raise conflict("VPC.0510", f"The EIP is {eip.status} and can't be bound.")
        if any(other.port_id == port.id for other in self._store.eips.values()):
            raise conflict("VPC.0511", "The port has an EIP already.")
        eip.port_id, eip.status = port.id, "ACTIVE"
        self._store.changed(eip.id)
        self._store.used(port.server_id)
        if not port.server_id:
            return None
        listening = self._store.machines.listen(port.server_id, eip.ip)
        listening.add_done_callback(lambda future: _listens(eip, future))
        return listening

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


def _listens(eip: Eip, future: Future[str]) -> None:
    if not future.cancelled() and future.exception() is None:
        eip.host = future.result()
