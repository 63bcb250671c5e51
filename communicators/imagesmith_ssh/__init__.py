"""The SSH communicator, on paramiko.

Importing this package is cheap: paramiko is loaded when `connect` is called and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login, Remote
    from imagesmith.waiting import CancelToken

__all__ = ["connect", "prepare"]


def prepare() -> None:
    """Load paramiko, while somebody else is waited for."""
    from imagesmith_ssh import connecting, remote

    _ = (connecting, remote)


def connect(
    address: Address,
    login: Login,
    options: CommunicatorOptions,
    *,
    cancel: CancelToken,
    say: Callable[[str], None],
    console: Callable[[], str],
) -> Remote:
    """Connect by SSH, trying until ``options.ssh_timeout``; implements `imagesmith.interfaces.Connect`.

    Raises a classified `imagesmith.errors.ConnectError`: causes that waiting can't cure end early, the others at the
    time limit. Raises `imagesmith.errors.TemplateError` for a malformed ``ssh_host_key_fingerprints``.
    """
    from imagesmith_ssh.connecting import Connector
    from imagesmith_ssh.remote import SshRemote

    connector = Connector(address, login, options, cancel=cancel, say=say, console=console)
    try:
        transport = connector.connect()
        if options.pause_before_connecting > 0:
            say(f"connected; waiting {options.pause_before_connecting:g} s before connecting again")
            transport.shut()
            cancel.sleep(options.pause_before_connecting)
            transport = connector.connect()
    except BaseException:
        connector.close()
        raise
    return SshRemote(connector, transport)
