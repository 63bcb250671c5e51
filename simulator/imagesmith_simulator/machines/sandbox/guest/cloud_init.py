"""First boot as cloud-init does it: what the user data asks for, before and after logins are possible."""

from __future__ import annotations

import os
import subprocess
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagesmith_simulator.machines.sandbox.guest import accounts

_INSTANCES = Path("/var/lib/cloud/instances")
_LOG = Path("/var/log/cloud-init-output.log")


@dataclass
class Work:
    """What the user data asks for."""

    config: dict[str, Any] = field(default_factory=dict)
    scripts: list[bytes] = field(default_factory=list)
    host_keys: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    first_boot: bool = False


def read(user_data: bytes, username: str, instance: str) -> Work:
    """Sort out user data; what can't be understood becomes a warning."""
    work = Work(first_boot=True)
    folder = _INSTANCES / instance
    folder.mkdir(parents=True, exist_ok=True)
    link = Path("/var/lib/cloud/instance")
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    if user_data[:2] == b"\x1f\x8b":
        user_data = zlib.decompress(user_data, 47)
    _take_part(work, user_data)
    return work


def _take_part(work: Work, data: bytes) -> None:
    start = data.lstrip()
    if not start:
        return
    if start.startswith(b"#!"):
        work.scripts.append(start)
    else:
        work.warnings.append(f"Unhandled non-multipart (text/x-not-multipart) userdata: {start[:24]!r}...")


def before_logins(work: Work, account: accounts.Account, *, alone: bool) -> None:
    """Users, keys and files."""
    for warning in work.warnings:
        _say(f"cloud-init: WARNING: {warning}")


def after_logins(work: Work) -> int:
    """Run scripts as root, their output on the console and in the log; returns how many failed."""
    failed = []
    if not work.first_boot:
        return 0
    folder = Path("/var/lib/cloud/instance/scripts")
    folder.mkdir(parents=True, exist_ok=True)
    for number, script in enumerate(work.scripts, 1):
        path = folder / f"part-{number:03d}"
        path.write_bytes(script)
        path.chmod(0o700)
        if _run([str(path)]):
            failed.append(path.name)
            _say(f"cloud-init: WARNING: Failed to run {path.name}")
    _say("Cloud-init finished.")
    Path("/var/lib/cloud/instance/boot-finished").touch()
    errors = ", ".join(f'"{name} failed"' for name in failed)
    Path("/run/cloud-init/result.json").write_text(f'{{"v1": {{"datasource": "DataSourceImagesmith", "errors": [{errors}]}}}}\n')
    return len(failed)


def _run(command: list[str]) -> int:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process, _LOG.open("ab", buffering=0) as log:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 65536):
            log.write(data)
            os.write(1, data)
        return process.wait()


def _say(text: str) -> None:
    os.write(1, text.encode() + b"\n")
