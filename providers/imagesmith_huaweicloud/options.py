"""The builder ``huaweicloud-ecs``: its option table, and the door to its provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic
from imagesmith_huaweicloud.access_options import AccessOptions, require_sdk
from imagesmith_huaweicloud.image_options import ImageOptions
from imagesmith_huaweicloud.network_options import NetworkOptions
from imagesmith_huaweicloud.run_options import RunOptions
from imagesmith_huaweicloud.source_options import SourceOptions

if TYPE_CHECKING:
    from imagesmith.interfaces import Lifecycle, Provider
    from imagesmith.permissions import Permissions


class HuaweicloudEcs(AccessOptions, SourceOptions, ImageOptions, NetworkOptions, RunOptions, CommunicatorOptions):
    """An image of Huawei Cloud ECS, made of a temporary instance. Template name: ``huaweicloud-ecs``."""

    @property
    def builder_type(self) -> str:
        """The name in templates."""
        return "huaweicloud-ecs"

    def open(self, lifecycle: Lifecycle) -> Provider:
        """The provider for one build, or for a cleanup. The SDK is imported here and not before.

        Raises `MissingDependency` without the SDK, `TemplateError` without credentials.
        """
        require_sdk()
        from imagesmith_huaweicloud.provider import HuaweicloudProvider

        return HuaweicloudProvider.open(self, lifecycle)

    def permissions(self, *, force: bool = False) -> Permissions:
        """What a build with these options can call: `imagesmith_huaweicloud.policy` has the table."""
        from imagesmith_huaweicloud import policy

        return policy.permissions(self)

    @property
    def instance_password(self) -> str:
        """What the instance's administrator password is set to; "" to leave it alone."""
        return self.ssh_password or self.winrm_password

    @property
    def wants_temporary_key(self) -> bool:
        """Whether nothing else in the template says how to log in."""
        if self.ssh_keypair_name or self.ssh_private_key_file or self.communicator == "none":
            return False
        return bool(self.temporary_key_pair_name) or not (self.instance_password or self.ssh_agent_auth)

    @property
    def wants_eip(self) -> bool:
        """Whether an EIP, given, reused or made, is attached.

        The plugin's 1.2 connects to no address at all where nothing asks for an EIP; 0.4.0 took the private one.
        """
        if self.associate_public_ip_address is not None:
            return self.associate_public_ip_address
        return self.eip_wanted or (not self.has_own_network and self.communicator != "none")

    @property
    def open_port(self) -> int | None:
        """The one port that the temporary security group opens."""
        if self.communicator == "ssh":
            return self.ssh_port
        if self.communicator == "winrm":
            return self.winrm_port or (5986 if self.winrm_use_ssl else 5985)
        return None

    def problems(self) -> Iterator[Diagnostic]:
        key_file = Path(self.ssh_private_key_file).expanduser() if self.ssh_private_key_file else None
        if key_file and not key_file.is_file():
            yield Diagnostic(f'ssh_private_key_file: there is no file "{key_file}"')
        ways = key_file or self.instance_password or self.ssh_agent_auth
        if self.ssh_keypair_name and not ways and self.communicator == "ssh":
            yield Diagnostic(
                "ssh_keypair_name alone gives no way in",
                hint="give the pair's private key as ssh_private_key_file, or leave both out for a temporary key",
            )
        yield from super().problems()
