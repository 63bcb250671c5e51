"""A program for OpenSSH's ProxyCommand: carries bytes between its standard streams and the Unix socket it is told.

It is run as a file of its own and imports nothing of imagesmith, so that it starts at once.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys

_CHUNK = 1 << 16


def main(path: str) -> int:
    """Carry until the other side ends; returns the exit status."""
    try:
        with socket.socket(socket.AF_UNIX) as other, selectors.DefaultSelector() as selector:
            other.connect(path)
            selector.register(0, selectors.EVENT_READ)
            selector.register(other, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == 0:
                        data = os.read(0, _CHUNK)
                        other.sendall(data)
                        if not data:
                            selector.unregister(0)
                            other.shutdown(socket.SHUT_WR)
                    elif not _pass_on(other):
                        return 0
    except OSError as error:
        sys.stderr.write(f"imagesmith: the way to the machine is closed: {error.strerror or error}\n")
        return 1


def _pass_on(other: socket.socket) -> bool:
    data = other.recv(_CHUNK)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]
    return bool(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
