"""User namespaces: who is who inside, and processes that run as the machine's root.

As root every id inside is the same id outside, only without power over the host: the capabilities belong to the user
namespace. As an ordinary user the machine's root is that user, and the other ids come from /etc/subuid by newuidmap;
where that is missing there is root alone.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imagesmith_simulator.machines.sandbox import syscalls

_HIGHEST_ID = 65535


@dataclass(frozen=True, kw_only=True)
class Identities:
    """How ids inside stand for ids outside: triples of first inside, first outside, count."""

    uids: tuple[tuple[int, int, int], ...]
    gids: tuple[tuple[int, int, int], ...]
    by_helper: bool

    @property
    def many(self) -> bool:
        """Whether there is more than root inside."""
        return sum(count for _, _, count in self.uids) > 1


def identities() -> Identities:
    """What the calling process may map."""
    if os.geteuid() == 0:
        return Identities(uids=_own_ids("uid"), gids=_own_ids("gid"), by_helper=False)
    uid, gid = os.geteuid(), os.getegid()
    uids, gids = _subordinate("/etc/subuid", uid), _subordinate("/etc/subgid", uid)
    if uids and gids and shutil.which("newuidmap") and shutil.which("newgidmap"):
        return Identities(uids=((0, uid, 1), uids), gids=((0, gid, 1), gids), by_helper=True)
    return Identities(uids=((0, uid, 1),), gids=((0, gid, 1),), by_helper=False)


def _own_ids(kind: str) -> tuple[tuple[int, int, int], ...]:
    ranges = []
    for line in Path(f"/proc/self/{kind}_map").read_text().splitlines():
        inside, _, count = (int(word) for word in line.split())
        if inside <= _HIGHEST_ID:
            ranges.append((inside, inside, min(count, _HIGHEST_ID + 1 - inside)))
    return tuple(ranges)


def _subordinate(path: str, uid: int) -> tuple[int, int, int] | None:
    try:
        lines = Path(path).read_text().splitlines()
        owners = {str(uid), getpass.getuser()}
    except (OSError, KeyError):
        return None
    for line in lines:
        owner, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if owner in owners and first.isdigit() and count.isdigit() and int(count) > 1:
            return (1, int(first), min(int(count), _HIGHEST_ID))
    return None


def fork_inside(who: Identities, flags: int, main: Callable[[], int]) -> int:
    """Fork a process into a new user namespace (and those of ``flags``) where it is root; returns its id.

    ``main`` runs there and returns the exit status. Raises `OSError` when the kernel refuses. The caller must have one
    thread only.
    """
    ready, say_ready = os.pipe()
    mapped, say_mapped = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(ready)
        os.close(say_mapped)
        _become_root(flags, parent, say_ready, mapped, many=who.many)
        run_and_exit(main)
    os.close(say_ready)
    os.close(mapped)
    try:
        _map_child(child, ready, who)
        os.write(say_mapped, b"m")
    except OSError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(ready)
        os.close(say_mapped)
    return child


def _become_root(flags: int, parent: int, say_ready: int, mapped: int, *, many: bool) -> None:
    """The child's side: new namespaces, wait for the parent to map ids, then be root; exits when that fails."""
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER | flags)
        os.write(say_ready, b"0")
        if os.read(mapped, 1) != b"m":
            os._exit(1)
        os.close(say_ready)
        os.close(mapped)
        if many:
            os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        die_with_parent(parent)
    except OSError as error:
        os.write(say_ready, str(error.errno or 1).encode())
        os._exit(1)


def _map_child(child: int, ready: int, who: Identities) -> None:
    answer = os.read(ready, 16)
    if answer != b"0":
        number = int(answer or b"1")
        raise OSError(number, os.strerror(number), "unshare(CLONE_NEWUSER)")
    if who.by_helper:
        _map_by_helper("newuidmap", child, who.uids)
        _map_by_helper("newgidmap", child, who.gids)
        return
    if not who.many:
        Path(f"/proc/{child}/setgroups").write_text("deny")
    for kind, ranges in (("uid", who.uids), ("gid", who.gids)):
        lines = "\n".join(" ".join(map(str, numbers)) for numbers in ranges)
        Path(f"/proc/{child}/{kind}_map").write_text(lines + "\n")


def _map_by_helper(program: str, child: int, ranges: tuple[tuple[int, int, int], ...]) -> None:
    words = [str(number) for numbers in ranges for number in numbers]
    done = subprocess.run([program, str(child), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(1, done.stderr.strip() or f"{program} failed", program)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill the calling process when its parent ends, however that happens."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in {parent, 0}:
        os._exit(1)


def run_and_exit(main: Callable[[], int]) -> None:
    """Run a forked process's main function and end the process with its status, whatever happens."""
    status = 1
    try:
        status = main()
    except BaseException as error:  # noqa: BLE001 - a forked process must not return into its parent's code
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def run_inside(who: Identities, main: Callable[[], int]) -> int:
    """Run a function as the machine's root, who owns all of its files, and return its exit status."""
    _, status = os.waitpid(fork_inside(who, 0, main), 0)
    return os.waitstatus_to_exitcode(status)
