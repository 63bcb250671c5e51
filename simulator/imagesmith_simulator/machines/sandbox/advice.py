"""Why sandbox machines can't run on this host, and what to enable."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

_SYSCTLS = {
    "kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give Python an AppArmor profile with userns",
    ),
    "user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "user/max_mnt_namespaces": ("0", "sysctl -w user.max_mnt_namespaces=15000"),
    "user/max_pid_namespaces": ("0", "sysctl -w user.max_pid_namespaces=15000"),
    "user/max_net_namespaces": ("0", "sysctl -w user.max_net_namespaces=15000"),
}


def missing_basics() -> str:
    """What can be told without trying: the system and the programs that are needed; "" when nothing is missing."""
    if not sys.platform.startswith("linux"):
        return f"sandbox machines need Linux namespaces; this is {sys.platform}"
    missing = [program for program in ("cp", "rm", "sh") if shutil.which(program) is None]
    return f"sandbox machines need the programs {', '.join(missing)}" if missing else ""


def explain(reason: str, state_dir: str, proc_sys: Path = Path("/proc/sys")) -> str:
    """Add to the kernel's refusal the setting that most likely causes it."""
    advice = [advised for name, (bad, advised) in _SYSCTLS.items() if _value(proc_sys / name) == bad]
    if advice:
        return f"{reason}; enable user namespaces: {'; '.join(advice)}"
    if "mount proc" in reason:
        return f"{reason}; inside a container /proc must not be masked (podman/docker: --security-opt unmask=ALL)"
    if "mount overlay" in reason:
        return (
            f"{reason}; overlays in user namespaces need Linux 5.11 or newer and a state folder on a file system that"
            f" can hold an upper layer (ext4, xfs, btrfs, tmpfs; not NFS, not another overlay): {state_dir}"
        )
    if "unshare" in reason:
        return (
            f"{reason}; the kernel or a seccomp filter refuses user namespaces: look at the sysctls"
            " user.max_user_namespaces, kernel.unprivileged_userns_clone and"
            " kernel.apparmor_restrict_unprivileged_userns, in containers at --security-opt seccomp=unconfined"
        )
    return reason


def _value(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
