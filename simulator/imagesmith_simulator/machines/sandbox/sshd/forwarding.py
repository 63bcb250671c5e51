"""Port forwarding into and out of a machine: its own loopback, never the host's."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable

import paramiko

from imagesmith_simulator.machines.sandbox.sshd.guest import Guest
from imagesmith_simulator.machines.sandbox.sshd.pipes import CHUNK, Bell, Inflow


class Tunnel:
    """A channel joined with a socket inside the machine."""

    def __init__(self, channel: paramiko.Channel, sock: socket.socket) -> None:
        self._channel = channel
        self._socket = sock
        self._inflow = Inflow(channel)
        self._bell = Bell()
        self._inflow.connect(sock.fileno(), keep_open=True)
        threading.Thread(target=self._pump, name="tunnel", daemon=True).start()

    def feed(self, data: bytes) -> None:
        """Data from the peer."""
        self._inflow.feed(data)

    def end_of_file(self) -> None:
        """The peer sends no more; tell the socket when everything is written."""
        self._inflow.end(lambda: self._socket.shutdown(socket.SHUT_WR))

    def closed(self) -> None:
        """The channel is gone."""
        self._inflow.abandon()
        self._bell.ring()

    def _pump(self) -> None:
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        poll.register(self._socket, select.POLLIN)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            while not any(descriptor == self._bell.fileno() for descriptor, _ in poll.poll()):
                data = self._socket.recv(CHUNK)
                if data:
                    self._channel.sendall(data)
                else:
                    self._channel.shutdown_write()
                    poll.unregister(self._socket)
        self._inflow.abandon()
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()
        self._socket.close()
        self._bell.close()


class RemoteForwards:
    """Ports of the machine that lead to the peer (``ssh -R``)."""

    def __init__(
        self, guest: Guest, transport: paramiko.Transport, joined: Callable[[paramiko.Channel, Tunnel], None]
    ) -> None:
        self._guest = guest
        self._transport = transport
        self._joined = joined
        self._listeners: dict[tuple[str, int], socket.socket] = {}

    def listen(self, address: str, port: int) -> int:
        """Listen in the machine and return the port; raises `OSError`."""
        reply, (descriptor,) = self._guest.ask({"do": "bind", "host": address, "port": port})
        listener = socket.socket(fileno=descriptor)
        bound = int(reply["port"])
        self._listeners[address, bound] = listener
        threading.Thread(target=self._accept, args=(listener, address, bound), name="forward", daemon=True).start()
        return bound

    def cancel(self, address: str, port: int) -> None:
        """Stop listening there."""
        listener = self._listeners.pop((address, port), None)
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening anywhere."""
        for address, port in list(self._listeners):
            self.cancel(address, port)

    def _accept(self, listener: socket.socket, address: str, port: int) -> None:
        with listener, contextlib.suppress(OSError):
            while True:
                sock, peer = listener.accept()
                try:
                    channel = self._transport.open_forwarded_tcpip_channel(peer[:2], (address, port))
                except (paramiko.SSHException, EOFError):
                    sock.close()
                    continue
                self._joined(channel, Tunnel(channel, sock))
