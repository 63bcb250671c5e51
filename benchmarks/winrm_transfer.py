"""Upload speed over WinRM, side by side with winrmcp against the same simulated Windows machine.

The machine is a process of its own. winrmcp copies less than we do where it would take minutes, and the throughputs are
compared: its time grows with the number of requests, thus with the size. It must be installed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import at_least, title, verdict
from benchmarks.slow_link import slow_link
from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login, Remote
from imagesmith.waiting import CancelToken
from imagesmith_winrm import connect

USER, PASSWORD = "Administrator", "Pa55word"
BIG_MIB = 16
FILES = 500
SMALL_BYTES = 1024
ROUND_TRIP_S = 0.02
COMMANDS = 20
MACHINE = """
import random, sys, time
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows import WindowsKind

host, user, password = sys.argv[1:]
kind = WindowsKind(winrm=True)
machine = kind.create(MachineSpec(id="w", hostname="w", os="windows", username=user, password=password))
machine.listen(host)
machine.boot()
while "Windows is up" not in machine.console():
    time.sleep(0.02)
print("up", flush=True)
sys.stdin.read()
kind.close()
"""


@dataclass(frozen=True)
class Server:
    """Where the machine's WinRM service is."""

    host: str
    port: int = 5985


@contextlib.contextmanager
def windows_machine() -> Iterator[Server]:
    """A simulated machine that is up, in a process of its own."""
    host = f"127.{os.getpid() % 100 + 100}.7.{os.getpid() % 250 + 1}"
    command = [sys.executable, "-c", MACHINE, host, USER, PASSWORD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield Server(host)
        process.stdin.close()


def open_remote(server: Server, *, ntlm: bool = False) -> Remote:
    """Our connection to it, in the way that winrmcp connects unless NTLM with its encryption is asked for."""
    options = CommunicatorOptions(
        communicator="winrm",
        winrm_username=USER,
        winrm_password=PASSWORD,
        winrm_use_ntlm=ntlm,
        winrm_auth="ntlm" if ntlm else "basic",
    )
    address = Address(server.host, server.port)
    return connect(address, Login(USER), options, cancel=CancelToken(), say=lambda _: None, console=lambda: "")


def winrmcp(server: Server, source: Path, target: str) -> None:
    """One copy with a connection of its own."""
    login = (f"-addr={server.host}:{server.port}", f"-user={USER}", f"-pass={PASSWORD}")
    subprocess.run(["winrmcp", *login, str(source), target], check=True, capture_output=True)


def timed(work: Callable[[], None]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def upload(server: Server, source: Path, target: str, *, ntlm: bool = False) -> None:
    """Ours, connecting included."""
    with closing(open_remote(server, ntlm=ntlm)) as remote:
        if source.is_dir():
            remote.upload_tree(source, target)
        else:
            remote.upload(source, target)


def compare_file(server: Server, folder: Path, theirs_mib: int, where: str) -> bool:
    """One big file."""
    big, part = folder / "big", folder / "part"
    big.write_bytes(os.urandom(BIG_MIB * 2**20))
    part.write_bytes(os.urandom(theirs_mib * 2**20))
    theirs = theirs_mib / timed(lambda: winrmcp(server, part, "C:\\part"))
    print(f"  one file, {where}\n    winrmcp ({theirs_mib} MiB)   {theirs:7.2f} MiB/s")
    kept = True
    for ntlm, name in ((False, "basic"), (True, "NTLM")):
        ours = BIG_MIB / min(timed(lambda: upload(server, big, "C:\\big", ntlm=ntlm)) for _ in range(3))  # noqa: B023
        print(f"    imagesmith, {name} ({BIG_MIB} MiB)   {ours:7.2f} MiB/s")
        kept &= at_least(f"throughput over winrmcp's, {name}", ours / theirs, 10, "x")
    return kept


def compare_tree(server: Server, folder: Path, theirs_files: int, where: str) -> bool:
    """Many small files."""
    many, some = folder / f"many-{where}", folder / f"some-{where}"
    for tree, count in ((many, FILES), (some, theirs_files)):
        tree.mkdir()
        for number in range(count):
            (tree / f"file{number}").write_bytes(os.urandom(SMALL_BYTES))
    theirs = theirs_files / timed(lambda: winrmcp(server, some, "C:\\some"))
    ours = FILES / min(timed(lambda: upload(server, many, "C:\\many")) for _ in range(3))
    print(f"  {FILES} files of {SMALL_BYTES} bytes, {where}")
    print(f"    winrmcp ({theirs_files} files)   {theirs:7.1f} files/s\n    imagesmith   {ours:7.1f} files/s")
    return at_least("files per second over winrmcp's", ours / theirs, 50, "x")


class _Counter(logging.Handler):
    """Counts what urllib3 says of each request that it has sent."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.requests = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.requests += '"POST /wsman' in record.getMessage()


def count_requests(server: Server) -> bool:
    """How many requests a command takes on a shell that is open."""
    log, counter = logging.getLogger("urllib3.connectionpool"), _Counter()
    with closing(open_remote(server)) as remote:
        remote.run("echo first")
        log.setLevel(logging.DEBUG)
        log.addHandler(counter)
        for _ in range(COMMANDS):
            remote.run("echo again")
        log.removeHandler(counter)
        log.setLevel(logging.NOTSET)
    assert counter.requests >= COMMANDS
    return verdict("requests for a command", counter.requests / COMMANDS, 4, "")


def main() -> bool:
    """Start a machine, measure, stop it; returns whether the bounds are kept."""
    title("WinRM")
    near = "near"
    far = f"{ROUND_TRIP_S * 1000:.0f} ms away"
    with tempfile.TemporaryDirectory(prefix="imagesmith-bench-") as name, windows_machine() as server:
        folder = Path(name)
        kept = [
            count_requests(server),
            compare_file(server, folder, BIG_MIB, near),
            compare_tree(server, folder, FILES, near),
        ]
        with slow_link(server.host, server.port, ROUND_TRIP_S) as port:
            distant = Server("127.0.0.1", port)
            kept += [compare_file(distant, folder, 1, far), compare_tree(distant, folder, 40, far)]
    return all(kept)


if __name__ == "__main__":
    main()
