"""Upload speed over loopback SSH, side by side with OpenSSH's scp against the same real sshd.

Each figure is the median of several alternating rounds, over the slow link of one. Everything lies in memory
(/dev/shm) where there is room, so that the disk, which is the same for both, does not drown the difference. sshd and
scp must be installed.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.reporting import title, verdict
from benchmarks.slow_link import slow_link
from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login, Remote
from imagesmith.waiting import CancelToken
from imagesmith_ssh import connect

ROUNDS = 5
BIG_MIB = 256
FILES = 2000
SMALL_BYTES = 1024
FAR_FILES = 1000
FAR_ROUNDS = 1  # scp waits for several round trips with every file
ROUND_TRIP_S = 0.02


def free_port() -> int:
    """A port that nothing listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_sshd(folder: Path, port: int, more: str = "") -> subprocess.Popen[bytes]:
    """A server with keys of its own; its users' shells read no start-up files. ``more`` are lines of its options."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
        f"SetEnv HOME={folder}\n{more}\n"
    )
    sshd = shutil.which("sshd", path=f"{os.defpath}:/usr/sbin") or "sshd"
    return subprocess.Popen([sshd, "-D", "-f", folder / "config", "-E", folder / "log"])


def open_remote(folder: Path, port: int) -> Remote:
    """Our connection to it."""
    login = Login(getpass.getuser(), private_key=(folder / "user").read_text())
    options = CommunicatorOptions(ssh_username=login.username)
    return connect(
        Address("127.0.0.1", port), login, options, cancel=CancelToken(), say=lambda _: None, console=lambda: ""
    )


def scp(folder: Path, port: int, *words: str | Path) -> None:
    """One scp run, with a connection of its own as scp has it."""
    trust = ("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known")
    command = ["scp", "-q", "-i", str(folder / "user"), *trust, "-P", str(port), *map(str, words)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def compare(
    what: str, ways: dict[str, Callable[[], None]], mib: float, clean: Callable[[], None], rounds: int = ROUNDS
) -> list[float]:
    """Run the ways in turn, print each one's median and return the medians in seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            clean()
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    print(f"  {what}")
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(
            f"    {name:30} {median:6.2f} s  {mib / median:7.1f} MiB/s   best {min(taken):.2f}, worst {max(taken):.2f}"
        )
    return [statistics.median(taken) for taken in seconds.values()]


def measure(folder: Path, port: int) -> bool:
    """Both comparisons; returns whether the bounds are kept."""
    big, many, there = folder / "big", folder / "many", folder / "there"
    big.write_bytes(os.urandom(BIG_MIB * 2**20))
    many.mkdir()
    for number in range(FILES):
        (many / f"file{number}").write_bytes(os.urandom(SMALL_BYTES))

    def clean() -> None:
        shutil.rmtree(there, ignore_errors=True)
        there.mkdir()

    def connected(work: Callable[[Remote], None]) -> None:
        remote = open_remote(folder, port)
        work(remote)
        remote.close()

    target = f"127.0.0.1:{there}"
    ours, theirs, *_ = compare(
        f"one file of {BIG_MIB} MiB, connecting included",
        {
            "imagesmith": lambda: connected(lambda remote: remote.upload(big, f"{there}/big")),
            "scp": lambda: scp(folder, port, big, target),
            "scp -c aes128-gcm@openssh.com": lambda: scp(folder, port, "-c", "aes128-gcm@openssh.com", big, target),
        },
        BIG_MIB,
        clean,
    )
    fast = verdict("one big file, ours over scp's", ours / theirs, 1.0, "x")
    ours, *_ = compare(
        f"{FILES} files of {SMALL_BYTES} bytes, connecting included",
        {
            "imagesmith": lambda: connected(lambda remote: remote.upload_tree(many, str(there))),
            "scp -r": lambda: scp(folder, port, "-r", many, target),
        },
        FILES * SMALL_BYTES / 2**20,
        clean,
    )
    return verdict("many small files", ours, 2.0, "s") and fast


def measure_far(folder: Path, port: int) -> bool:
    """Small files to a server that is farther away, connected before; returns whether the bound is kept."""
    many, there = folder / "far", folder / "there"
    many.mkdir()
    for number in range(FAR_FILES):
        (many / f"file{number}").write_bytes(os.urandom(SMALL_BYTES))

    def clean() -> None:
        shutil.rmtree(there, ignore_errors=True)
        there.mkdir()

    with slow_link("127.0.0.1", port, ROUND_TRIP_S) as far, closing(open_remote(folder, far)) as remote:
        ours, *_ = compare(
            f"{FAR_FILES} files of {SMALL_BYTES} bytes, {ROUND_TRIP_S * 1000:.0f} ms away",
            {
                "imagesmith, connected": lambda: remote.upload_tree(many, str(there)),
                "scp -r": lambda: scp(folder, far, "-r", many, f"127.0.0.1:{there}"),
            },
            FAR_FILES * SMALL_BYTES / 2**20,
            clean,
            FAR_ROUNDS,
        )
    return verdict("many small files to far away", ours, 2.0, "s")


def main() -> bool:
    """Start a server, measure, stop it; returns whether the bounds are kept."""
    title("File transfer")
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 * BIG_MIB * 2**20
    with tempfile.TemporaryDirectory(prefix="imagesmith-bench-", dir=memory if roomy else None) as name:
        port = free_port()
        server = start_sshd(Path(name), port)
        try:
            threading.Event().wait(0.5)
            near = measure(Path(name), port)
            return measure_far(Path(name), port) and near
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
