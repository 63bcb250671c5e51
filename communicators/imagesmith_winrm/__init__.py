"""The WinRM communicator, on pywinrm.

Importing this package is cheap: pywinrm and requests are loaded when `connect` is called and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith.errors import MissingDependency

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login, Remote
    from imagesmith.waiting import CancelToken

__all__ = ["connect", "prepare"]


def prepare() -> None:
    """Load pywinrm, while somebody else is waited for. Raises `MissingDependency`."""
    try:
        import winrm
    except ImportError as error:
        raise MissingDependency("pywinrm", "winrm") from error
    from imagesmith_winrm import connecting, remote

    _ = (winrm, connecting, remote)


def connect(
    address: Address,
    login: Login,
    options: CommunicatorOptions,
    *,
    cancel: CancelToken,
    say: Callable[[str], None],
    console: Callable[[], str],
) -> Remote:
    """Connect by WinRM, trying until ``options.winrm_timeout``; implements `imagesmith.interfaces.Connect`.

    Raises a classified `imagesmith.errors.ConnectError`: causes that waiting can't cure end early, the others at the
    time limit. Raises `MissingDependency` where pywinrm, or what the authentication needs beside it, is not installed.
    """
    prepare()
    from imagesmith_winrm.connecting import Connector
    from imagesmith_winrm.remote import WinrmRemote

    connector = Connector(address, login, options, cancel=cancel, say=say, console=console)
    shell = connector.connect()
    if options.pause_before_connecting > 0:
        say(f"connected; waiting {options.pause_before_connecting:g} s before connecting again")
        shell.close()
        cancel.sleep(options.pause_before_connecting)
        shell = connector.connect()
    return WinrmRemote(connector, shell)
