"""The builder ``huaweicloud-ecs``: its option table, and the door to its provider."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic
from imagesmith.passwords import names_password
from imagesmith_huaweicloud import user_data
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
        if self.communicator == "winrm":
            return self.winrm_password or self.ssh_password
        return self.ssh_password or self.winrm_password

    @property
    def wants_temporary_key(self) -> bool:
        """Whether nothing else in the template says how to log in."""
        if self.ssh_keypair_name or self.ssh_private_key_file or self.communicator == "none":
            return False
        if self.communicator == "winrm":
            return not self.instance_password
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
        return None if self.communicator == "none" else self.port

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
        yield from self._windows_problems()
        yield from super().problems()

    def _windows_problems(self) -> Iterator[Diagnostic]:
        """What is wrong about the password of Windows, which the guest makes itself where none is given."""
        if not self.instance_password and self._asks_for_password():
            hint = "give winrm_password: a password that the guest makes itself is known only after it has started"
            yield Diagnostic("the user data ask for {{.WinRMPassword}}, and none is given", hint=hint)
        if self.communicator != "winrm":
            return
        if self.instance_password:
            if self.ssh_keypair_name or self.temporary_key_pair_name:
                hint = "the given password is set without one; leave it out"
                yield Diagnostic("the key pair has no effect with a winrm_password", hint=hint, severity="warning")
        elif bool(self.ssh_keypair_name) != bool(self.ssh_private_key_file):
            hint = "give ssh_keypair_name and its ssh_private_key_file, or neither, or winrm_password"
            yield Diagnostic("half of a key pair can't tell the password of Windows", hint=hint)
        elif self.temporary_key_pair_type not in ("", "rsa"):
            hint = 'ECS encrypts it for RSA keys only: leave temporary_key_pair_type out, or write "rsa"'
            yield Diagnostic("this kind of key can't tell the password of Windows", hint=hint)

    def _asks_for_password(self) -> bool:
        with contextlib.suppress(OSError):
            return names_password(user_data.decoded(self))
        return False
