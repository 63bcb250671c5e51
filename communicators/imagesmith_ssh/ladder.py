"""Which way a transfer goes: the first of several that the guest offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from imagesmith.errors import TransferError
from imagesmith_ssh.trouble import NotOffered

if TYPE_CHECKING:
    from imagesmith_ssh.remote import SshRemote


def first_offered(remote: SshRemote, failure: str, ways: Mapping[str, Callable[[], None]]) -> None:
    """Use the first way that the guest offers; what it has not got is not asked for again on this connection.

    ``ssh_file_transfer_method`` leaves one way only. ``failure`` begins the `TransferError` when there is none.
    """
    allowed = [remote.method] if remote.method else [name for name in ways if name not in remote.missing]
    reasons = []
    for name in allowed:
        try:
            ways[name]()
        except NotOffered as error:
            remote.missing.add(name)
            reasons.append(str(error))
        else:
            return
    hint = f'remove ssh_file_transfer_method = "{remote.method}"' if remote.method else ""
    raise TransferError(f"{failure}: {'; '.join(reasons)}", hint=hint)
