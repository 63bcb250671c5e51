"""What the SSH server lets a client do: who may log in, and what a login may ask for."""

from __future__ import annotations

import hmac
import socket
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_FAILED_UNKNOWN_CHANNEL_TYPE,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from imagesmith_simulator.machines.sandbox.sshd.authorized import accepts
from imagesmith_simulator.machines.sandbox.sshd.forwarding import RemoteForwards, Tunnel
from imagesmith_simulator.machines.sandbox.sshd.guest import Guest
from imagesmith_simulator.machines.sandbox.sshd.session import Session
from imagesmith_simulator.machines.sandbox.sshd.transport import ServerTransport

_ACCEPTED_VARIABLES = ("LANG", "LC_", "COLORTERM", "NO_COLOR")


class Rules(paramiko.ServerInterface):
    """The policy of one connection."""

    def __init__(self, guest: Guest, transport: ServerTransport, username: str, password: str) -> None:
        self._guest = guest
        self._transport = transport
        self._username = username
        self._password = password
        self._forwards = RemoteForwards(guest, transport, transport.attach)
        transport.on_close.append(self._forwards.close)
        self._sessions: dict[int, Session] = {}
        self._asked: dict[int, dict[str, Any]] = {}
        self._tunnels: dict[int, socket.socket] = {}

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password,keyboard-interactive" if self._password else "publickey"

    def check_auth_none(self, username: str) -> int:
        return AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        try:
            reply, _ = self._guest.ask({"do": "login", "user": username})
        except OSError:
            return AUTH_FAILED
        allowed = reply["exists"] and accepts(reply["keys"], key.asbytes())
        return AUTH_SUCCESSFUL if allowed else AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        right = hmac.compare_digest(password.encode(), self._password.encode())
        allowed = self._password and username == self._username and right
        return AUTH_SUCCESSFUL if allowed else AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        if not self._password:
            return AUTH_FAILED
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        handler: Any = self._transport.auth_handler
        return self.check_auth_password(handler.auth_username, responses[0] if responses else "")

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind == "session":
            return OPEN_SUCCEEDED
        return OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        host, port = destination
        try:
            _, (descriptor,) = self._guest.ask({"do": "connect", "host": host, "port": port})
        except OSError:
            return OPEN_FAILED_CONNECT_FAILED
        self._tunnels[chanid] = socket.socket(fileno=descriptor)
        return OPEN_SUCCEEDED

    def opened(self, channel: paramiko.Channel) -> None:
        """A channel is open: a tunnel's data flows from now on, a session waits for a request."""
        sock = self._tunnels.pop(channel.chanid, None)
        if sock:
            self._transport.attach(channel, Tunnel(channel, sock))
            return
        session = Session(self._guest, channel, self._transport.get_username() or "", self._login_variables())
        self._sessions[channel.chanid] = session
        self._transport.attach(channel, session)

    def _login_variables(self) -> dict[str, str]:
        sock: Any = self._transport.sock
        peer, here = sock.getpeername(), sock.getsockname()
        return {
            "SSH_CLIENT": f"{peer[0]} {peer[1]} 22",
            "SSH_CONNECTION": f"{peer[0]} {peer[1]} {here[0]} 22",
        }

    def check_port_forward_request(self, address: str, port: int) -> int | bool:
        try:
            return self._forwards.listen(address, port)
        except OSError:
            return False

    def cancel_port_forward_request(self, address: str, port: int) -> None:
        self._forwards.cancel(address, port)

    def check_channel_env_request(self, channel: paramiko.Channel, name: bytes, value: bytes) -> bool:
        variable = name.decode(errors="replace")
        session = self._sessions.get(channel.chanid)
        if session is None or not variable.startswith(_ACCEPTED_VARIABLES):
            return False  # sshd's usual AcceptEnv
        session.set_environment(variable, value.decode(errors="surrogateescape"))
        return True

    def check_channel_pty_request(
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        session = self._sessions.get(channel.chanid)
        if session is None:
            return False
        session.want_pty(term.decode(errors="replace"), width, height, modes)
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        session = self._sessions.get(channel.chanid)
        if session:
            session.resize(width, height)
        return session is not None

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return self._ask_for(channel, {"command": command.decode(errors="surrogateescape")})

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        return self._ask_for(channel, {"command": None})

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        return name == "sftp" and self._ask_for(channel, {"subsystem": name})

    def _ask_for(self, channel: paramiko.Channel, what: dict[str, Any]) -> bool:
        if channel.chanid not in self._sessions:
            return False
        self._asked[channel.chanid] = what
        return True

    def after_request(self, channel: paramiko.Channel) -> None:
        """The answer to a request was sent: start what it asked for."""
        what = self._asked.pop(channel.chanid, None)
        if what is not None:
            self._sessions[channel.chanid].start(what)

    def signal(self, channel: paramiko.Channel, name: str) -> None:
        """Deliver a signal to the session's process group."""
        session = self._sessions.get(channel.chanid)
        if session:
            session.signal(name)
