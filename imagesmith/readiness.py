"""Waiting until a guest is ready for work: cloud-init has finished, and no package manager holds a lock.

A guest that has just started lets one log in while cloud-init still installs packages, and while its own updates run.
A script that installs something then fails, now and then. So before provisioning the guest is asked, in one command
that reads a few files; one that has neither cloud-init nor package managers is ready at once.

Sources: cloud-init's status.json and result.json; proc_locks(5); the lock files of dpkg, APT, RPM, yum, dnf and zypper.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from imagesmith.communicator import POSIX_SHELL, CommunicatorOptions
from imagesmith.errors import BuildTimeout, ConnectError, ConnectionLost, WaitTimeout
from imagesmith.interfaces import Remote
from imagesmith.lifecycle import Run
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.waiting import CancelToken, Patience, Pending

_CLOUD_INIT = (
    "cloud=$root/run/cloud-init; "
    "if [ -e $cloud/result.json ]; then "
    r'case $(tr -d " \n" <$cloud/result.json) in *\"errors\":\[\]*) ;; *) echo failed ;; esac; '
    "elif [ -e $cloud/status.json ] || [ -e $cloud/enabled ]; then "
    "case $(systemctl is-active cloud-final 2>/dev/null) in "
    "failed) echo failed ;; *) echo busy cloud-init ;; esac; fi; "
)
# Whoever may read /proc/locks sees who holds what; the lock files themselves are often for root only.
_LOCKED = (
    "stat -c '%i %n' $root/var/lib/dpkg/lock-frontend $root/var/lib/dpkg/lock $root/var/lib/apt/lists/lock "
    "$root/var/cache/apt/archives/lock $root/var/lib/rpm/.rpm.lock $root/usr/lib/sysimage/rpm/.rpm.lock 2>/dev/null | "
    "while read -r inode name; do while read -r _ _ _ mode pid id _; do "
    'case "$mode $id" in "WRITE "*":$inode") echo "busy $name $(cat /proc/$pid/comm 2>/dev/null) $pid" ;; esac; '
    "done </proc/locks; done 2>/dev/null; "
)
# These hold no lock but the number of their process; a file that was left behind names none, or somebody else.
_NUMBERED = (
    "for file in $root/run/yum.pid $root/run/zypp.pid $root/var/cache/dnf/*.pid $root/var/lib/dnf/*.pid; do "
    '[ -s "$file" ] && read -r pid <"$file" && [ -r "/proc/$pid/comm" ] && read -r name <"/proc/$pid/comm" && '
    'case $name in *dnf*|*yum*|*pytho*|zypper|packagekit*|y2*) echo "busy $file $name $pid" ;; esac; '
    "done 2>/dev/null; "
)
_ASKED = "asked"
_LAST_LOOK_S = 5.0


def question(root: str = "") -> str:
    """The command that asks the guest; ``root`` is the folder that stands for ``/``."""
    return "sh -c " + shlex.quote(f"root={root}; {_CLOUD_INIT}{_LOCKED}{_NUMBERED}echo asked")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the guest found: who is at work, and whether cloud-init has finished with errors."""

    busy: tuple[str, ...] = ()
    failed: bool = False


def wait_until_ready(run: Run, remote: Remote, options: CommunicatorOptions) -> None:
    """Wait until the guest is ready, where the options want that and there is a POSIX shell to ask.

    Raises `WaitTimeout` after ``guest_ready_timeout``, naming what the guest is still busy with.
    """
    if not options.wait_for_guest or options.communicator not in POSIX_SHELL:
        return
    seen = _within(run, options.guest_ready_timeout, lambda cancel: _look(remote, cancel))
    if seen.busy:
        seen = run.step("guest ready", _wait, run, remote, options.guest_ready_timeout)
    if seen.failed:
        text = "cloud-init has finished with errors; /var/log/cloud-init.log in the guest tells which"
        run.say(text, "warning")


def _wait(run: Run, remote: Remote, timeout_s: float) -> Seen:
    def work(cancel: CancelToken) -> Seen:
        def probe() -> Seen | Pending:
            seen = _look(remote, cancel)
            return Pending(f"busy: {', '.join(seen.busy)}") if seen.busy else seen

        return run.wait_until("the guest", probe, Patience(timeout_s, soon_s=0.3, first_s=0.3, longest_s=3.0))

    return _within(run, timeout_s + _LAST_LOOK_S, work)


def _within(run: Run, timeout_s: float, work: Callable[[CancelToken], Seen]) -> Seen:
    message = f"the guest is not ready after {timeout_s:g} s"
    hint = "guest_ready_timeout gives it more time, wait_for_guest = false does not wait"
    with time_limit(timeout_s, message, run.cancel) as cancel:
        try:
            return work(cancel)
        except WaitTimeout as error:
            raise WaitTimeout(error.message, hint=hint) from None
        except BuildTimeout:
            run.cancel.check()
            raise WaitTimeout(message, hint=hint) from None


def _look(remote: Remote, cancel: CancelToken) -> Seen:
    """One look. What answers nothing that can be understood has no such shell, and is taken to be ready."""
    try:
        lines = remote.run(question(), cancel=cancel).stdout.splitlines()
    except (ConnectionLost, ConnectError) as error:
        if getattr(error, "permanent", False):
            raise
        return Seen(("a restart, as the connection broke",))
    words = [line.strip() for line in lines]
    if _ASKED not in words:
        return Seen()
    busy = dict.fromkeys(line.removeprefix("busy ") for line in words if line.startswith("busy "))
    return Seen(tuple(busy), "failed" in words)
