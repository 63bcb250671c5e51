"""The options of the network, the public address and what may reach the instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from imagesmith.errors import Diagnostic
from imagesmith.ip_ranges import is_range
from imagesmith.options import Options, option

OLD_VERSION = "0.4.0"
PLUGIN_VERSIONS = ("1.2.2", OLD_VERSION)


class NetworkOptions(Options):
    """The way to the temporary instance."""

    plugin_versions: ClassVar[tuple[str, ...]] = PLUGIN_VERSIONS

    vpc_id: str = option(default="", doc="An existing VPC; found from the subnet where only that is given.")
    vpc_name: str = option(default="", doc="An existing VPC by its name.")
    subnets: Sequence[str] = option(
        default=(), doc="Existing subnets by their network id, or by name; one network interface each, in this order."
    )
    networks: Sequence[str] = option(default=(), doc="Further subnets by their network id (0.4.0).")
    ports: Sequence[str] = option(default=(), doc="Existing network interfaces (ports) by id (0.4.0).")
    security_groups: Sequence[str] = option(
        default=(),
        doc="Existing security groups by id or name; without any a temporary one with one open port is made.",
    )
    temporary_security_group_source_cidrs: Sequence[str] = option(
        default=(), doc="The addresses that may reach the temporary security group's one open port; by default all."
    )
    vpc_cidr_block: str = option(default="172.16.0.0/16", doc="The address range of the temporary VPC.")
    associate_public_ip_address: bool | None = option(
        default=None,
        doc="Whether the instance gets an EIP; false connects to its private address. Unset: an EIP in a temporary "
        "network, the private address in an existing one, unless an EIP is asked for.",
    )
    floating_ip: str = option(default="", doc="An existing EIP to use, by id or address; it is never released.")
    reuse_ips: bool = option(default=False, doc="Use an EIP of the project that is free.")
    eip_type: str = option(default="", doc="The type of a new EIP: 5_bgp, 5_sbgp, …; by default 5_bgp.")
    eip_bandwidth_size: int = option(default=0, doc="The bandwidth of a new EIP in Mbit/s; it asks for one.")
    ssh_interface: str = option(
        default="",
        doc="Which address to connect to (0.4.0): public, private, or the name of the instance's network.",
    )
    plugin_version: str = option(
        default="",
        choices=PLUGIN_VERSIONS,
        doc="The version of Packer's plugin to behave as where they differ: 0.4.0 makes an EIP only where eip_type "
        "and eip_bandwidth_size are both set. Unset: what required_plugins asks for, else the newest.",
    )
    ssh_ip_version: str = option(default="", choices=("4", "6"), doc="Connect to the address of this IP version.")

    @property
    def subnet_names(self) -> tuple[str, ...]:
        """Every existing subnet that is named, once."""
        return tuple(dict.fromkeys((*self.subnets, *self.networks)))

    @property
    def has_own_network(self) -> bool:
        """Whether the instance goes into a network that exists."""
        return bool(self.vpc_id or self.vpc_name or self.subnet_names or self.ports)

    @property
    def eip_wanted(self) -> bool:
        """Whether an option asks for an EIP by itself."""
        makes_one = self.eip_bandwidth_size and (self.eip_type or self.plugin_version != OLD_VERSION)
        return bool(self.floating_ip or self.reuse_ips or makes_one)

    def problems(self) -> Iterator[Diagnostic]:
        given = [n for n in ("floating_ip", "reuse_ips", "eip_type", "eip_bandwidth_size") if getattr(self, n)]
        if self.associate_public_ip_address is False and given:
            yield Diagnostic(f"{given[0]} asks for an EIP that associate_public_ip_address = false forbids")
        if self.floating_ip and self.reuse_ips:
            yield Diagnostic("floating_ip and reuse_ips exclude each other", hint="keep one of them")
        if self.vpc_id and self.vpc_name:
            yield Diagnostic("vpc_id and vpc_name exclude each other", hint="keep one of them")
        if self.eip_bandwidth_size < 0:
            yield Diagnostic(f"eip_bandwidth_size can't be {self.eip_bandwidth_size}", hint="it is in Mbit/s")
        yield from self._range_problems()
        yield from super().problems()

    def _range_problems(self) -> Iterator[Diagnostic]:
        if not is_range(self.vpc_cidr_block):
            yield Diagnostic(f'vpc_cidr_block: "{self.vpc_cidr_block}" is not an address range', hint="172.16.0.0/16")
        for cidr in self.temporary_security_group_source_cidrs:
            if not is_range(cidr):
                text = f'temporary_security_group_source_cidrs: "{cidr}" is not an address range'
                yield Diagnostic(text, hint="write 203.0.113.7/32")
