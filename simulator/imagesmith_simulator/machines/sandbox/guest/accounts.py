"""The machine's users: read from its own files at each login, so that what scripts change there counts."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
_FIRST_UID = 1000


@dataclass(frozen=True, kw_only=True)
class Account:
    """One line of /etc/passwd and the groups that the user is in."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    groups: tuple[int, ...]

    def environment(self) -> dict[str, str]:
        """What sshd and its PAM session give a login: the basics and /etc/environment."""
        found = {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": self.shell,
            "PATH": _SYSTEM_PATH if self.uid == 0 else _USER_PATH,
            "LANG": "C.UTF-8",
        }
        for line in _lines("/etc/environment"):
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and not name.startswith("#"):
                found[name.strip()] = value.strip().strip("\"'")
        return found

    def become(self) -> None:
        """Make the calling process this user's."""
        try:
            os.setgroups(list(self.groups))
        except OSError:  # where root is alone, groups can't be set and there are none to set
            if self.gid or self.uid:
                raise
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []


def find(name: str) -> Account | None:
    """The account of that name, or None."""
    for line in _lines("/etc/passwd"):
        fields = line.split(":")
        if len(fields) == 7 and fields[0] == name and fields[2].isdigit() and fields[3].isdigit():
            gid = int(fields[3])
            return Account(
                name=name,
                uid=int(fields[2]),
                gid=gid,
                home=fields[5] or "/",
                shell=fields[6] or "/bin/sh",
                groups=(gid, *_groups_of(name)),
            )
    return None


def _groups_of(name: str) -> list[int]:
    found = []
    for line in _lines("/etc/group"):
        fields = line.split(":")
        if len(fields) == 4 and fields[2].isdigit() and name in fields[3].split(","):
            found.append(int(fields[2]))
    return found


def add(name: str, *, shell: str, groups: tuple[str, ...] = (), alone: bool = False, home: str = "") -> Account:
    """Create a user with a home made from /etc/skel; where root is ``alone``, another name for root."""
    existing = find(name)
    if existing:
        return existing
    taken = {fields[2] for line in _lines("/etc/passwd") if len(fields := line.split(":")) > 2}
    uid = 0 if alone else next(n for n in range(_FIRST_UID, 60000) if str(n) not in taken)
    home = home or f"/home/{name}"
    _append("/etc/passwd", f"{name}:x:{uid}:{uid}:{name}:{home}:{shell}")
    _append("/etc/shadow", f"{name}:!:19000:0:99999:7:::")
    if uid:
        _append("/etc/group", f"{name}:x:{uid}:")
        _append("/etc/gshadow", f"{name}:!::")
    for group in groups:
        _join(name, group)
    _make_home(Path(home), uid)
    account = find(name)
    if account is None:
        raise OSError(2, "could not be added to /etc/passwd", name)
    return account


def _make_home(home: Path, uid: int) -> None:
    if home.exists():
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    if Path("/etc/skel").is_dir():
        shutil.copytree("/etc/skel", home, symlinks=True)
    else:
        home.mkdir()
    home.chmod(0o755)
    for path in (home, *home.rglob("*")):
        os.lchown(path, uid, uid)


def _join(name: str, group: str) -> None:
    lines = _lines("/etc/group")
    for number, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == group and len(fields) == 4:
            fields[3] = ",".join([*filter(None, fields[3].split(",")), name])
            lines[number] = ":".join(fields)
    Path("/etc/group").write_text("\n".join(lines) + "\n")


def _append(path: str, line: str) -> None:
    with Path(path).open("a") as file:
        file.write(line + "\n")


def authorize(account: Account, keys: tuple[str, ...]) -> None:
    """Add public key lines to the user's authorized_keys, keeping what is there."""
    folder = Path(account.home, ".ssh")
    file = folder / "authorized_keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = _lines(str(file))
    wanted = [key.strip() for key in keys if key.strip() and key.strip() not in there]
    file.write_text("".join(f"{line}\n" for line in (*there, *wanted)))
    file.chmod(0o600)
    for path in (folder, file):
        os.chown(path, account.uid, account.gid)


def authorized_keys(account: Account) -> str:
    """The text of the user's authorized_keys, "" where there is none."""
    return "\n".join(_lines(f"{account.home}/.ssh/authorized_keys"))[:120_000]
