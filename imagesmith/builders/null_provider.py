"""What the builder ``null`` does with a machine that exists: it names it, and leaves it alone."""

from __future__ import annotations

from pathlib import Path

from imagesmith.builders.null import Null, read_key
from imagesmith.builders.without_cloud import WithoutCloud
from imagesmith.interfaces import Address, Artifact, Image, Login, Machine, Network, ReservedAddress, SourceImage


class NullProvider(WithoutCloud):
    """The machine that the options name."""

    def __init__(self, options: Null) -> None:
        self.options = options

    def login(self, source: SourceImage) -> Login:
        """As the options say. Raises `UsageError` when the private key can't be read."""
        key = self.options.ssh_private_key_file
        over_winrm = self.options.communicator == "winrm"
        return Login(
            username=self.options.username,
            private_key=read_key(Path(key)) if key and not over_winrm else "",
            password=self.options.winrm_password if over_winrm else self.options.ssh_password,
        )

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        """The machine is there already."""
        return Machine("Null")

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        """The given host."""
        return Address(self.options.given_host, kind="given")

    def capture(self, machine: Machine) -> Image | None:
        """A name for the nothing that is made, so that post-processors run as they do in Packer."""
        return Image("Null", "", "")

    def publish(self, image: Image) -> Artifact:
        """Packer's artifact."""
        return Artifact("fnoeding.null", image.id, "Did not export anything. This is the null builder")
