"""The sandbox kind as the simulated clouds see it: where its machines and layers are made and unmade."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from imagesmith.errors import ImagesmithError, UsageError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.sandbox import advice
from imagesmith_simulator.machines.sandbox.connection import Connection
from imagesmith_simulator.machines.sandbox.layers import Layers
from imagesmith_simulator.machines.sandbox.machine import SandboxMachine, SandboxSnapshot
from imagesmith_simulator.machines.sandbox.wire import Channel, Message

_CLEAN_UP_TIMEOUT_S = 60.0


class SandboxKind:
    """Machines made of Linux namespaces over an overlay of the host's programs.

    ``state_dir`` holds the disks, in a folder per process (default: imagesmith-sandbox-UID in $TMPDIR or /var/tmp). A
    machine listens ``boot_s`` real seconds after it is up, and stays down for ``reboot_s`` when it reboots. Without
    ``ssh`` nothing ever listens; without ``agent`` no agent of the cloud's runs. Nothing is started before the first
    machine is created.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        boot_s: float = 0.0,
        reboot_s: float = 1.0,
        ssh: bool = True,
        agent: bool = True,
    ) -> None:
        self._state_dir = state_dir or _default_state_dir()
        self._boot_s = boot_s
        self._reboot_s = reboot_s
        self._ssh = ssh
        self._agent = agent
        self._lock = threading.RLock()
        self._layers = Layers(self._remove_layer)
        self._machines: set[SandboxMachine] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._host: Connection | None = None
        self._log: IO[bytes] | None = None
        self._failure = ""
        self._unavailable: str | None = None

    def unavailable(self) -> str:
        with self._lock:
            if self._unavailable is None:
                self._unavailable = self._try_host()
            return self._unavailable

    def _try_host(self) -> str:
        missing = advice.missing_basics()
        if missing:
            return missing
        try:
            self._connection().ask({"do": "probe"})
        except ImagesmithError as error:
            reason = self._failure or error.message
            return advice.explain(f"sandbox machines don't work here: {reason}", str(self._state_dir))
        return ""

    def create(self, spec: MachineSpec) -> SandboxMachine:
        """A machine that is off. Raises `ImagesmithError` where sandboxes don't work."""
        lowers: tuple[str, ...] = ("base",)
        if spec.base is not None:
            if not isinstance(spec.base, SandboxSnapshot):
                raise UsageError("a sandbox machine can only start from a sandbox machine's disk")
            lowers = spec.base.layers
        layer = self._layers.take(lowers)
        try:
            machine = self._start_machine(spec, layer, lowers)
        except BaseException:
            self._layers.release((layer, *lowers))
            raise
        with self._lock:
            self._machines.add(machine)
        return machine

    def _start_machine(self, spec: MachineSpec, layer: str, lowers: tuple[str, ...]) -> SandboxMachine:
        near, far = Channel.pair()
        settings = {
            "lowers": lowers,
            "upper": layer,
            "id": spec.id,
            "hostname": spec.hostname,
            "username": spec.username,
            "password": spec.password,
            "authorized_keys": spec.authorized_keys,
            "boot_s": self._boot_s,
            "reboot_s": self._reboot_s,
            "ssh": self._ssh,
        }
        user_data = os.memfd_create("user-data")
        try:
            os.write(user_data, spec.user_data)
            os.lseek(user_data, 0, os.SEEK_SET)
            self._connection().ask({"do": "machine", "settings": settings}, (far.fileno(), user_data))
        except BaseException:
            near.close()
            raise
        finally:
            far.close()
            os.close(user_data)
        return SandboxMachine(spec.id, near, self._layers, (layer, *lowers), self._forget, agent=self._agent)

    def _forget(self, machine: SandboxMachine) -> None:
        with self._lock:
            self._machines.discard(machine)

    def close(self) -> None:
        """Destroy every machine and snapshot that is left, remove the kind's folder."""
        with self._lock:
            machines = list(self._machines)
        for machine in machines:
            machine.destroy()
        with self._lock:
            if self._host is None or self._process is None:
                return
            self._host.hang_up()
            try:
                self._process.wait(_CLEAN_UP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._host = self._process = None
            if self._log:
                self._log.close()

    def _remove_layer(self, layer: str) -> None:
        host = self._host
        if host:
            host.ask({"do": "remove", "layer": layer}, timeout_s=_CLEAN_UP_TIMEOUT_S)

    def _connection(self) -> Connection:
        with self._lock:
            if self._host is None:
                self._host = self._start_host()
            return self._host

    def _start_host(self) -> Connection:
        near, far = Channel.pair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the kind
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)  # noqa: PTH100 - strings
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "imagesmith_simulator.machines.sandbox.host",
                    str(far.fileno()),
                    str(self._state_dir),
                ],
                pass_fds=[far.fileno()],
                env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": paths, "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                cwd="/",
                start_new_session=True,
            )
        finally:
            far.close()
        return Connection(near, "sandbox host", self._on_event)

    def _on_event(self, message: Message) -> None:
        if message.get("failed"):
            self._failure = str(message["failed"])


def _default_state_dir() -> Path:
    return Path(os.environ.get("TMPDIR") or "/var/tmp", f"imagesmith-sandbox-{os.geteuid()}")  # noqa: S108 - its owner is checked
