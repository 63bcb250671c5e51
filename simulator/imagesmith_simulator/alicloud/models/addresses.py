"""Elastic public addresses, and the public address that an instance can have of its own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from imagesmith_simulator.alicloud.errors import ApiError, conflict
from imagesmith_simulator.alicloud.models.network import check_name
from imagesmith_simulator.alicloud.resources import Eip, Instance
from imagesmith_simulator.alicloud.store import Store, find


class AddressModel:
    """Allocates, associates and releases addresses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allocate(
        self,
        region: str,
        *,
        bandwidth: int,
        charge_type: str,
        name: str,
        description: str,
        group: str,
        tags: Mapping[str, str],
    ) -> Eip:
        """An address that is Available at once."""
        store = self._store
        check_name("Name", name)
        if not 1 <= bandwidth <= 500:
            raise ApiError("InvalidParameter.Bandwidth", 400, "The bandwidth must be 1 to 500 Mbit/s.")
        if charge_type not in ("PayByTraffic", "PayByBandwidth"):
            raise ApiError("InvalidInternetChargeType.ValueNotSupported", 400, "The charge type is not supported.")
        store.check_quota("eip", region, store.eips, "QuotaExceeded.Eip")
        ip = store.machines.new_address("public")
        eip = Eip(
            id=store.new_id("eip"),
            region=region,
            name=name,
            description=description,
            tags=dict(tags),
            resource_group=group,
            created=store.clock.now(),
            ip=ip,
            host=ip,
            bandwidth=bandwidth,
            charge_type=charge_type,
        )
        store.eips[eip.id] = eip
        store.made(eip)
        return eip

    def associate(self, region: str, identity: str, instance_id: str) -> Eip:
        """Bind an Available address to an instance that is Running or Stopped and has no public address."""
        store = self._store
        eip = find(store.eips, identity, "InvalidAllocationId.NotFound", region)
        instance = find(store.instances, instance_id, "InvalidInstanceId.NotFound", region)
        if eip.status != "Available":
            raise conflict("IncorrectEipStatus", f"The address is {eip.status}.", status=400)
        if instance.status not in ("Running", "Stopped") or instance.releasing:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.", status=400)
        if instance.public_ip or any(other.instance_id == instance.id for other in store.eips.values()):
            raise conflict(
                "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP", "The instance has a public address already.", status=400
            )
        eip.status, eip.instance_id = "Associating", instance.id
        reachable = store.machines.listen(instance.id, eip.ip)

        def in_use() -> None:
            if eip.status == "Associating":
                eip.host = _host(reachable, eip.ip)
                eip.status = "InUse"

        store.begin("eip", in_use, job=reachable)
        store.changed(eip.id, instance.id)
        return eip

    def unassociate(self, region: str, identity: str, instance_id: str) -> None:
        """Take an address away from its instance."""
        store = self._store
        eip = find(store.eips, identity, "InvalidAllocationId.NotFound", region)
        if eip.status != "InUse":
            raise conflict("IncorrectEipStatus", f"The address is {eip.status}.", status=400)
        if instance_id and instance_id != eip.instance_id:
            raise ApiError("InvalidAssociation.NotFound", 404, "The address is not associated with that instance.")
        store.changed(eip.id, eip.instance_id)
        eip.status = "Unassociating"
        store.begin("eip", lambda: self.detach(eip))

    def detach(self, eip: Eip) -> None:
        """The address is free again (also when its instance is gone)."""
        if eip.instance_id:
            self._store.machines.stop_listening(eip.instance_id, eip.ip)
        eip.status, eip.instance_id, eip.host = "Available", "", eip.ip

    def release(self, region: str, identity: str) -> None:
        """Give an address back that is bound to nothing."""
        store = self._store
        eip = find(store.eips, identity, "InvalidAllocationId.NotFound", region)
        if eip.status != "Available":
            raise conflict("IncorrectEipStatus", f"The address is {eip.status}.", status=400)
        del store.eips[eip.id]
        store.changed(eip.id)

    def give_public_ip(self, instance: Instance) -> str:
        """An address of the instance's own, which goes with it; returns what clients connect to."""
        if instance.public_ip:
            raise ApiError("AllocatedAlready", 400, "The instance has a public address already.")
        instance.public_ip = self._store.machines.new_address("public")
        instance.public_host = instance.public_ip
        self.listen(instance)
        return instance.public_host

    def listen(self, instance: Instance) -> None:
        """Make the instance's own addresses reachable."""
        private = self._store.machines.listen(instance.id, instance.private_ip)
        private.add_done_callback(lambda ended: setattr(instance, "private_host", _host(ended, instance.private_ip)))
        if instance.public_ip:
            public = self._store.machines.listen(instance.id, instance.public_ip)
            public.add_done_callback(lambda ended: setattr(instance, "public_host", _host(ended, instance.public_ip)))


def _host(reachable: Future[str], ip: str) -> str:
    return ip if reachable.cancelled() or reachable.exception() else reachable.result()
