"""A loopback port behind which a server is farther away: every byte is as much later in each direction.

Only time passes, nothing is held back: as much may be under way as the ends want. It is a process of its own, so that
it does not wait for the side that is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def slow_link(host: str, port: int, round_trip_s: float) -> Iterator[int]:
    """Yield the port that leads to a server with this much added round trip."""
    command = [sys.executable, "-m", "benchmarks.slow_link", host, str(port), str(round_trip_s / 2)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class _End(asyncio.Protocol):
    """One side of a connection; what it receives goes to the ``other`` one later."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self.waiting: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        for data in self.waiting:
            transport.write(data)

    def data_received(self, data: bytes) -> None:
        assert self.other
        asyncio.get_running_loop().call_later(self.delay_s, self.other.send, data)

    def send(self, data: bytes) -> None:
        """Hand on what has been under way."""
        if self.transport:
            self.transport.write(data)
        else:
            self.waiting.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other:
            asyncio.get_running_loop().call_later(self.delay_s, self.other.close)

    def close(self) -> None:
        """The other side has gone."""
        if self.transport:
            self.transport.close()


async def _serve(host: str, port: int, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[object]] = set()

    def accepted() -> _End:
        near, far = _End(delay_s), _End(delay_s)
        near.other, far.other = far, near
        task: asyncio.Task[object] = loop.create_task(loop.create_connection(lambda: far, host, port))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    server = await loop.create_server(accepted, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
