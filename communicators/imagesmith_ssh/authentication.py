"""Log in: the agent's keys, the private keys, the password, then the password as the answer to every question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import paramiko

from imagesmith.errors import ImagesmithError, SilentPeer
from imagesmith_ssh import failures
from imagesmith_ssh.credentials import Answer, Credentials
from imagesmith_ssh.failures import Target
from imagesmith_ssh.transport import SshTransport

_DIALOGUE_S = 300.0

_Way = tuple[str, str, Callable[[], list[str]]]
"""What it is called, the method's name (RFC 4252), and how it is tried."""


def log_in(transport: SshTransport, target: Target, credentials: Credentials, *, timeout_s: float) -> None:
    """Authenticate as ``target.username``; servers may ask for several of the ways in a row.

    Raises `AuthenticationFailed` if none is accepted, `SilentPeer` if the server breaks off or does not answer.
    """
    transport.auth_timeout = _DIALOGUE_S if credentials.answer else timeout_s
    with credentials.agent_keys() as agent_keys:
        ways = _ways(transport, target.username, credentials, agent_keys)
        _try(transport, target, ways)


def _try(transport: SshTransport, target: Target, ways: Sequence[_Way]) -> None:
    tried: list[str] = []
    methods: list[str] = []
    allowed: list[str] = []
    for name, method, attempt in ways:
        if allowed and method not in allowed:
            continue
        if name not in tried:
            tried.append(name)
        methods.append(method)
        try:
            more = attempt()
        except paramiko.BadAuthenticationType as error:
            allowed = list(error.allowed_types)
        except (paramiko.SSHException, EOFError, OSError) as error:
            if not transport.is_active() or "timeout" in str(error).lower():
                raise _broken_off(transport, target, tried, methods, error) from error
        else:
            if transport.is_authenticated():
                return
            allowed = list(more)
    raise failures.login_refused(target, tried, methods, allowed, _banner(transport))


def _ways(
    transport: SshTransport, username: str, credentials: Credentials, agent_keys: Sequence[paramiko.PKey]
) -> list[_Way]:
    def with_key(key: paramiko.PKey) -> Callable[[], list[str]]:
        return lambda: transport.auth_publickey(username, key)

    password = credentials.password
    ways: list[_Way] = [("the agent's keys", "publickey", with_key(key)) for key in agent_keys]
    for key in credentials.keys:
        name = "this certificate" if getattr(key, "public_blob", None) else "this key"
        ways.append((name, "publickey", with_key(key)))
    if password:
        ways.append(("this password", "password", lambda: transport.auth_password(username, password, fallback=False)))
    if credentials.answer:
        ask = _Relay(credentials.answer)
        ways.append(("these answers", "keyboard-interactive", lambda: ask.tried(transport, username)))
    elif password:
        ways.append(
            (
                "this password in a dialogue",
                "keyboard-interactive",
                lambda: transport.auth_interactive(username, lambda *dialogue: [password] * len(dialogue[2])),
            )
        )
    if not ways:
        name = "an agent that holds no keys" if credentials.asks_agent else "no key and no password"
        ways.append((name, "none", lambda: transport.auth_none(username)))
    return ways


class _Relay:
    """Takes errors of the one who answers past paramiko, whose thread asks the questions."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._error: ImagesmithError | None = None

    def tried(self, transport: SshTransport, username: str) -> list[str]:
        try:
            return transport.auth_interactive(username, self._ask)
        except (paramiko.SSHException, EOFError, OSError):
            if self._error:
                raise self._error from None
            raise

    def _ask(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        try:
            return self._answer(title, instructions, prompts)
        except ImagesmithError as error:
            self._error = error
            raise paramiko.SSHException("not answered") from error


def _broken_off(
    transport: SshTransport, target: Target, tried: list[str], methods: list[str], error: Exception
) -> Exception:
    """Servers hang up on users whom they will not have; one that is only slow or starting is another matter."""
    if "timeout" in str(error).lower():
        return SilentPeer(f"{target} does not answer to the login", hint="it may be overloaded or starting")
    hung_up = [*tried[:-1], f"{tried[-1]} (it hung up)"]
    return failures.login_refused(target, hung_up, methods, [], _banner(transport))


def _banner(transport: SshTransport) -> str:
    raw = transport.get_banner()
    return raw.decode("utf-8", "replace") if raw else ""
