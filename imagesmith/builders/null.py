"""The builder ``null``: connect to a machine that exists, provision it, and leave it as it is.

Source: Packer's builder of that name (its options, artifact and builder id).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from imagesmith.builders.null_provider import NullProvider
    from imagesmith.interfaces import Lifecycle


class Null(CommunicatorOptions):
    """Provision a machine that exists already, at `ssh_host`. Nothing is made of it. Template name: ``null``."""

    in_a_cloud: ClassVar[bool] = False

    @property
    def builder_type(self) -> str:
        """The name in templates."""
        return "null"

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.communicator in ("ssh", "winrm") and not self.given_host:
            text = f"{'a' if self.communicator == 'winrm' else 'an'} {self.communicator}_host must be given"
            yield Diagnostic(text, hint="the null builder connects to a machine that exists")
        if self.communicator == "winrm" and not self.winrm_password:
            yield Diagnostic("a winrm_password must be given", hint="the null builder has no cloud that could tell it")
        if self.communicator != "ssh":
            return
        given = [name for name in ("ssh_password", "ssh_private_key_file", "ssh_agent_auth") if getattr(self, name)]
        if len(given) != 1:
            hint = "Give one of ssh_password, ssh_private_key_file and ssh_agent_auth"
            number = ("no way", "", "two ways", "three ways")[len(given)]
            yield Diagnostic(f"there are {number} to log in, and one is wanted", hint=hint)
        if self.ssh_private_key_file:
            yield from _key_problems(Path(self.ssh_private_key_file), locked=bool(self.ssh_private_key_passphrase))

    def open(self, lifecycle: Lifecycle) -> NullProvider:
        """The provider for one build."""
        from imagesmith.builders.null_provider import NullProvider

        return NullProvider(self)


def _key_problems(path: Path, *, locked: bool) -> Iterator[Diagnostic]:
    try:
        text = read_key(path)
    except UsageError as error:
        yield Diagnostic(error.message, hint=error.hint)
        return
    if "PRIVATE KEY" not in text:
        yield Diagnostic(f"ssh_private_key_file: {path} is not a private key")
    elif "ENCRYPTED" in text and not locked:
        hint = "Give it as ssh_private_key_passphrase"
        yield Diagnostic(f"ssh_private_key_file: {path} is protected by a passphrase", hint=hint)


def read_key(path: Path) -> str:
    """The private key in this file. Raises `UsageError`."""
    try:
        return path.expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        hint = "check the path; it is relative to the current folder"
        raise UsageError(f"ssh_private_key_file: {path} can't be read: {reason}", hint=hint) from None
