"""The builder ``null``: connect to a machine that exists, provision it, and leave it as it is.

Source: Packer's builder of that name (its options, artifact and builder id).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from imagesmith.builders.without_cloud import WithoutCloud
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic, UsageError
from imagesmith.interfaces import (
    Address,
    Artifact,
    Image,
    Lifecycle,
    Login,
    Machine,
    Network,
    ReservedAddress,
    SourceImage,
)


class Null(CommunicatorOptions):
    """Provision a machine that exists already, at `ssh_host`. Nothing is made of it. Template name: ``null``."""

    in_a_cloud: ClassVar[bool] = False

    @property
    def builder_type(self) -> str:
        """The name in templates."""
        return "null"

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.communicator != "ssh":
            return
        if not self.ssh_host:
            yield Diagnostic("an ssh_host must be given", hint="the null builder connects to a machine that exists")
        given = [name for name in ("ssh_password", "ssh_private_key_file") if getattr(self, name)]
        if len(given) != 1:
            hint = "Give either ssh_password or ssh_private_key_file"
            number = "two ways" if given else "no way"
            yield Diagnostic(f"there are {number} to log in, and one is wanted", hint=hint)
        if self.ssh_private_key_file:
            yield from _key_problems(Path(self.ssh_private_key_file))

    def open(self, lifecycle: Lifecycle) -> NullProvider:
        """The provider for one build."""
        return NullProvider(self)


class NullProvider(WithoutCloud):
    """The machine that the options name."""

    def __init__(self, options: Null) -> None:
        self.options = options

    def login(self, source: SourceImage) -> Login:
        """As the options say. Raises `UsageError` when the private key can't be read."""
        key = self.options.ssh_private_key_file
        return Login(
            username=self.options.ssh_username,
            private_key=_read(Path(key)) if key else "",
            password=self.options.ssh_password,
        )

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        """The machine is there already."""
        return Machine("Null")

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        """The given host."""
        return Address(self.options.ssh_host, kind="given")

    def capture(self, machine: Machine) -> Image | None:
        """A name for the nothing that is made, so that post-processors run as they do in Packer."""
        return Image("Null", "", "")

    def publish(self, image: Image) -> Artifact:
        """Packer's artifact."""
        return Artifact("fnoeding.null", image.id, "Did not export anything. This is the null builder")


def _key_problems(path: Path) -> Iterator[Diagnostic]:
    try:
        text = _read(path)
    except UsageError as error:
        yield Diagnostic(error.message, hint=error.hint)
        return
    if "PRIVATE KEY" not in text:
        yield Diagnostic(f"ssh_private_key_file: {path} is not a private key")
    elif "ENCRYPTED" in text:
        hint = "Take the passphrase off a copy of it: ssh-keygen -p -f FILE"
        yield Diagnostic(f"ssh_private_key_file: {path} is protected by a passphrase", hint=hint)


def _read(path: Path) -> str:
    try:
        return path.expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        hint = "check the path; it is relative to the current folder"
        raise UsageError(f"ssh_private_key_file: {path} can't be read: {reason}", hint=hint) from None
