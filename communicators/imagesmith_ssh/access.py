"""For SSH clients that others bring: what to log in with, and a connection to the machine's SSH port."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from imagesmith.errors import ConnectError
from imagesmith.ssh_access import SshAccess
from imagesmith_ssh.hostkeys import OtherKeyWanted
from imagesmith_ssh.keys import in_plain_text
from imagesmith_ssh.route import Route
from imagesmith_ssh.tries import Tries

if TYPE_CHECKING:
    from imagesmith_ssh.channel_wire import ChannelWire
    from imagesmith_ssh.connecting import Connector
    from imagesmith_ssh.transport import SshTransport
    from imagesmith_ssh.wire import Wire

_TRIES = 3


def describe(connector: Connector, transport: SshTransport) -> SshAccess:
    """How another client logs in where this connection has."""
    options, login, target = connector.options, connector.login, connector.target
    key = transport.get_remote_server_key()
    return SshAccess(
        host=target.host,
        port=target.port,
        username=target.username,
        host_key=f"{key.get_name()} {key.get_base64()}",
        direct=not connector.bastions and connector.proxy is None,
        uses_agent=options.ssh_agent_auth,
        certificate_file="" if login.temporary else options.ssh_certificate_file,
        private_key=in_plain_text(login.private_key, options.ssh_private_key_passphrase),
        password=login.password,
    )


def open_stream(connector: Connector) -> RoutedStream:
    """Connect to the machine's SSH port once more. Raises a classified `ConnectError`."""
    route = Route(connector.bastions, connector.proxy, connector.cancel)
    tries = Tries(connector.options, None)
    for left in reversed(range(_TRIES)):
        try:
            return RoutedStream(route, route.reach(connector.target, tries))
        except (ConnectError, OtherKeyWanted) as error:
            if not left or (isinstance(error, ConnectError) and error.permanent):
                route.close()
                raise
        except BaseException:
            route.close()
            raise
    raise AssertionError


class RoutedStream:
    """A connection together with the connections to bastions that it goes through; implements `ByteStream`."""

    def __init__(self, route: Route, wire: Wire | ChannelWire) -> None:
        self._route, self._wire = route, wire
        wire.settimeout(None)

    def recv(self, size: int, /) -> bytes:
        return self._wire.recv(size)

    def sendall(self, data: bytes, /) -> None:
        rest = memoryview(data)
        while rest:
            sent = self._wire.send(rest)
            if not sent:
                raise BrokenPipeError
            rest = rest[sent:]

    def close(self) -> None:
        """End the connection and those to its bastions; never raises."""
        self._wire.part()
        with contextlib.suppress(OSError):
            self._wire.close()
        self._route.close()
