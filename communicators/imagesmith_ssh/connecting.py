"""From an address to an authenticated connection: try, tell causes apart, try again while that makes sense."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from paramiko.ssh_exception import IncompatiblePeer

from imagesmith.errors import (
    AuthenticationFailed,
    BuildTimeout,
    Cancelled,
    ConnectError,
    HostKeyMismatch,
    ImagesmithError,
    SilentPeer,
    Unreachable,
)
from imagesmith.waiting import CancelToken
from imagesmith.ways_in.last_words import with_console
from imagesmith_ssh import failures
from imagesmith_ssh.authentication import log_in
from imagesmith_ssh.failures import Target
from imagesmith_ssh.hostkeys import HostKeys, OtherKeyWanted
from imagesmith_ssh.keys import load_private_key
from imagesmith_ssh.transport import SshTransport
from imagesmith_ssh.wire import Wire, dial

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
_LOGIN_PAUSE_S = 1.0
_PERMANENT_PAUSE_S = 0.5
_GROWTH = 1.4
_PERMANENT_TRIES = 3
_LOGIN_PATIENCE_S = 25.0
_UNKNOWN_NAME_S = 10.0
_DIAL_S = (2.5, 10.0)
_HANDSHAKE_S = (3.0, 20.0)
_AUTH_S = 30.0
_DEFAULT_ATTEMPTS = 10


class Connector:
    """Makes the connection, and makes it anew; remembers the host key in between."""

    def __init__(
        self,
        address: Address,
        login: Login,
        options: CommunicatorOptions,
        *,
        cancel: CancelToken,
        say: Callable[[str], None],
        console: Callable[[], str],
    ) -> None:
        """Raises for a private key or a pinned host key that can't be read, before anything is tried."""
        self.options = options
        self.cancel = cancel
        self.say = say
        self.target = Target(
            host=options.ssh_host or address.host,
            port=address.port or options.ssh_port,
            username=login.username,
            kind="given" if options.ssh_host else address.kind,
        )
        self._key = load_private_key(login.private_key) if login.private_key.strip() else None
        self._password = login.password
        self._console = console
        self._host_keys = HostKeys(options.ssh_host_key_fingerprints, console=console, say=say)

    def connect(self, timeout_s: float | None = None) -> SshTransport:
        """Try until it works, or ``timeout_s`` (default: ``ssh_timeout``) has passed; 0 is no limit.

        Raises a `ConnectError`, earlier where trying again can't help, and what the cancel token says.
        """
        limit = self.options.ssh_timeout if timeout_s is None else timeout_s
        tries = _Tries(self.options, limit)
        while True:
            self.cancel.check()
            began = time.monotonic()
            try:
                return self._attempt(tries)
            except OtherKeyWanted:
                continue
            except ConnectError as error:
                tries.note(error, began)
                if tries.changed:
                    self.say(f"{error.message}; trying again ({tries.elapsed_s:.0f} s)")
            if tries.hopeless:
                raise with_console(tries.error, self._last_words(), tries.facts) from None
            self.cancel.sleep(tries.pause_s(time.monotonic() - began))

    def _attempt(self, tries: _Tries) -> SshTransport:
        """One TCP connection, key exchange and login. Raises the classified cause."""
        try:
            wire = dial(self.target.host, self.target.port, timeout_s=tries.dial_s, cancel=self.cancel)
        except OSError as error:
            raise failures.no_connection(self.target, error) from error
        transport = SshTransport(wire, keepalive_s=self._keepalive_s())
        try:
            with transport.breaking_off(self.cancel):
                self._shake_hands(transport, wire, tries.handshake_s)
                key = transport.get_remote_server_key()
                self._host_keys.verify(self.target.host, key)
                log_in(transport, self.target, self._key, self._password, timeout_s=_AUTH_S)
        except BaseException:
            transport.shut()
            self.cancel.check()
            raise
        transport.settle()
        return transport

    def _keepalive_s(self) -> float:
        """The pace of keepalives: fast enough to tell a quiet command from a dead connection."""
        pace = self.options.ssh_keep_alive_interval
        limit = self.options.ssh_read_write_timeout
        return min(pace, limit / 3) if pace > 0 and limit > 0 else pace

    def _shake_hands(self, transport: SshTransport, wire: Wire, timeout_s: float) -> None:
        security = transport.get_security_options()
        security.key_types = self._host_keys.algorithms(security.key_types)
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
                raise self._host_keys.mismatch(self.target.host)
        offered = failures.offered_algorithms(wire.greeting)
        raise failures.no_handshake(self.target, wire.greeting, offered, text)

    def _last_words(self) -> str:
        try:
            return self._console()
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError:
            return ""


class _Tries:
    """What has been tried so far, and whether to go on."""

    def __init__(self, options: CommunicatorOptions, limit_s: float) -> None:
        self._limit_s = limit_s
        self._most_logins = options.ssh_handshake_attempts
        self._started = time.monotonic()
        self._pause_s = _FIRST_PAUSE_S
        self._same = 0
        self._same_since = self._started
        self._count = 0
        self._logins = 0
        self._first_login = 0.0
        self.error: ConnectError = Unreachable("no attempt was made")
        self.changed = False

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    @property
    def _left_s(self) -> float:
        return max(0.0, self._limit_s - self.elapsed_s) if self._limit_s > 0 else float("inf")

    @property
    def dial_s(self) -> float:
        """How long to wait for a TCP connection: short at first, since a packet sent before the guest is up is lost."""
        return max(0.5, min(_DIAL_S[0] + self._count, _DIAL_S[1], self._left_s))

    @property
    def handshake_s(self) -> float:
        """How long a peer may stay silent."""
        return max(1.0, min(_HANDSHAKE_S[0] + 2 * self._count, _HANDSHAKE_S[1], self._left_s))

    def note(self, error: ConnectError, began: float) -> None:
        """One more failed attempt. The last one, cut short by the time limit, does not hide a better cause."""
        self._count += 1
        self.changed = type(error) is not type(self.error) or self._count == 1
        cut_short = self._left_s <= 0 and time.monotonic() - began < _DIAL_S[0]
        if cut_short and self._count > 1 and isinstance(error, Unreachable | SilentPeer):
            self.changed = False
            return
        self._same = 1 if self.changed else self._same + 1
        if self.changed:
            self._same_since = time.monotonic()
            self._pause_s = _FIRST_PAUSE_S
        self.error = error
        if isinstance(error, AuthenticationFailed):
            self._logins += 1
            self._first_login = self._first_login or time.monotonic()

    @property
    def hopeless(self) -> bool:
        """Whether trying again can't help or the time is up."""
        error = self.error
        if self._left_s <= 0 or isinstance(error, HostKeyMismatch):
            return True
        if isinstance(error, AuthenticationFailed):
            patient = self._most_logins not in (0, _DEFAULT_ATTEMPTS)
            too_long = not patient and self._most_logins and time.monotonic() - self._first_login > _LOGIN_PATIENCE_S
            return bool(too_long) or 0 < self._most_logins <= self._logins
        if error.permanent:
            return self._same >= _PERMANENT_TRIES
        return isinstance(error.__cause__, socket.gaierror) and time.monotonic() - self._same_since > _UNKNOWN_NAME_S

    def pause_s(self, spent_s: float) -> float:
        """How long to pause after an attempt that took so long."""
        if self.error.permanent:
            pause = _LOGIN_PAUSE_S if isinstance(self.error, AuthenticationFailed) else _PERMANENT_PAUSE_S
        else:
            pause = self._pause_s
            self._pause_s = min(self._pause_s * _GROWTH, _LONGEST_PAUSE_S)
        return max(min(pause, _FIRST_PAUSE_S), min(pause - spent_s, self._left_s))

    @property
    def facts(self) -> str:
        """How long and how often it was tried."""
        what = "refused logins" if isinstance(self.error, AuthenticationFailed) else "attempts"
        number = self._logins if isinstance(self.error, AuthenticationFailed) else self._count
        return f" ({number} {what} in {self.elapsed_s:.0f} s)"
