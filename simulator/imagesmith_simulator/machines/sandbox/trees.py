"""Which parts of the host a machine sees, and how its root is put together from layers.

A machine's disk is a stack of layers: the kind's base, frozen layers of the images it descends from, and its own on
top. Each layer holds one folder per tree. The tree ``root`` has nothing of the host below it; the others have one
folder of the host's as their lowest layer. Only programs and the package manager's records come from the host: never
/home, /root, /opt, /srv, /run, /tmp, /mnt or the rest of /var.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from imagesmith_simulator.machines.sandbox import syscalls

_PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_PACKAGE_RECORDS = ("var/lib/dpkg", "var/lib/rpm", "var/lib/pacman", "lib/apk", "var/lib/apk")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_READ_ONLY_PROC = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_HIDDEN_PROC_FILES = ("kcore", "keys", "kmsg", "latency_stats", "timer_list", "sched_debug", "config.gz", "vmallocinfo")
_HIDDEN_PROC_FOLDERS = ("acpi", "asound", "scsi", "driver")


@dataclass(frozen=True, slots=True)
class Tree:
    """One overlay of a machine: ``name`` of its folder in a layer, where it is mounted, and the host's folder below."""

    name: str
    host: str

    @property
    def mount_point(self) -> str:
        """Relative to the machine's root."""
        return self.host.lstrip("/")


def trees() -> list[Tree]:
    """The trees of this host, the root first."""
    found = [Tree("root", "")]
    for path in (*_PROGRAMS, *_PACKAGE_RECORDS):
        host = Path("/", path)
        if host.is_dir() and not any(part.is_symlink() for part in (host, *host.parents)) and os.access(host, os.X_OK):
            found.append(Tree(path.replace("/", "+"), str(host)))
    return found


def program_links() -> dict[str, str]:
    """The host's top-level symbolic links to programs, such as /bin -> usr/bin."""
    return {name: str(Path("/", name).readlink()) for name in _PROGRAMS if Path("/", name).is_symlink()}


def make_layer(layer: Path) -> None:
    """An empty layer: a folder per tree."""
    for tree in trees():
        (layer / tree.name).mkdir(parents=True, exist_ok=True, mode=0o755)


def mount_root(folder: str, lowers: list[str], upper: str) -> None:
    """Mount a machine's root from layers in ``folder`` (lowest last) and make it the calling process's root.

    The caller is root in user, mount and pid namespaces of its own. Raises `OSError` naming the mount that failed.
    """
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    os.chdir(folder)
    work = f"work/{upper}"
    root = f"{work}/mnt"
    Path(root).mkdir(parents=True, exist_ok=True)
    for tree in trees():
        Path(work, tree.name).mkdir(exist_ok=True)
        below = [f"layers/{layer}/{tree.name}" for layer in lowers] + ([tree.host] if tree.host else [])
        options = f"lowerdir={':'.join(below)},upperdir=layers/{upper}/{tree.name},workdir={work}/{tree.name},userxattr"
        syscalls.mount("overlay", str(Path(root, tree.mount_point)), "overlay", options=options)
    os.chdir(root)
    _mount_run()
    _mount_proc()
    _mount_dev()
    syscalls.pivot_root(".", ".")
    syscalls.detach(".")
    os.chdir("/")


def _mount_run() -> None:
    no_devices = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", "run", "tmpfs", no_devices, "mode=755,size=64m")
    for name, mode in (("lock", 0o1777), ("shm", 0o1777), ("user", 0o755), ("cloud-init", 0o755)):
        Path("run", name).mkdir()
        Path("run", name).chmod(mode)


def _mount_proc() -> None:
    syscalls.mount("proc", "proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    Path("run/boot-id").write_text(f"{uuid.uuid4()}\n")
    syscalls.bind("run/boot-id", "proc/sys/kernel/random/boot_id")  # the host's would not change at a reboot
    for name in _READ_ONLY_PROC:
        if Path("proc", name).exists():
            syscalls.bind(f"proc/{name}", f"proc/{name}", read_only=True, recursive=True)
    for name in _HIDDEN_PROC_FILES:
        if Path("proc", name).exists():
            syscalls.bind("/dev/null", f"proc/{name}", read_only=True)
    for name in _HIDDEN_PROC_FOLDERS:
        if Path("proc", name).is_dir():
            syscalls.mount("tmpfs", f"proc/{name}", "tmpfs", syscalls.MS_RDONLY, "mode=555,size=0")


def _mount_dev() -> None:
    syscalls.mount("tmpfs", "dev", "tmpfs", syscalls.MS_NOSUID, "mode=755,size=1m")
    for name in _DEVICES:
        Path("dev", name).touch()
        syscalls.bind(f"/dev/{name}", f"dev/{name}", read_only=True)
    Path("dev/pts").mkdir()
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        syscalls.mount("devpts", "dev/pts", "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, options + ",gid=5")
    except OSError:  # the group tty is not mapped where root is alone
        syscalls.mount("devpts", "dev/pts", "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, options)
    Path("dev/shm").mkdir()
    syscalls.mount("tmpfs", "dev/shm", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777,size=64m")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("core", "/proc/kcore")):
        Path("dev", name).symlink_to(target)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        Path("dev", name).symlink_to(f"/proc/self/fd/{number}")
    os.mkfifo("dev/console", 0o600)
