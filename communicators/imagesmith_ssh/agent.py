"""The SSH agent of this host: its keys, and connections of the guest to it where that is asked for."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.agent import AgentSSH
from paramiko.pkey import PublicBlob

from imagesmith.errors import AuthenticationFailed

_PATIENCE_S = 30.0

FORWARDING_REQUEST = "auth-agent-req@openssh.com"
"""The channel request that lets a session use the agent (OpenSSH's PROTOCOL.agent)."""


def address() -> str:
    """Where the agent listens; "" where there is none."""
    return os.environ.get("SSH_AUTH_SOCK", "")


def connect() -> socket.socket:
    """A connection to the agent. Raises `AuthenticationFailed`."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address())
    except OSError as error:
        connection.close()
        reason = (error.strerror or str(error)).lower()
        raise AuthenticationFailed(
            f"the SSH agent at {address()} can't be reached: {reason}", hint="is it still running, and is it yours?"
        ) from error
    return connection


@contextlib.contextmanager
def keys() -> Iterator[tuple[paramiko.PKey, ...]]:
    """The keys that the agent holds; they can sign while this is open. Raises `AuthenticationFailed`."""
    with connect() as connection:
        connection.settimeout(_PATIENCE_S)
        agent: Any = AgentSSH()
        try:
            agent._connect(connection)
        except (paramiko.SSHException, OSError) as error:
            raise AuthenticationFailed(
                f"what listens at {address()} gives no keys: {error}", hint="is SSH_AUTH_SOCK an SSH agent's?"
            ) from error
        for key in agent.get_keys():
            if _is_certificate(key):
                key.public_blob = PublicBlob(key.get_name(), key.blob)
        yield agent.get_keys()


def _is_certificate(key: paramiko.AgentKey) -> bool:
    """Of these paramiko forgets the certificate unless it is told of it again."""
    return key.get_name().endswith("-cert-v01@openssh.com")
