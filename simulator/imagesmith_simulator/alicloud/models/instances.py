"""Instances: launch, start, stop, release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from imagesmith_simulator.alicloud.errors import ApiError, conflict
from imagesmith_simulator.alicloud.models.addresses import AddressModel
from imagesmith_simulator.alicloud.models.images import ImageModel
from imagesmith_simulator.alicloud.models.launch import DiskRequest, Launch, check_launch
from imagesmith_simulator.alicloud.models.network import NetworkModel
from imagesmith_simulator.alicloud.resources import Disk, Image, Instance, VSwitch
from imagesmith_simulator.alicloud.store import Store, find
from imagesmith_simulator.machines.interface import MachineSpec

_BEFORE_START = 0.25
"""The part of the launch in which an instance is created; the rest is its start."""

_TAKEN_OVER = (
    "region",
    "type",
    "description",
    "resource_group",
    "charge_type",
    "bandwidth_out",
    "io_optimized",
    "ram_role",
    "user_data",
    "http_tokens",
    "http_endpoint",
    "spot_strategy",
    "deletion_protection",
    "security_enhancement",
)


class InstanceModel:
    """Makes instances and walks them through their states."""

    def __init__(self, store: Store, network: NetworkModel, addresses: AddressModel, images: ImageModel) -> None:
        self._store = store
        self._network = network
        self._addresses = addresses
        self._images = images

    def run(self, launch: Launch, amount: int, *, dry_run: bool = False) -> list[Instance]:
        """Instances that become Running by themselves (RunInstances). Raises DryRunOperation when all is well."""
        image, vswitch = self._check(launch, amount)
        if dry_run:
            raise ApiError("DryRunOperation", 400, "Request validation has been passed with DryRun flag set.")
        made = [self._make(launch, image, vswitch) for _ in range(amount)]
        for instance in made:
            self._launch(instance, self._store.latencies["instance"])
        return made

    def create(self, launch: Launch) -> Instance:
        """An instance that is born Stopped (CreateInstance)."""
        image, vswitch = self._check(launch, 1)
        instance = self._make(launch, image, vswitch)
        seconds = self._store.latencies["instance"] * _BEFORE_START
        self._store.begin(seconds, lambda: _move(instance, "Pending", "Stopped"))
        return instance

    def start(self, identity: str) -> None:
        """Start a Stopped instance."""
        instance = self.get(identity)
        if instance.status != "Stopped" or instance.releasing:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        instance.status, instance.stopped_mode = "Starting", ""
        self._boot(instance, self._store.latencies["instance"] * (1 - _BEFORE_START))
        self._store.changed(instance.id)

    def stop(self, identity: str, *, force: bool, mode: str) -> None:
        """Stop a Running instance; Stopped when the guest is off and the time has come."""
        store = self._store
        instance = self.get(identity)
        if instance.status != "Running" or instance.releasing:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        instance.status, instance.stopped_mode = "Stopping", mode or "KeepCharging"
        off = store.machines.stop(instance.id, force=force)
        store.begin("stop", lambda: _move(instance, "Stopping", "Stopped"), job=off)
        store.changed(instance.id)

    def reboot(self, identity: str, *, force: bool) -> None:
        """Stop and start a Running instance."""
        store = self._store
        instance = self.get(identity)
        if instance.status != "Running" or instance.releasing:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        instance.status = "Starting"
        store.machines.stop(instance.id, force=force)
        seconds = store.latencies["stop"] + store.latencies["instance"] * (1 - _BEFORE_START)
        self._boot(instance, seconds)
        store.changed(instance.id)

    def delete(self, identity: str, *, force: bool) -> None:
        """Release an instance: a Stopped one, or with ``force`` any that has been created."""
        instance = self.get(identity)
        if instance.deletion_protection:
            raise ApiError("InvalidOperation.DeletionProtection", 403, "The instance is protected from deletion.")
        if instance.status == "Pending":
            raise conflict("IncorrectInstanceStatus.Initializing", "The instance is initializing.")
        if instance.status != "Stopped" and not force:
            raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        if not instance.releasing:
            instance.releasing = True
            self._store.begin("release", lambda: self._release(instance))
        self._store.changed(instance.id)
        self._store.used(*instance.security_group_ids, instance.vswitch_id, instance.vpc_id, instance.key_pair)

    def set_auto_release(self, identity: str, at: str) -> None:
        """Set, move or (with "") cancel the time at which the cloud releases the instance by itself."""
        self._set_auto_release(self.get(identity), at)
        self._store.used(identity)

    def get(self, identity: str, region: str = "") -> Instance:
        """The instance with an id. Raises InvalidInstanceId.NotFound."""
        return find(self._store.instances, identity, "InvalidInstanceId.NotFound", region)

    def guest_powered_off(self, instance: Instance) -> None:
        """The guest has switched itself off: the instance is Stopped, though nobody called."""
        with self._store.clock.lock:
            if instance.status in ("Running", "Starting"):
                instance.status = "Stopped"

    def _check(self, launch: Launch, amount: int) -> tuple[Image, VSwitch]:
        store = self._store
        if not 1 <= amount <= 100:
            raise ApiError("InvalidParameter.Amount", 400, "The amount must be 1 to 100.")
        image = self._images.for_launch(launch.region, launch.image_id, launch.image_family)
        vswitch = check_launch(store, launch, image)
        self._release_at(launch.auto_release_time)
        held = sum(item.region == launch.region for item in store.instances.values())
        if held + amount > store.quotas["instance"]:
            raise ApiError("QuotaExceed.AfterpayInstance", 403, "The quota for instances is used up.")
        return image, vswitch

    def _make(self, launch: Launch, image: Image, vswitch: VSwitch) -> Instance:
        store = self._store
        instance = self._describe(launch, image, vswitch)
        store.instances[instance.id] = instance
        self._add_disks(instance, launch, image)
        self._prepare_machine(instance, launch, image)
        self._set_auto_release(instance, launch.auto_release_time)
        store.made(instance)
        store.used(*launch.security_group_ids, vswitch.id, vswitch.vpc_id, instance.key_pair, image.id)
        return instance

    def _describe(self, launch: Launch, image: Image, vswitch: VSwitch) -> Instance:
        identity = self._store.new_id("i")
        address = self._store.machines.new_address("private")
        return Instance(
            **{name: getattr(launch, name) for name in _TAKEN_OVER},
            id=identity,
            name=launch.name or identity,
            tags=dict(launch.tags),
            created=self._store.clock.now(),
            zone=vswitch.zone,
            image_id=image.id,
            vpc_id=vswitch.vpc_id,
            vswitch_id=vswitch.id,
            security_group_ids=list(launch.security_group_ids),
            private_ip=address,
            private_host=address,
            hostname=launch.hostname or f"iZ{identity[5:]}Z",
            key_pair="" if image.os_type == "windows" or launch.password else launch.key_pair,
            internet_charge_type=launch.internet_charge_type or "PayByTraffic",
            os_type=image.os_type,
            os_name=image.os_name,
        )

    def _prepare_machine(self, instance: Instance, launch: Launch, image: Image) -> None:
        store = self._store
        key = store.key_pairs.get((instance.region, instance.key_pair))
        content = self._images.content(image)
        user = "Administrator" if image.os_type == "windows" else "ecs-user" if launch.login_as_non_root else "root"
        spec = MachineSpec(
            id=instance.id,
            hostname=instance.hostname,
            os=image.os_type,
            base=content.disk if content else None,
            user_data=launch.user_data,
            authorized_keys=(key.public_key,) if key else (),
            username=user,
            password=launch.password,
        )

        def allows(peer: str, port: int) -> bool:
            # Asked on the machine's own thread; the clock's lock may be held by one that waits for the machine.
            return self._network.allows(instance.security_group_ids, peer, port)

        store.machines.create(spec, power_off=lambda: self.guest_powered_off(instance), allows=allows)
        if launch.bandwidth_out > 0:
            self._addresses.give_public_ip(instance)
        else:
            self._addresses.listen(instance)

    def _add_disks(self, instance: Instance, launch: Launch, image: Image) -> None:
        system = launch.system_disk
        self._add_disk(instance, system, "system", "/dev/xvda", max(system.size, image.size), image_id=image.id)
        from_image = [disk for disk in image.disks if disk.kind == "data"]
        requests = [
            DiskRequest(size=disk.size, snapshot_id=disk.snapshot_id, device=disk.device) for disk in from_image
        ] + list(launch.data_disks)
        for number, disk in enumerate(requests):
            snapshot = self._store.snapshots.get(disk.snapshot_id)
            size = disk.size or (snapshot.size if snapshot else 20)
            self._add_disk(instance, disk, "data", disk.device or f"/dev/xvd{chr(ord('b') + number)}", size)

    def _add_disk(
        self, instance: Instance, request: DiskRequest, kind: str, device: str, size: int, *, image_id: str = ""
    ) -> None:
        disk = Disk(
            id=self._store.new_id("d"),
            region=instance.region,
            name=request.name,
            description=request.description,
            tags=dict(instance.tags),
            resource_group=instance.resource_group,
            created=self._store.clock.now(),
            zone=instance.zone,
            kind="system" if kind == "system" else "data",
            size=size,
            category=request.category or "cloud_essd",
            device=device,
            instance_id=instance.id,
            delete_with_instance=request.delete_with_instance,
            encrypted=request.encrypted,
            kms_key=request.kms_key,
            snapshot_id=request.snapshot_id,
            image_id=image_id,
            performance_level=request.performance_level,
        )
        self._store.disks[disk.id] = disk
        self._store.made(disk)

    def _launch(self, instance: Instance, seconds: float) -> None:
        self._store.clock.after(seconds * _BEFORE_START, lambda: _move(instance, "Pending", "Starting"))
        self._boot(instance, seconds)

    def _boot(self, instance: Instance, seconds: float) -> None:
        """Running when the time has come and the machine has been switched on."""

        def running() -> None:
            if instance.status in ("Pending", "Starting"):
                instance.status = "Running"

        def power_on() -> None:
            if instance.id in self._store.instances:
                booted = self._store.machines.boot(instance.id)
                booted.add_done_callback(lambda _: self._store.clock.after(0.0, running))

        self._store.begin(seconds, power_on)

    def _release_at(self, text: str) -> datetime | None:
        if not text:
            return None
        now = datetime.fromtimestamp(self._store.clock.now(), UTC)
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise ApiError("InvalidAutoReleaseTime.Malformed", 400, f'The time "{text}" is not valid.') from None
        if not now + timedelta(minutes=30) <= at <= now + timedelta(days=3 * 365):
            raise ApiError(
                "InvalidAutoReleaseTime.Malformed", 400, "The time must be 30 minutes to three years from now."
            )
        return at.replace(second=0)

    def _set_auto_release(self, instance: Instance, text: str) -> None:
        at = self._release_at(text)
        instance.generation += 1
        instance.auto_release_time = at.strftime("%Y-%m-%dT%H:%MZ") if at else ""
        generation = instance.generation

        def due() -> None:
            if instance.generation == generation:
                self._release(instance)

        if at:
            self._store.clock.after(at.timestamp() - self._store.clock.now(), due)

    def _release(self, instance: Instance) -> None:
        """The instance is gone: its addresses are free, its disks too unless they were to stay."""
        store = self._store
        if store.instances.pop(instance.id, None) is None:
            return
        instance.generation += 1
        for eip in store.eips.values():
            if eip.instance_id == instance.id:
                self._addresses.detach(eip)
        for disk in [disk for disk in store.disks.values() if disk.instance_id == instance.id]:
            if disk.delete_with_instance:
                del store.disks[disk.id]
            else:
                disk.instance_id, disk.status, disk.device = "", "Available", ""
        store.machines.destroy(instance.id)


def _move(instance: Instance, before: str, after: str) -> None:
    if instance.status == before:
        instance.status = after  # type: ignore[assignment]
