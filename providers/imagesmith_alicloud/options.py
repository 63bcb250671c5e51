"""The builder ``alicloud-ecs``: its option table, and the door to its provider."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, option
from imagesmith.passwords import names_password
from imagesmith_alicloud.access_options import AccessOptions, require_sdk
from imagesmith_alicloud.image_options import ImageOptions
from imagesmith_alicloud.run_options import RunOptions

if TYPE_CHECKING:
    from imagesmith.interfaces import Lifecycle, Provider
    from imagesmith.permissions import Permissions


class AlicloudEcs(AccessOptions, ImageOptions, RunOptions, CommunicatorOptions):
    """An image of Alibaba Cloud ECS, made of a temporary instance. Template name: ``alicloud-ecs``."""

    communicator: str = option(
        default="ssh",
        choices=("ssh", "none", "winrm", "cloud-assistant"),
        doc="The way into the machine: ssh, winrm, cloud-assistant or none. With cloud-assistant commands and files go "
        "through the cloud's API: no EIP, no open port, no key. The user is ssh_username, else root.",
    )
    cloud_assistant_timeout: Duration = option(
        default=600.0, doc="How long to wait for Cloud Assistant's agent in the guest."
    )

    @property
    def builder_type(self) -> str:
        """The name in templates."""
        return "alicloud-ecs"

    def open(self, lifecycle: Lifecycle) -> Provider:
        """The provider for one build, or for a cleanup. The SDK is imported here and not before.

        Raises `MissingDependency` without the SDK, `TemplateError` without credentials.
        """
        require_sdk()
        from imagesmith_alicloud.provider import AlicloudProvider

        return AlicloudProvider.open(self, lifecycle)

    def permissions(self, *, force: bool = False) -> Permissions:
        """What a build with these options can call: `imagesmith_alicloud.policy` has the table."""
        from imagesmith_alicloud import policy

        return policy.permissions(self, force=force)

    @property
    def instance_password(self) -> str:
        """What the instance's administrator password is set to; "" to leave it alone, or to have one made up."""
        if self.communicator == "winrm":
            return self.winrm_password or self.ssh_password
        return self.ssh_password or self.winrm_password

    @property
    def wants_temporary_key(self) -> bool:
        """Whether nothing else in the template says how to log in."""
        given = self.ssh_private_key_file or self.ssh_keypair_name or self.instance_password
        return self.communicator == "ssh" and (bool(self.temporary_key_pair_name) or not given)

    @property
    def wants_eip(self) -> bool:
        """Whether an EIP, given or allocated, is attached."""
        if self.eip_id or self.associate_public_ip_address:
            return True
        return not self.ssh_private_ip and self.communicator in ("ssh", "winrm")

    @property
    def open_port(self) -> int | None:
        """The one port that the temporary security group opens."""
        return self.port if self.communicator in ("ssh", "winrm") else None

    def problems(self) -> Iterator[Diagnostic]:
        keys = ("ssh_keypair_name", "ssh_private_key_file", "temporary_key_pair_name")
        for name in keys if self.communicator == "winrm" else ():
            if getattr(self, name):
                hint = "ECS puts no key pair into Windows; leave it out"
                yield Diagnostic(f"{name} has no effect with WinRM", hint=hint, severity="warning")
        if self.communicator != "winrm" and not self.instance_password and self._asks_for_password():
            hint = 'give winrm_password, or communicator = "winrm", with which one is made up'
            yield Diagnostic("the user data ask for {{.WinRMPassword}}, and there is none", hint=hint)
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

    def _asks_for_password(self) -> bool:
        with contextlib.suppress(OSError):
            return names_password(self.raw_user_data())
        return False
