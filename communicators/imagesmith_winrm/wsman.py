"""WS-Management messages over one connection: shells, and commands in them. The envelopes are pywinrm's.

Sources: MS-WSMV (shells, commands, streams, signals, fault codes); pywinrm for what its messages look like.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import requests
import xmltodict
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from winrm.encryption import Encryption
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol
from winrm.transport import Transport

from imagesmith.errors import ConnectionLost, ImagesmithError
from imagesmith_winrm.session import Session, authentication
from imagesmith_winrm.sockets import Line

if TYPE_CHECKING:
    from imagesmith.waiting import CancelToken
    from imagesmith_winrm.target import Target

_RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_OPERATION_S = 20
_GRACE_S = 15
_UTF8 = 65001
_PLACE = "@@content@@"
_ENCRYPTING = ("ntlm", "kerberos", "credssp")
_LARGE_SEND = 340_000
_SMALL_SEND = 111_000
_SHELL_NOT_FOUND = 2150858843

Signal = Literal["ctrl_c", "terminate"]


class NotSent(ConnectionLost):
    """There is no connection, so that nothing was sent."""


class Refused(ConnectionLost):
    """The service has answered with a fault: the connection works, the request does not. ``code`` is Microsoft's."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code

    @property
    def shell_gone(self) -> bool:
        """Whether the shell does not exist any more."""
        return self.code == _SHELL_NOT_FOUND


@dataclass(frozen=True, slots=True)
class Received:
    """A piece of a command's output; ``exit_code`` is None while it runs."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int | None = None


class _Transport(Transport):
    """pywinrm's transport on our session."""

    def __init__(self, session: Session, method: str) -> None:
        target = session.target
        super().__init__(
            endpoint=target.url, username=target.username, password=target.password, auth_method=_known(method)
        )
        self._ours = session
        self._encrypts = method in _ENCRYPTING and not target.tls

    def build_session(self) -> requests.Session:
        if self.session is None:
            self._ours.auth = authentication(self._ours.target, self.auth_method)
            self.session = self._ours
            if self._encrypts:
                self.setup_encryption(self._ours)
                self._insist_on_encryption()
        return self._ours

    def _insist_on_encryption(self) -> None:
        if not isinstance(self.encryption, Encryption):
            raise WinRMError("the messages can't be encrypted")


def nothing_sent(error: BaseException) -> bool:
    """Whether a failure came before there was a connection."""
    causes = list(causes_of(error))
    return any(isinstance(cause, NewConnectionError | NameResolutionError | ConnectTimeoutError) for cause in causes)


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it wraps, as requests and urllib3 nest it."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        one = pending.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _known(method: str) -> Any:
    return method


class WsMan:
    """One client; not to be used by two threads at once. Its own messages go over one connection."""

    def __init__(self, target: Target, method: str, cancel: CancelToken, *, operation_s: int = _OPERATION_S) -> None:
        """Sends nothing yet. ``operation_s`` is how long the service may wait for output before it says there is none.

        Raises `MissingDependency` where the authentication needs something that is not installed.
        """
        self.target = target
        self.method = method
        self.cancel = cancel
        self.send_bytes = _LARGE_SEND
        self._small = False
        self._operation_s = operation_s
        self._quick_s = 0.0
        authentication(target, method)
        self._protocol = Protocol(
            target.url, "plaintext", target.username or "-", target.password, operation_timeout_sec=operation_s,
            read_timeout_sec=operation_s + _GRACE_S,
        )  # fmt: skip
        self._begin()

    def _begin(self) -> None:
        self.line = Line(self.cancel, pins=self.target.pins, insecure=self.target.insecure)
        self._session = Session(self.target, self.line)
        self._session.read_s = self._operation_s + _GRACE_S
        if self._quick_s:
            self.be_quick(self._quick_s)
        self._protocol.transport = _Transport(self._session, self.method)

    def clone(self, cancel: CancelToken) -> WsMan:
        """Another client with a connection of its own, for another thread."""
        other = WsMan(self.target, self.method, cancel, operation_s=self._operation_s)
        other.send_bytes, other._small = self.send_bytes, self._small
        return other

    def be_quick(self, seconds: float) -> None:
        """From now on wait no longer than that for connections and answers."""
        self._quick_s = self.line.dial_s = self._session.read_s = seconds

    def create(self) -> str:
        """Open a shell and return its id. Output is UTF-8."""
        with self._asking():
            return self._protocol.open_shell(codepage=_UTF8)

    def start(self, shell: str, command: str, *, feeding: bool) -> str:
        """Start a command of cmd.exe and return its id. ``feeding``: its standard input will be sent."""
        with self._asking():
            return self._protocol.run_command(shell, command, console_mode_stdin=not feeding)

    def send(self, shell: str, command: str, data: bytes, *, end: bool = False) -> None:
        """Send input, at most ``send_bytes``; more is split. ``end`` closes the command's standard input."""
        position = 0
        while position < len(data) or (end and position == 0):
            piece = data[position : position + self.send_bytes]
            last = position + len(piece) >= len(data)
            try:
                self._send(shell, command, piece, end=end and last)
            except Refused:
                if self._small or len(piece) <= _SMALL_SEND:
                    raise
                self._small, self.send_bytes = True, _SMALL_SEND
                continue
            position += max(len(piece), 1)

    def _send(self, shell: str, command: str, data: bytes, *, end: bool) -> None:
        envelope: dict[str, Any] = {"env:Envelope": self._header("Send", shell)}
        stream = {"@CommandId": command, "@Name": "stdin", "@End": "true" if end else "false", "#text": _PLACE}
        envelope["env:Envelope"]["env:Body"] = {"rsp:Send": {"rsp:Stream": stream}}
        head, _, tail = xmltodict.unparse(envelope).partition(_PLACE)
        with self._asking():
            message: Any = head.encode() + base64.b64encode(data) + tail.encode()
            self._protocol.send_message(message)

    def receive(self, shell: str, command: str) -> Received:
        """Wait for more of a command's output or its end; nothing when the operation timeout has passed."""
        with self._asking():
            try:
                stdout, stderr, code, done = self._protocol.get_command_output_raw(shell, command)
            except WinRMOperationTimeoutError:
                return Received()
        return Received(stdout, stderr, code if done else None)

    def signal(self, shell: str, command: str, name: Signal) -> None:
        """Signal a command; ``terminate`` also ends the service's knowledge of it."""
        envelope: dict[str, Any] = {"env:Envelope": self._header("Signal", shell)}
        code = f"{_SHELL}/signal/{name}"
        envelope["env:Envelope"]["env:Body"] = {"rsp:Signal": {"@CommandId": command, "rsp:Code": code}}
        with self._asking():
            self._protocol.send_message(xmltodict.unparse(envelope))

    def delete(self, shell: str) -> None:
        """Close a shell, which ends everything that runs in it."""
        with self._asking():
            self._protocol.close_shell(shell, close_session=False)

    def _header(self, action: str, shell: str) -> dict[str, Any]:
        return self._protocol.build_wsman_header(action=f"{_SHELL}/{action}", resource_uri=_RESOURCE, shell_id=shell)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Around each message: a fresh connection where the old one has gone, and errors told apart.

        An encrypted message is bound to its connection, so a login must come first on a new one.
        """
        if self.line.hung_up:
            self._hang_up()
            self._begin()
        try:
            yield
        except WSManFaultError as error:
            raise Refused(error.reason.strip(), error.wsman_fault_code or 0) from error
        except InvalidCredentialsError as error:
            raise ConnectionLost("the WinRM service asks for the login again and refuses it") from error
        except WinRMTransportError as error:
            raise Refused(f"the WinRM service answers with HTTP status {error.code}") from error
        except WinRMOperationTimeoutError as error:
            raise Refused("the WinRM service has not done it in time") from error
        except (requests.RequestException, OSError) as error:
            self.cancel.check()
            if isinstance(error, requests.ConnectTimeout) or nothing_sent(error):
                raise NotSent("there is no WinRM connection") from error
            raise ConnectionLost("the WinRM connection broke") from error
        except ImagesmithError:
            raise
        except Exception as error:  # pywinrm and what it authenticates with have no common class of errors
            raise ConnectionLost(f"the WinRM service's answer can't be understood ({type(error).__name__})") from error

    def close(self) -> None:
        """End the connection; never raises."""
        self._hang_up()

    def _hang_up(self) -> None:
        with contextlib.suppress(Exception):
            self._session.close()
        self.line.close()
