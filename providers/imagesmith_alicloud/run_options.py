"""The options of the temporary instance, its network and the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from imagesmith.errors import Diagnostic
from imagesmith.ip_ranges import is_range
from imagesmith.options import Duration, Options, option

USER_DATA_LIMIT = 32 * 1024
SHORTEST_LEASE_S = 40 * 60.0
"""ECS wants at least 30 minutes; ten more leave room for a renewal that has to be repeated."""


class RunOptions(Options):
    """The temporary instance."""

    instance_type: str = option(doc="The instance type (ecs.g7.large).")
    source_image: str = option(default="", doc="The id of the image to start from.")
    image_family: str = option(default="", doc="Start from the newest image of this family instead.")
    skip_image_validation: bool = option(
        default=False, doc="Also accept a source image that is no longer offered (ShowExpired)."
    )
    instance_name: str = option(default="", doc="The instance's name; by default one that names the run.")
    description: str = option(default="", doc="Kept for templates that set it.", no_effect="Packer ignores it too")
    zone_id: str = option(default="", doc="The zone; by default one that has the instance type in stock.")
    io_optimized: bool | None = option(default=None, doc="Whether the instance is I/O optimized.")
    ecs_ram_role_name: str = option(default="", doc="The RAM role that the instance gets.")
    run_tags: Mapping[str, str] = option(default={}, doc="Tags of the instance and its disks.")
    security_group_id: str = option(default="", doc="An existing security group.")
    security_group_name: str = option(default="", doc="The name of the temporary security group.")
    security_enhancement_strategy: str = option(
        default="", choices=("Active", "Deactive"), doc="Whether Security Center's agent is installed."
    )
    user_data: str = option(
        default="",
        secret=True,
        doc="User data for the first boot. `{{.WinRMPassword}}` in it stands for the Windows password.",
    )
    user_data_file: str = option(default="", doc="A file with user data; `{{.WinRMPassword}}` counts in it too.")
    vpc_id: str = option(default="", doc="An existing VPC; found from vswitch_id where that is given.")
    vpc_name: str = option(default="", doc="The name of the temporary VPC.")
    vpc_cidr_block: str = option(default="", doc="The address range of the temporary VPC and vSwitch.")
    vswitch_id: str = option(default="", doc="An existing vSwitch.")
    vswitch_name: str = option(default="", doc="The name of the temporary vSwitch.")
    associate_public_ip_address: bool = option(
        default=False,
        doc="Attach an EIP also where ssh_private_ip is set. Without ssh_private_ip one is attached anyway.",
    )
    eip_id: str = option(default="", doc="An existing EIP (its allocation id) to use; it is never released.")
    internet_charge_type: str = option(
        default="", choices=("PayByTraffic", "PayByBandwidth"), doc="How the EIP's traffic is billed."
    )
    internet_max_bandwidth_out: int = option(
        default=0, doc="The EIP's bandwidth in Mbit/s; with ssh_private_ip and no EIP the instance's own."
    )
    temporary_security_group_source_cidrs: Sequence[str] = option(
        default=(), doc="The addresses that may reach the temporary security group's one open port; by default all."
    )
    ssh_private_ip: bool = option(default=False, doc="Connect to the private address and allocate no EIP.")
    force_stop_instance: bool = option(default=False, doc="Stop the instance as if its power was cut.")
    disable_stop_instance: bool = option(
        default=False, doc="Don't stop the instance but wait until it stops by itself (sysprep, shutdown)."
    )
    stop_timeout: Duration = option(default=1800.0, doc="How long to wait until the instance has stopped.")
    instance_ready_timeout: Duration = option(default=1800.0, doc="How long to wait until the instance runs.")
    release_after: Duration = option(
        default=3600.0,
        doc="The cloud itself releases the instance when nobody has renewed it for so long, at least 40m. "
        "It is renewed while the build lives.",
    )

    def raw_user_data(self) -> bytes:
        """The user data as the template or its file has them. Raises `OSError` when the file can't be read."""
        if self.user_data_file:
            return Path(self.user_data_file).expanduser().read_bytes()
        return self.user_data.encode()

    def problems(self) -> Iterator[Diagnostic]:
        yield from self._source_problems()
        yield from self._user_data_problems()
        yield from self._network_problems()
        if len(self.run_tags) > 20 - 3:
            yield Diagnostic("there are too many run_tags", hint="an instance takes 17, beside those that name its run")
        if self.release_after < SHORTEST_LEASE_S:
            yield Diagnostic("release_after is too short", hint='write at least "40m"')
        yield from super().problems()

    def _source_problems(self) -> Iterator[Diagnostic]:
        if self.source_image and self.image_family:
            yield Diagnostic("source_image and image_family exclude each other", hint="keep one of them")
        if not self.source_image and not self.image_family:
            yield Diagnostic("a source_image or an image_family must be given")
        if self.source_image != self.source_image.strip():
            yield Diagnostic(f'source_image "{self.source_image}" begins or ends with white space')

    def _user_data_problems(self) -> Iterator[Diagnostic]:
        if self.user_data and self.user_data_file:
            yield Diagnostic("user_data and user_data_file exclude each other", hint="keep one of them")
            return
        path = Path(self.user_data_file).expanduser()
        if self.user_data_file and not path.is_file():
            yield Diagnostic(f'user_data_file: there is no file "{path}"')
        elif self.user_data_file and path.stat().st_size > USER_DATA_LIMIT:
            yield Diagnostic(f'user_data_file: "{path}" is larger than 32 KiB', hint="ECS takes no more")
        if len(self.user_data.encode()) > USER_DATA_LIMIT:
            yield Diagnostic("user_data is larger than 32 KiB", hint="ECS takes no more")

    def _network_problems(self) -> Iterator[Diagnostic]:
        if self.vpc_cidr_block and not is_range(self.vpc_cidr_block):
            yield Diagnostic(f'vpc_cidr_block: "{self.vpc_cidr_block}" is not an address range', hint="172.16.0.0/16")
        for cidr in self.temporary_security_group_source_cidrs:
            if not is_range(cidr):
                text = f'temporary_security_group_source_cidrs: "{cidr}" is not an address range'
                yield Diagnostic(text, hint="write 203.0.113.7/32")
