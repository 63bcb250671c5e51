"""One SSH server on the way: shake hands, see to it that it is the right one, log in."""

from __future__ import annotations

import threading

from paramiko.ssh_exception import IncompatiblePeer

from imagesmith.waiting import CancelToken
from imagesmith_ssh import failures
from imagesmith_ssh.algorithms import Algorithms
from imagesmith_ssh.authentication import log_in
from imagesmith_ssh.channel_wire import ChannelWire
from imagesmith_ssh.credentials import Credentials
from imagesmith_ssh.failures import Target
from imagesmith_ssh.hostkeys import HostKeys
from imagesmith_ssh.transport import SshTransport
from imagesmith_ssh.wire import Wire

_AUTH_S = 30.0


class Hop:
    """A bastion, or the machine itself; remembers its host key from one connection to the next."""

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        host_keys: HostKeys,
        algorithms: Algorithms,
        *,
        keepalive_s: float,
    ) -> None:
        self.target = target
        self._credentials = credentials
        self._host_keys = host_keys
        self._algorithms = algorithms
        self._keepalive_s = keepalive_s

    def enter(self, wire: Wire | ChannelWire, *, handshake_s: float, cancel: CancelToken) -> SshTransport:
        """An authenticated connection on this wire, which is closed if that fails.

        Raises the classified `ConnectError`, `OtherKeyWanted`, and what ``cancel`` says. ``handshake_s`` is how long
        the peer may stay silent.
        """
        transport = SshTransport(wire, keepalive_s=self._keepalive_s)
        try:
            with transport.breaking_off(cancel):
                self._shake_hands(transport, wire, handshake_s)
                self._host_keys.verify(self._name, transport.get_remote_server_key())
                log_in(transport, self.target, self._credentials, timeout_s=_AUTH_S)
        except BaseException:
            transport.shut()
            cancel.check()
            raise
        return transport

    @property
    def _name(self) -> str:
        return f"the {self.target.role} {self.target.host}" if self.target.role else self.target.host

    def _shake_hands(self, transport: SshTransport, wire: Wire | ChannelWire, timeout_s: float) -> None:
        key_types = self._host_keys.algorithms(self._algorithms.offer(transport))
        transport.get_security_options().key_types = key_types
        transport.banner_timeout = timeout_s
        transport.handshake_timeout = timeout_s
        done = threading.Event()
        transport.start_client(event=done)
        done.wait(timeout_s * 2)
        if transport.is_active() and done.is_set() and transport.initial_kex_done:
            return
        problem = transport.get_exception()
        text = "" if problem is None or isinstance(problem, EOFError | OSError) else str(problem)
        if isinstance(problem, IncompatiblePeer):
            text = f"incompatible: {text}"
            if self._host_keys.narrowed and "host key" in text:
                raise self._host_keys.mismatch(self._name)
        offered = failures.offered_algorithms(wire.greeting)
        raise failures.no_handshake(self.target, wire.greeting, offered, text)
