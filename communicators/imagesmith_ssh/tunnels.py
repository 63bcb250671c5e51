"""Ports of this host that lead into the guest, ports of the guest that lead here, and the guest's way to the agent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import paramiko

from imagesmith.errors import AuthenticationFailed, ForwardingRefused, SilentPeer, UsageError
from imagesmith.ssh_settings import Tunnel, tunnel
from imagesmith.waiting import CancelToken
from imagesmith_ssh import agent
from imagesmith_ssh.relays import Relays
from imagesmith_ssh.transport import SshTransport

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions

_CONNECT_S = 30.0
_BACKLOG = 16


class Tunnels:
    """Local ports are listened to from the first connection to the last; those in the guest are asked for each time."""

    def __init__(self, options: CommunicatorOptions, cancel: CancelToken, say: Callable[[str], None]) -> None:
        """Raises `AuthenticationFailed` where the agent is to be forwarded and there is none."""
        self._local = [tunnel(text) for text in options.ssh_local_tunnels]
        self._remote = {one.port: one for one in map(tunnel, options.ssh_remote_tunnels)}
        self._forwards_agent = options.ssh_agent_forwarding
        self._cancel = cancel
        self._say = say
        self._listeners: list[socket.socket] = []
        self._relays = Relays()
        self._transport: SshTransport | None = None
        if self._forwards_agent and not agent.address():
            raise AuthenticationFailed(
                "ssh_agent_forwarding is set, but there is no SSH agent: SSH_AUTH_SOCK is not set",
                hint="start one (eval $(ssh-agent); ssh-add KEY), or leave the option out",
            )

    def listen(self) -> None:
        """Listen to the local ports, unless that is done already. Raises `UsageError` for one that is taken."""
        for one in self._local[len(self._listeners) :]:
            try:
                listener = socket.create_server(("127.0.0.1", one.port), backlog=_BACKLOG)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise UsageError(
                    f"ssh_local_tunnels: port {one.port} can't be listened to: {reason}",
                    hint="take a port that nothing else uses; builds that run at the same time need one each",
                ) from None
            self._listeners.append(listener)
            work = threading.Thread(target=self._accept, args=(listener, one), name="tunnel", daemon=True)
            self._relays.start(work)

    def begin(self, transport: SshTransport) -> None:
        """Use this connection from now on. Raises `ForwardingRefused` if the guest does not listen to a port."""
        self._transport = transport
        if self._forwards_agent:
            inner: Any = transport
            inner._set_forward_agent_handler(partial(self._carry, self._to_agent, "the SSH agent"))
        with transport.breaking_off(self._cancel):
            for port in self._remote:
                self._ask_for(transport, port)

    def close(self) -> None:
        """Stop listening here and break everything off; never raises."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._listeners.clear()
        self._relays.close()

    def _ask_for(self, transport: SshTransport, port: int) -> None:
        try:
            transport.request_port_forward("localhost", port, self._from_guest)
        except (paramiko.SSHException, EOFError, OSError) as error:
            if not transport.is_active():
                raise SilentPeer("the connection broke while tunnels were made", hint="it is made anew") from error
            raise ForwardingRefused(
                f"the guest's SSH server does not listen to port {port} (ssh_remote_tunnels)",
                hint="it has to allow it (AllowTcpForwarding, PermitListen), and nothing else may use the port there; "
                "ports below 1024 are for root",
            ) from error

    # from here into the guest

    def _accept(self, listener: socket.socket, to: Tunnel) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._relays.start(threading.Thread(target=self._into_guest, args=(client, to), daemon=True))

    def _into_guest(self, client: socket.socket, to: Tunnel) -> None:
        channel = None
        if self._transport:
            channel = self._channel(self._transport, to, client.getpeername()[:2])
        if channel is None:
            client.close()
            return
        self._relays.carry(channel, client)

    def _channel(self, transport: SshTransport, to: Tunnel, origin: tuple[str, int]) -> paramiko.Channel | None:
        try:
            return transport.open_channel("direct-tcpip", (to.host, to.target_port), origin, timeout=_CONNECT_S)
        except (paramiko.SSHException, EOFError, OSError) as error:
            reason = getattr(error, "text", "") or str(error) or "the connection broke"
            self._say(f"tunnel {to.port}: the guest does not connect to {to.host}:{to.target_port}: {reason}")
            return None

    # from the guest to here

    def _from_guest(self, channel: paramiko.Channel, _origin: tuple[str, int], server: tuple[str, int]) -> None:
        """Called by the connection's own thread, which must not wait."""
        to = self._remote[server[1]]
        connect = partial(socket.create_connection, (to.host, to.target_port), timeout=_CONNECT_S)
        self._carry(connect, f"{to.host}:{to.target_port} (tunnel {to.port} of the guest)", channel)

    def _to_agent(self) -> socket.socket:
        return agent.connect()

    def _carry(self, connect: Callable[[], socket.socket], name: str, channel: paramiko.Channel) -> None:
        def work() -> None:
            try:
                other = connect()
            except (OSError, AuthenticationFailed) as error:
                channel.close()
                self._say(f"{name} can't be reached: {error}")
                return
            other.settimeout(None)
            self._relays.carry(channel, other)

        self._relays.start(threading.Thread(target=work, name="tunnel", daemon=True))
