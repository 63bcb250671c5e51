"""Sockets of the machine's own loopback, made inside and handed to the SSH server for port forwarding."""

from __future__ import annotations

import os
import socket

from imagesmith_simulator.machines.sandbox.wire import Channel, Message

_CONNECT_TIMEOUT_S = 10.0


def connect(agent: Channel, message: Message) -> None:
    """Connect to a port in the machine, in a process of its own so that nobody waits, and send the socket."""
    if os.fork():
        return
    try:
        with socket.create_connection((message["host"], message["port"]), _CONNECT_TIMEOUT_S) as sock:
            sock.setblocking(True)
            agent.send({"id": message["id"]}, (sock.fileno(),))
    except (OSError, UnicodeError) as error:
        agent.try_send({"id": message["id"], "error": str(error)})
    finally:
        os._exit(0)


def bind(agent: Channel, message: Message) -> None:
    """Listen on a port in the machine (0: any free one) and send the socket; raises `OSError`."""
    host: str = {"": "0.0.0.0", "*": "0.0.0.0", "localhost": "127.0.0.1"}.get(message["host"]) or message["host"]  # noqa: S104
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, message["port"]))
        sock.listen(16)
        agent.send({"id": message["id"], "port": sock.getsockname()[1]}, (sock.fileno(),))
