"""Log in: the private key first, then the password, then the password as the answer to every question."""

from __future__ import annotations

from collections.abc import Callable

import paramiko

from imagesmith.errors import SilentPeer
from imagesmith_ssh import failures
from imagesmith_ssh.failures import Target
from imagesmith_ssh.transport import SshTransport


def log_in(
    transport: SshTransport, target: Target, key: paramiko.PKey | None, password: str, *, timeout_s: float
) -> None:
    """Authenticate as ``target.username``; servers may ask for several of the ways in a row.

    Raises `AuthenticationFailed` if none is accepted, `SilentPeer` if the server breaks off or does not answer.
    """
    transport.auth_timeout = timeout_s
    tried: list[str] = []
    methods: list[str] = []
    allowed: list[str] = []
    for name, method, attempt in _ways(transport, target.username, key, password):
        if allowed and method not in allowed:
            continue
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
    transport: SshTransport, username: str, key: paramiko.PKey | None, password: str
) -> list[tuple[str, str, Callable[[], list[str]]]]:
    ways: list[tuple[str, str, Callable[[], list[str]]]] = []
    if key is not None:
        ways.append(("this key", "publickey", lambda: transport.auth_publickey(username, key)))
    if password:
        ways.append(("this password", "password", lambda: transport.auth_password(username, password, fallback=False)))
        ways.append(
            (
                "this password in a dialogue",
                "keyboard-interactive",
                lambda: transport.auth_interactive(username, lambda *dialogue: [password] * len(dialogue[2])),
            )
        )
    if not ways:
        ways.append(("no key and no password", "none", lambda: transport.auth_none(username)))
    return ways


def _broken_off(
    transport: SshTransport, target: Target, tried: list[str], methods: list[str], error: Exception
) -> Exception:
    """Servers hang up on users whom they will not have; one that is only slow or starting is another matter."""
    if "timeout" in str(error).lower():
        return SilentPeer(f"{target} does not answer to the login", hint="the guest may be overloaded or starting")
    hung_up = [*tried[:-1], f"{tried[-1]} (it hung up)"]
    return failures.login_refused(target, hung_up, methods, [], _banner(transport))


def _banner(transport: SshTransport) -> str:
    raw = transport.get_banner()
    return raw.decode("utf-8", "replace") if raw else ""
