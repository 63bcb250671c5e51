"""How long and how often to try to connect."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    HostKeyMismatch,
    SilentPeer,
    Unreachable,
)

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions

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
_DEFAULT_LIMIT_S = 300.0
_DEFAULT_ATTEMPTS = 10


def limits(options: CommunicatorOptions) -> tuple[float, int]:
    """The time limit in seconds and the number of logins that may be refused, 0 for none.

    Packer's rule: five minutes and ten where neither is given; where one is given there is no other limit.
    """
    if not options.ssh_timeout and not options.ssh_handshake_attempts:
        return _DEFAULT_LIMIT_S, _DEFAULT_ATTEMPTS
    return options.ssh_timeout, options.ssh_handshake_attempts


class Tries:
    """What has been tried so far, and whether to go on."""

    def __init__(self, options: CommunicatorOptions, limit_s: float | None) -> None:
        """``limit_s`` takes the place of the options' time limit; 0 is no limit."""
        own_limit_s, self._most_logins = limits(options)
        self._limit_s = own_limit_s if limit_s is None else limit_s
        self._patient = options.ssh_handshake_attempts > 0
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
        """How long this goes on already."""
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
        self.changed = type(error) is not type(self.error) or error.hop != self.error.hop or self._count == 1
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
            too_long = not self._patient and time.monotonic() - self._first_login > _LOGIN_PATIENCE_S
            return too_long or 0 < self._most_logins <= self._logins
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
