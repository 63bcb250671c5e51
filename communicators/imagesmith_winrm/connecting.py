"""From an address to an open shell: try, tell causes apart, try again while that makes sense."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import requests
from winrm.exceptions import InvalidCredentialsError

from imagesmith.errors import (
    AuthenticationFailed,
    BuildTimeout,
    Cancelled,
    ConnectError,
    ConnectionLost,
    HostKeyMismatch,
    ImagesmithError,
    SilentPeer,
    Unreachable,
)
from imagesmith.ways_in.last_words import with_console
from imagesmith_winrm import failures
from imagesmith_winrm.session import Session
from imagesmith_winrm.shell import Shell
from imagesmith_winrm.sockets import Line
from imagesmith_winrm.target import target
from imagesmith_winrm.wsman import Refused, WsMan, causes_of

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login
    from imagesmith.waiting import CancelToken

_PAUSES_S = (0.2, 2.0)
_GROWTH = 1.4
_PERMANENT_PAUSE_S = 0.5
_PERMANENT_TRIES = 3
_LOGIN_PAUSE_S = 5.0
_LOGIN_PATIENCE_S = 20.0
_UNKNOWN_NAME_S = 10.0
_DIAL_S = (2.5, 10.0)
_ANSWER_S = (5.0, 20.0)


class Connector:
    """Makes the connection, and makes it anew."""

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
        """Raises `TemplateError` for a malformed fingerprint."""
        self.cancel = cancel
        self.say = say
        self.target = target(address, login, options)
        self._limit_s = options.winrm_timeout
        self._console = console
        self._told_clear = False

    def connect(self, timeout_s: float | None = None) -> Shell:
        """Try until it works, or ``timeout_s`` (default: ``winrm_timeout``) has passed; 0 is no limit.

        Raises a `ConnectError`, earlier where trying again can't help, and what the cancel token says.
        """
        tries = _Tries(self._limit_s if timeout_s is None else timeout_s)
        while True:
            self.cancel.check()
            try:
                return self._attempt(tries)
            except ConnectError as error:
                if tries.note(error):
                    self.say(f"{error.message}; trying again ({tries.elapsed_s:.0f} s)")
            if tries.hopeless:
                raise with_console(tries.error, self._last_words(), tries.facts) from None
            self.cancel.sleep(tries.pause_s())

    def _attempt(self, tries: _Tries) -> Shell:
        """Look what is there, then log in and open a shell. Raises the classified cause."""
        method = self._method(self._offered(tries))
        wsman = WsMan(self.target, method, self.cancel)
        wsman.line.dial_s = tries.dial_s
        forget = self.cancel.on_cancel(wsman.line.shut)
        try:
            return Shell(wsman)
        except ConnectionLost as error:
            wsman.close()
            raise self._explained(error, method) from error
        except BaseException:
            wsman.close()
            raise
        finally:
            forget()

    def _offered(self, tries: _Tries) -> frozenset[str]:
        """Ask without a login: WinRM answers with the ways to log in that it offers."""
        line = Line(self.cancel, pins=self.target.pins, insecure=self.target.insecure)
        line.dial_s = tries.dial_s
        forget = self.cancel.on_cancel(line.shut)
        try:
            with Session(self.target, line) as session:
                session.read_s = tries.answer_s
                return failures.offered(self.target, session.post(self.target.url, data=b""))
        except (requests.RequestException, OSError) as error:
            self.cancel.check()
            raise failures.classify(self.target, error) from error
        finally:
            forget()
            line.close()

    def _method(self, offered: frozenset[str]) -> str:
        """How to log in. NTLM before basic: it hides the password, and without TLS all messages."""
        wanted = self.target.authentication
        method = wanted or ("ntlm" if "negotiate" in offered else "basic")
        if failures.METHODS[method] not in offered and not (method == "kerberos" and "kerberos" in offered):
            raise failures.not_offered(self.target, method, offered)
        if method == "basic" and not self.target.tls and not self._told_clear:
            self._told_clear = True
            self.say("the password and all messages go unencrypted: use winrm_use_ssl or winrm_use_ntlm")
        return method

    def _explained(self, error: ConnectionLost, method: str) -> ConnectError:
        self.cancel.check()
        causes = list(causes_of(error))
        if any(isinstance(cause, InvalidCredentialsError) for cause in causes):
            return failures.login_refused(self.target, method)
        if any(type(cause).__module__.startswith(("spnego", "requests_credssp")) for cause in causes):
            return failures.login_refused(self.target, method)
        if isinstance(error, Refused):
            return failures.no_shell(self.target, error.message, error.code)
        return failures.classify(self.target, error)

    def _last_words(self) -> str:
        try:
            return self._console()
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError:
            return ""


class _Tries:
    """What has been tried so far, and whether to go on.

    Refused logins are repeated for a while, since a password may be set after the listener is up, but few times:
    Windows locks accounts after ten.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._started = self._since = time.monotonic()
        self._count = self._same = 0
        self._pause_s = _PAUSES_S[0]
        self.error: ConnectError = Unreachable("no attempt was made")

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
    def answer_s(self) -> float:
        """How long a peer may stay silent."""
        return max(1.0, min(_ANSWER_S[0] + 2 * self._count, _ANSWER_S[1], self._left_s))

    def note(self, error: ConnectError) -> bool:
        """One more failed attempt; whether it failed otherwise than the one before.

        The last one, cut short by the time limit, does not hide a better cause.
        """
        self._count += 1
        changed = type(error) is not type(self.error) or self._count == 1
        if changed and self._count > 1 and self._left_s <= 0 and isinstance(error, Unreachable | SilentPeer):
            return False
        self._same = 1 if changed else self._same + 1
        if changed:
            self._since = time.monotonic()
            self._pause_s = _PAUSES_S[0]
        self.error = error
        return changed

    @property
    def hopeless(self) -> bool:
        """Whether trying again can't help or the time is up."""
        error = self.error
        if self._left_s <= 0 or isinstance(error, HostKeyMismatch):
            return True
        same_s = time.monotonic() - self._since
        if isinstance(error, AuthenticationFailed):
            return same_s >= _LOGIN_PATIENCE_S
        if error.permanent:
            return self._same >= _PERMANENT_TRIES
        return any(isinstance(cause, socket.gaierror) for cause in causes_of(error)) and same_s > _UNKNOWN_NAME_S

    def pause_s(self) -> float:
        """How long to pause before the next attempt."""
        if isinstance(self.error, AuthenticationFailed):
            return min(_LOGIN_PAUSE_S, self._left_s)
        if self.error.permanent:
            return min(_PERMANENT_PAUSE_S, self._left_s)
        pause = self._pause_s
        self._pause_s = min(pause * _GROWTH, _PAUSES_S[1])
        return min(pause, self._left_s)

    @property
    def facts(self) -> str:
        """How long and how often it was tried."""
        return f" ({self._count} attempts in {self.elapsed_s:.0f} s)"
