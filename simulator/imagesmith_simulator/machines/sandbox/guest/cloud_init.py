"""First boot as cloud-init does it: reading the user data, and what has to be done with it before and after logins.

Understood: scripts (`#!`), cloud-config with the keys of `KNOWN_KEYS`, MIME multipart of these, and gzip of any. What
is not understood is named in a warning on the console, where cloud-init too prints its warnings.
"""

from __future__ import annotations

import base64
import email.charset
import email.feedparser
import email.message
import email.parser
import os
import shlex
import subprocess
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagesmith_simulator.machines.sandbox import base
from imagesmith_simulator.machines.sandbox.guest import accounts
from imagesmith_simulator.machines.sandbox.guest.yaml_subset import YamlError, parse

KNOWN_KEYS = frozenset(
    {
        "bootcmd",
        "fqdn",
        "hostname",
        "runcmd",
        "ssh_authorized_keys",
        "ssh_deletekeys",
        "ssh_keys",
        "users",
        "write_files",
    }
)
_KNOWN_USER_KEYS = frozenset(
    {"gecos", "groups", "homedir", "lock_passwd", "name", "primary_group", "shell", "ssh_authorized_keys", "sudo"}
)
_INSTANCE = Path("/var/lib/cloud/instance")
_LOG = Path("/var/log/cloud-init-output.log")


@dataclass
class Work:
    """What the user data asks for; empty when it is not the first boot."""

    config: dict[str, Any] = field(default_factory=dict)
    scripts: list[bytes] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    first_boot: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def host_keys(self) -> dict[str, str]:
        """SSH host keys to be used in place of new ones: names like ``ed25519_private``."""
        return {str(name): str(text) for name, text in _dict(self.config.get("ssh_keys")).items()}

    def warn(self, text: str) -> None:
        """Something is not done as asked."""
        self.warnings.append(text)


def read(user_data: bytes, instance: str) -> Work:
    """Sort out user data at an instance's first boot; what can't be understood becomes a warning."""
    work = Work(first_boot=True)
    folder = Path("/var/lib/cloud/instances", instance)
    folder.mkdir(parents=True, exist_ok=True)
    _INSTANCE.unlink(missing_ok=True)
    _INSTANCE.symlink_to(folder)
    (folder / "user-data.txt").write_bytes(user_data)
    (folder / "user-data.txt").chmod(0o600)
    _take(work, user_data)
    for key in sorted(work.config.keys() - KNOWN_KEYS):
        work.warn(f"cloud-config: {key} is not simulated")
    return work


def _take(work: Work, data: bytes) -> None:
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompress(data, 47)
        except zlib.error as error:
            work.warn(f"the user data can't be decompressed: {error}")
            return
    start = data.lstrip()
    if start.startswith(b"#!"):
        work.scripts.append(start)
    elif start.startswith(b"#cloud-config") and start[13:14] in {b"\n", b"\r", b" ", b""}:
        _take_config(work, start)
    elif start.lower().startswith((b"content-type:", b"mime-version:")):
        message = email.message_from_bytes(start)
        for part in message.walk():
            if not part.is_multipart():
                payload = part.get_payload(decode=True)
                _take(work, payload if isinstance(payload, bytes) else b"")
    elif start:
        work.warn(f"unhandled user data, neither a script nor cloud-config: {start[:24]!r}…")


def _take_config(work: Work, data: bytes) -> None:
    try:
        config = parse(data.decode())
    except (YamlError, UnicodeDecodeError) as error:
        work.warn(f"cloud-config can't be read: {error}")
        return
    if isinstance(config, dict):
        work.config.update(config)
    elif config is not None:
        work.warn("cloud-config is not a mapping")


def before_logins(work: Work, login: accounts.Account, *, alone: bool) -> None:
    """Do what is finished before sshd starts: names, boot commands, files, users, keys."""
    config = work.config
    name = str(config.get("fqdn") or config.get("hostname") or "")
    if name:
        Path("/etc/hostname").write_text(name + "\n")
    accounts.authorize(login, tuple(map(str, _list(config.get("ssh_authorized_keys")))))
    for action, items in ((_run_boot_command, "bootcmd"), (_write_file, "write_files")):
        for item in _list(config.get(items)):
            _attempt(work, items, action, item)
    for user in _list(config.get("users")):
        if user != "default":
            _attempt(work, "users", lambda item: _add_user(work, item, alone=alone), user)
    for warning in work.warnings:
        _say(f"cloud-init[1]: WARNING: {warning}")


def _attempt(work: Work, what: str, action: Callable[[Any], None], item: Any) -> None:
    try:
        action(item)
    except (OSError, ValueError, KeyError, TypeError, LookupError) as error:
        work.warn(f"{what}: {type(error).__name__}: {error}")


def _run_boot_command(command: Any) -> None:
    _run(_command_words(command))


def _write_file(item: Any) -> None:
    """One entry of write_files; raises what `_attempt` reports."""
    path = Path(item["path"])
    content = item.get("content") or ""
    encoding = str(item.get("encoding") or "text/plain").lower().replace("base64", "b64").replace("gzip", "gz")
    data = str(content).encode()
    if "b64" in encoding:
        data = base64.b64decode(data)
    if "gz" in encoding:
        data = zlib.decompress(data, 47)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if item.get("append") else "wb") as file:
        file.write(data)
    mode = item.get("permissions", "0644")
    path.chmod(mode if isinstance(mode, int) else int(mode, 8))
    owner, _, _ = str(item.get("owner") or "root:root").partition(":")
    account = accounts.find(owner)
    if account is None:
        raise ValueError(f"no user {owner} for {path}")
    os.chown(path, account.uid, account.gid)


def _add_user(work: Work, item: Any, *, alone: bool) -> None:
    wanted = {"name": item} if isinstance(item, str) else dict(item)
    for key in sorted(wanted.keys() - _KNOWN_USER_KEYS):
        work.warn(f"users: {key} is not simulated")
    groups = wanted.get("groups") or ()
    names = groups.split(",") if isinstance(groups, str) else groups
    account = accounts.add(
        str(wanted["name"]),
        shell=str(wanted.get("shell") or base.login_shell()),
        groups=tuple(str(name).strip() for name in names),
        alone=alone,
        home=str(wanted.get("homedir") or ""),
    )
    accounts.authorize(account, tuple(map(str, _list(wanted.get("ssh_authorized_keys")))))
    rules = wanted.get("sudo")
    if rules and rules is not True:
        lines = [rules] if isinstance(rules, str) else rules
        path = Path("/etc/sudoers.d/90-cloud-init-users")
        with path.open("a") as file:
            file.writelines(f"{account.name} {rule}\n" for rule in lines)
        path.chmod(0o440)


def after_logins(work: Work) -> None:
    """Run the scripts and ``runcmd`` as root, their output on the console and in the log, and leave the records."""
    if not work.first_boot:
        _finish('{"v1": {"datasource": "DataSourceNone", "errors": []}}\n')
        return
    folder = _INSTANCE / "scripts"
    folder.mkdir(parents=True, exist_ok=True)
    scripts = {f"part-{number:03d}": script for number, script in enumerate(work.scripts, 1)}
    commands = _list(work.config.get("runcmd"))
    if commands:
        lines = [command if isinstance(command, str) else shlex.join(map(str, command)) for command in commands]
        scripts["runcmd"] = ("#!/bin/sh\n" + "\n".join(lines) + "\n").encode()
    failed = [name for name, script in scripts.items() if _run_script(folder / name, script)]
    errors = ", ".join(f'"{name} failed"' for name in failed)
    text = f'{{"v1": {{"datasource": "DataSourceImagesmith", "errors": [{errors}]}}}}\n'
    (_INSTANCE / "boot-finished").write_text(f"{time.monotonic() - work.started:.2f}\n")
    _finish(text)
    _say(f"Cloud-init finished. Up {time.monotonic() - work.started:.2f} seconds")


def _finish(result: str) -> None:
    """Leave the record that tells others that it has finished: at once and whole."""
    new = Path("/run/cloud-init/result.json.new")
    new.write_text(result)
    new.rename(new.with_suffix(""))


def _run_script(path: Path, script: bytes) -> bool:
    """Whether it failed."""
    path.write_bytes(script)
    path.chmod(0o700)
    try:
        status = _run([str(path)])
    except OSError as error:  # no such interpreter
        status = 127
        _say(f"cloud-init[1]: {path.name}: {error.strerror}")
    if status:
        _say(f"cloud-init[1]: WARNING: Failed to run {path.name}: exit status {status}")
    return status != 0


def _command_words(command: Any) -> list[str]:
    return ["/bin/sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]


def _run(command: list[str]) -> int:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    with (
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process,
        _LOG.open("ab", buffering=0) as log,
    ):
        if process.stdout:
            while data := os.read(process.stdout.fileno(), 65536):
                log.write(data)
                os.write(1, data)
        return process.wait()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _say(text: str) -> None:
    os.write(1, text.encode() + b"\n")
