"""The lowest layer of every machine: its own /etc, empty folders, and the commands that only a simulated machine has.

Of the host's /etc only what everybody may read is copied, without what tells machines or people apart. An ordinary user
can't change folders that the host's root owns, not even in an overlay; so for them the folders of the host's programs
are made again here (four levels deep, /usr/local wholly), owned by the user, which is the machine's root. Files of the
host's stay what they are there: they can be replaced, removed and renamed, but not written into.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from imagesmith_simulator.machines.sandbox import trees
from imagesmith_simulator.machines.sandbox.guest import commands

_FOLDER_LEVELS = 4
_FOLDERS = {
    0o755: (
        "boot dev etc home media mnt opt proc run srv sys usr etc/ssh etc/sudoers.d var var/backups "
        "var/cache var/cache/apt var/cache/apt/archives var/cache/apt/archives/partial var/lib "
        "var/lib/apt var/lib/apt/lists var/lib/apt/lists/partial var/lib/cloud var/lib/cloud/data "
        "var/lib/cloud/scripts var/lib/cloud/scripts/per-instance var/lib/cloud/scripts/per-boot "
        "var/lib/cloud/scripts/per-once var/lib/misc var/local var/log var/log/apt var/opt var/spool"
    ),
    0o700: "root",
    0o1777: "tmp var/tmp",
}
_NOT_COPIED = {
    "environment", "fstab", "group", "group-", "gshadow", "gshadow-", "hostname", "hosts", "machine-id", "mtab",
    "passwd", "passwd-", "resolv.conf", "shadow", "shadow-", "subgid", "subgid-", "subuid", "subuid-", "sudoers",
    "sudoers.d", "cron.d", "cron.daily", "cron.hourly", "cron.monthly", "cron.weekly", "crontab", "docker",
    "kubernetes", "NetworkManager", "netplan", "network", "wireguard", "openvpn", "krb5.keytab", "ssh", "X11",
}  # fmt: skip
_ACCOUNTS = """\
root:x:0:0:root:/root:{shell}
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
sshd:x:102:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 mail:8 man:12 wheel:10 sudo:27 www-data:33 shadow:42 utmp:43 "
    "staff:50 users:100 nogroup:65534"
)
_SUDOERS = """\
Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) NOPASSWD: ALL
@includedir /etc/sudoers.d
"""
_SUDO = ("usr/bin/sudo", "usr/libexec/sudo", "usr/lib/sudo", "usr/lib/libsudo_util.so.0")


def build(layer: Path, *, root_alone: bool) -> None:
    """Fill an empty layer; takes 0.1 s as root and about a second as an ordinary user.

    ``root_alone``: there can be no other user in the machines.
    """
    trees.make_layer(layer)
    root = layer / "root"
    for mode, names in _FOLDERS.items():
        for name in names.split():
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name).chmod(mode)
    for name, target in trees.program_links().items():
        (root / name).symlink_to(target)
    (root / "var/run").symlink_to("/run")
    (root / "var/lock").symlink_to("/run/lock")
    for tree in trees.trees():
        (root / tree.mount_point).mkdir(parents=True, exist_ok=True)
    _copy_etc(root / "etc")
    _write_etc(root / "etc")
    _prepare_home(root)
    _lock_files(layer)
    if os.geteuid() != 0:
        _own_folders(layer)
        if not root_alone:
            _own_sudo(layer / "usr")
    commands.install(layer / "usr", root_alone=root_alone)


def _copy_etc(target: Path) -> None:
    for path in Path("/etc").iterdir():
        if path.name not in _NOT_COPIED:
            _copy_readable(path, target / path.name)
    for name in ("ssh_config", "sshd_config", "ssh_config.d"):
        if Path("/etc/ssh", name).exists():
            _copy_readable(Path("/etc/ssh", name), target / "ssh" / name)


def _copy_readable(source: Path, target: Path) -> None:
    """Copy what everybody may read, with permission bits but without owners; leave out the rest."""
    try:
        info = source.lstat()
        if stat.S_ISLNK(info.st_mode):
            target.symlink_to(source.readlink())
        elif stat.S_ISDIR(info.st_mode) and info.st_mode & 0o005 == 0o005:
            target.mkdir(exist_ok=True)
            for path in source.iterdir():
                _copy_readable(path, target / path.name)
        elif stat.S_ISREG(info.st_mode) and info.st_mode & 0o004:
            shutil.copyfile(source, target)
            target.chmod(stat.S_IMODE(info.st_mode) & 0o755)
    except OSError:
        return  # it went away, or a security module hides it: the machine does without


def login_shell() -> str:
    """The shell of the machine's users."""
    return "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"


def _write_etc(etc: Path) -> None:
    groups = [word.split(":") for word in _GROUPS.split()]
    files = {
        "passwd": (0o644, _ACCOUNTS.format(shell=login_shell())),
        "shadow": (0o640, "".join(f"{line.split(':')[0]}:*:19000:0:99999:7:::\n" for line in _ACCOUNTS.splitlines())),
        "group": (0o644, "".join(f"{name}:x:{number}:\n" for name, number in groups)),
        "gshadow": (0o640, "".join(f"{name}:*::\n" for name, _ in groups)),
        "sudoers": (0o440, _SUDOERS),
        "fstab": (0o644, "# a simulated machine: its disk is an overlay\n"),
        "resolv.conf": (0o644, "# a simulated machine has no network but its own loopback\n"),
        "environment": (0o644, ""),
    }
    for name, (mode, text) in files.items():
        (etc / name).write_text(text)
        (etc / name).chmod(mode)
    (etc / "mtab").symlink_to("../proc/self/mounts")


def _prepare_home(root: Path) -> None:
    skeleton = root / "etc/skel"
    if skeleton.is_dir():
        shutil.copytree(skeleton, root / "root", dirs_exist_ok=True, symlinks=True)
    (root / "root").chmod(0o700)


def _lock_files(layer: Path) -> None:
    """The package manager's lock files, which the host keeps for its root alone."""
    records = layer / "var+lib+dpkg"
    if records.is_dir():
        for name in ("lock", "lock-frontend", "triggers/Lock"):
            (records / name).parent.mkdir(exist_ok=True)
            (records / name).touch(mode=0o640)


def _own_folders(layer: Path) -> None:
    for tree in trees.trees():
        if tree.host:
            _copy_folders(tree.host, str(layer / tree.name), _FOLDER_LEVELS)


def _copy_folders(source: str, target: str, levels: int) -> None:
    try:
        with os.scandir(source) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:  # not for this user
        return
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{target}/{name}")  # noqa: PTH102 - thousands of them
        if levels > 1:
            deep = 99 if f"{source}/{name}" == "/usr/local" else levels - 1
            _copy_folders(f"{source}/{name}", f"{target}/{name}", deep)


def _own_sudo(usr: Path) -> None:
    """Copies of sudo's files that belong to the machine's root: sudo refuses to run as anybody else's."""
    for name in _SUDO:
        source, target = Path("/", name), usr.parent / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True, ignore_dangling_symlinks=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755)
    if (usr / "bin/sudo").exists():
        (usr / "bin/sudo").chmod(0o4755)
