"""What a machine's init is told at boot, and the steps until the machine can be logged in to."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

from imagesmith_simulator.machines.sandbox import base, syscalls, trees
from imagesmith_simulator.machines.sandbox.guest import accounts, cloud_init, host_keys

_KEPT_CAPABILITIES = {
    0, 1, 2, 3, 4, 5, 6, 7, 8,  # chown to setpcap
    10, 12, 13, 18, 19, 23, 27, 29, 31,  # net_bind_service, net_admin, net_raw, sys_chroot, sys_ptrace, sys_nice, …
}  # fmt: skip
_INSTANCE_ID = Path("/var/lib/cloud/data/instance-id")


@dataclass(frozen=True, kw_only=True)
class BootConfig:
    """``folder`` and ``lowers``, ``upper`` say where the disk is; the rest is what a cloud's metadata would tell."""

    folder: str
    lowers: tuple[str, ...]
    upper: str
    id: str
    hostname: str
    username: str
    authorized_keys: tuple[str, ...]
    user_data: bytes
    rsa_host_key: bytes
    root_alone: bool


def enter_root(config: BootConfig) -> None:
    """Be in the machine: its root, name, loopback. Raises `OSError`."""
    trees.mount_root(config.folder, list(config.lowers), config.upper)
    socket.sethostname(config.hostname)
    syscalls.loopback_up()


def drop_power() -> None:
    """Give up what nobody in a machine may do: mount, above all; so that /proc/sys and devices stay read-only."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        if capability not in _KEPT_CAPABILITIES:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, capability)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)


def say(text: str) -> None:
    """Print a line on the console, which is standard output here."""
    os.write(1, text.encode() + b"\n")


def prepare(config: BootConfig) -> cloud_init.Work:
    """Everything before logins are possible; returns what cloud-init still has to run after that."""
    say(f"Linux {os.uname().release} on a simulated machine, instance {config.id}")
    first = not _INSTANCE_ID.exists() or _INSTANCE_ID.read_text().strip() != config.id
    work = cloud_init.Work()
    if first:
        _new_instance(config)
        work = cloud_init.read(config.user_data, config.id)
    account = _login_account(config)
    accounts.authorize(account, config.authorized_keys)
    cloud_init.before_logins(work, account, alone=config.root_alone)
    if first:
        host_keys.make(work.host_keys, config.rsa_host_key)
    host_keys.announce(config.hostname)
    # As cloud-init's generator leaves it where there is work for cloud-init in this boot.
    Path("/run/cloud-init/enabled").touch()
    Path("/run/sshd").mkdir(exist_ok=True)
    return work


def _login_account(config: BootConfig) -> accounts.Account:
    found = accounts.find(config.username)
    if found:
        return found
    if config.root_alone:
        say(f"imagesmith: no newuidmap or no line in /etc/subuid: {config.username} is another name for root here")
    return accounts.add(config.username, shell=base.login_shell(), groups=("adm", "sudo"), alone=config.root_alone)


def _new_instance(config: BootConfig) -> None:
    """What identifies an instance is made anew where a disk came from an image."""
    texts = {
        "/etc/hostname": f"{config.hostname}\n",
        "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {config.hostname}\n::1 localhost ip6-localhost ip6-loopback\n",
        "/etc/machine-id": f"{uuid.uuid4().hex}\n",
    }
    for path, text in texts.items():
        Path(path).write_text(text)
    _INSTANCE_ID.parent.mkdir(parents=True, exist_ok=True)
    _INSTANCE_ID.write_text(config.id + "\n")
