"""The way to the machine: directly, through a proxy, or through bastions one behind the other."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import paramiko

from imagesmith.errors import ConnectError, SilentPeer
from imagesmith.waiting import CancelToken
from imagesmith_ssh import failures
from imagesmith_ssh.channel_wire import ChannelWire
from imagesmith_ssh.failures import Target
from imagesmith_ssh.hop import Hop
from imagesmith_ssh.proxies import Proxy, dial_through
from imagesmith_ssh.transport import SshTransport
from imagesmith_ssh.tries import Tries
from imagesmith_ssh.wire import Wire, dial

_PROHIBITED, _CONNECT_FAILED, _UNKNOWN_KIND = 1, 2, 3
_STALE_S = 20.0


class Route:
    """Connections to bastions are made when they are needed, and kept for the next connection to the machine."""

    def __init__(self, bastions: Sequence[Hop], proxy: Proxy | None, cancel: CancelToken) -> None:
        self._bastions = bastions
        self._proxy = proxy
        self._cancel = cancel
        self._open: list[SshTransport] = []

    def reach(self, target: Target, tries: Tries) -> Wire | ChannelWire:
        """A connection to the machine on which nothing has been said yet.

        Raises a classified `ConnectError`, whose ``hop`` names the bastion or the proxy if that is the cause, and
        `OtherKeyWanted` of a bastion.
        """
        self._drop_broken()
        for bastion in self._bastions[len(self._open) :]:
            with blamed_on(bastion.target):
                wire = self._next(bastion.target, tries)
                transport = bastion.enter(wire, handshake_s=tries.handshake_s, cancel=self._cancel)
                transport.settle()
                self._open.append(transport)
        return self._next(target, tries)

    def close(self) -> None:
        """End the connections to the bastions; never raises."""
        while self._open:
            self._open.pop().shut()

    def _drop_broken(self) -> None:
        while self._open and not all(transport.is_active() for transport in self._open):
            self._open.pop().shut()

    def _next(self, target: Target, tries: Tries) -> Wire | ChannelWire:
        if self._open:
            return self._channel(self._open[-1], target, tries.dial_s)
        if self._proxy:
            return dial_through(self._proxy, target, timeout_s=tries.dial_s, cancel=self._cancel)
        try:
            return dial(target.host, target.port, timeout_s=tries.dial_s, cancel=self._cancel)
        except OSError as error:
            raise failures.no_connection(target, error) from error

    def _channel(self, bastion: SshTransport, target: Target, timeout_s: float) -> ChannelWire:
        goal = (target.host, target.port)
        try:
            with bastion.breaking_off(self._cancel):
                channel = bastion.open_channel("direct-tcpip", goal, ("127.0.0.1", 0), timeout=timeout_s)
        except paramiko.ChannelException as error:
            raise self._not_passed_on(target, error) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._cancel.check()
            silent_s = time.monotonic() - bastion.wire.last_heard
            if bastion.is_active() and silent_s < _STALE_S:
                raise failures.no_connection(target, TimeoutError()) from error
            bastion.wire.shut()
            self._drop_broken()
            with blamed_on(self._bastions[len(self._open)].target):
                raise SilentPeer(f"the connection to {target.via} broke", hint="it is made anew") from error
        return ChannelWire(channel, bastion)

    def _not_passed_on(self, target: Target, error: paramiko.ChannelException) -> ConnectError:
        words = error.text.strip()
        if error.code in (_PROHIBITED, _UNKNOWN_KIND):
            hint = "its SSH server has to allow it: AllowTcpForwarding and PermitOpen in sshd_config"
            with blamed_on(self._bastions[len(self._open) - 1].target):
                raise failures.forwarding_refused(target, target.via, words, hint) from error
        return failures.no_connection(target, _as_os_error(words))


def _as_os_error(words: str) -> OSError:
    """The bastion's words for what went wrong when it connected, which are those of its system (OpenSSH)."""
    text = words.lower()
    if "refused" in text:
        return ConnectionRefusedError()
    if "timed out" in text:
        return TimeoutError()
    if "name" in text or "no address" in text or "nodename" in text:
        return socket.gaierror(socket.EAI_NONAME, words)
    return OSError(0, words or "it does not say why")


@contextmanager
def blamed_on(target: Target) -> Iterator[None]:
    """Errors inside say that this host is the cause, unless they name another one."""
    try:
        yield
    except ConnectError as error:
        error.hop = error.hop or str(target)
        raise
