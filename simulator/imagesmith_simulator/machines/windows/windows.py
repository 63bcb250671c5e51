"""A Windows that is up: what programs and the WinRM service see of the machine, from its boot until it is off."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

from imagesmith.waiting import CancelToken
from imagesmith_simulator.machines.windows.certificate import Certificate
from imagesmith_simulator.machines.windows.configuration import WinrmConfiguration
from imagesmith_simulator.machines.windows.disk import Disk
from imagesmith_simulator.machines.windows.installation import READY, Installation
from imagesmith_simulator.machines.windows.processes import Context, Process, Processes
from imagesmith_simulator.machines.windows.streams import Reader, Writer

Power = Literal["off", "reboot"]
_ANSWER_FIRST_S = 0.1  # a command that shuts down gets this long to report its exit code


class ShutdownTimer:
    """``shutdown /s /t N`` and what came of it."""

    def __init__(self, down: Callable[[Power], None]) -> None:
        self._down = down
        self._lock = threading.Lock()
        self._cancel: CancelToken | None = None
        self.state: Literal["", "scheduled", "going down"] = ""

    def schedule(self, what: Power, seconds: float) -> None:
        """Go down after a while."""
        with self._lock:
            cancel = self._cancel = CancelToken()
            self.state = "scheduled" if seconds > 0 else "going down"

        def run() -> None:
            if cancel.wait(seconds):
                return
            self.state = "going down"
            if not cancel.wait(_ANSWER_FIRST_S):
                self._down(what)

        threading.Thread(target=run, name="shutdown timer", daemon=True).start()

    def abort(self) -> bool:
        """Call it off; whether there was anything to call off."""
        with self._lock:
            if self.state != "scheduled" or self._cancel is None:
                return False
            self._cancel.cancel("aborted")
            self.state = ""
            return True

    def stop(self) -> None:
        """The machine is going down for another reason."""
        with self._lock:
            if self._cancel:
                self._cancel.cancel("down")


class Windows:
    """One boot of a machine."""

    def __init__(
        self,
        installation: Installation,
        hostname: str,
        *,
        say: Callable[[str], None],
        down: Callable[[Power], None],
        winrm_changed: Callable[[], None],
    ) -> None:
        self.installation = installation
        self._hostname = hostname
        self.boot_id = secrets.token_hex(16)
        self.booted = time.time()
        self.processes = Processes()
        self.shutdown = ShutdownTimer(down)
        self.certificate = Certificate(hostname)
        self.say = say
        self.winrm_changed = winrm_changed
        for task in installation.tasks.values():  # what ran when the disk was copied does not run any more
            task.state = READY

    @property
    def hostname(self) -> str:
        """The machine's name."""
        return self._hostname

    @property
    def disk(self) -> Disk:
        """The disk C:."""
        return self.installation.disk

    @property
    def winrm(self) -> WinrmConfiguration:
        """The settings of the WinRM service."""
        return self.installation.winrm

    @property
    def passwords(self) -> Mapping[str, str]:
        """The known passwords by user."""
        return self.installation.passwords

    def known_user(self, name: str) -> str:
        """How a user's name is spelled; "" where there is no such user."""
        bare = name.rpartition("\\")[2].lower()
        if bare in ("system", "localsystem"):
            return "SYSTEM"
        users = {*self.installation.passwords, "Administrator"}
        return next((user for user in users if user.lower() == bare), "")

    def home(self, user: str) -> str:
        """The folder that a user's processes begin in."""
        return "C:\\Windows\\system32" if user == "SYSTEM" else f"C:\\Users\\{user}"

    def environment(self, user: str) -> dict[str, str]:
        """The variables that a user's processes begin with."""
        profile = "C:\\Windows\\system32\\config\\systemprofile" if user == "SYSTEM" else f"C:\\Users\\{user}"
        temp = "C:\\Windows\\TEMP" if user == "SYSTEM" else f"{profile}\\AppData\\Local\\Temp"
        self.disk.make_folder(temp)
        env = dict(self.installation.variables)
        env |= {
            "COMPUTERNAME": self.hostname.upper()[:15],
            "USERNAME": f"{self.hostname.upper()[:15]}$" if user == "SYSTEM" else user,
            "USERDOMAIN": "WORKGROUP" if user == "SYSTEM" else self.hostname.upper()[:15],
            "USERPROFILE": profile,
            "HOMEDRIVE": "C:",
            "HOMEPATH": profile[2:],
            "APPDATA": f"{profile}\\AppData\\Roaming",
            "LOCALAPPDATA": f"{profile}\\AppData\\Local",
            "TEMP": temp,
            "TMP": temp,
            "PROMPT": "$P$G",
        }
        return env

    def context(self, user: str, stdin: Reader, stdout: Writer, stderr: Writer) -> Context:
        """The context of a process that a user starts."""
        return Context(
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=self.environment(user),
            cwd=self.home(user),
            user=user,
            kill=CancelToken(),
        )

    def start(
        self,
        line: str,
        *,
        shell: bool,
        user: str,
        env: dict[str, str],
        cwd: str,
        streams: tuple[Reader, Writer, Writer],
    ) -> Process:
        """Run a command line for a remote shell, by cmd.exe with ``shell``."""
        from imagesmith_simulator.machines.windows import programs
        from imagesmith_simulator.machines.windows.cmd import interpreter

        context = self.context(user, *streams)
        context.env = env
        context.over_winrm = True
        if self.disk.is_folder(cwd):
            context.cwd = self.disk.real_path(cwd)
        if shell:
            return self.processes.start("cmd.exe", lambda ctx: interpreter.run_line(self, line, ctx), context)
        return self.processes.start(
            line.split(" ", maxsplit=1)[0], lambda ctx: programs.run_line(self, line, ctx), context
        )

    def stop(self) -> None:
        """Everything ends."""
        self.shutdown.stop()
        self.processes.stop()
