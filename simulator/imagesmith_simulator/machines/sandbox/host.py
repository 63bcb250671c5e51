"""The process between the simulator and its machines: forks a keeper for each, cleans up when the simulator is gone.

It is started with a clean environment, has everything imported that a machine needs, and one thread; so a machine costs
a fork. It holds a lock on the kind's folder, by which the next start tells dead folders from living ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imagesmith_simulator.machines.sandbox import base, keeper, namespaces, syscalls, trees
from imagesmith_simulator.machines.sandbox.guest import host_keys
from imagesmith_simulator.machines.sandbox.guest import init as _init  # noqa: F401 - imported once, for all machines
from imagesmith_simulator.machines.sandbox.sshd import server as _server  # noqa: F401
from imagesmith_simulator.machines.sandbox.wire import Channel, Message, close_all

_LOCK = "lock"


class Host:
    """Runs in the host process."""

    def __init__(self, state_dir: Path, control: Channel) -> None:
        self._state_dir = state_dir
        self._folder = state_dir / str(os.getpid())
        self._control = control
        self._who = namespaces.identities()
        self._keepers: set[int] = set()
        self._base_ready = False

    def run(self) -> int:
        """Serve until the simulator hangs up or dies; then leave nothing."""
        syscalls.name_process("machines")
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        "localhost".encode("idna")  # loads what looking up names needs: a machine has none of this Python's files
        self._make_folder()
        gc.freeze()
        self._key_pool, self._key_maker = host_keys.start_pool()
        try:
            self._serve()
        finally:
            self._clean_up()
        return 0

    def _make_folder(self) -> None:
        self._state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._state_dir.is_symlink() or self._state_dir.stat().st_uid != os.geteuid():
            raise OSError(13, "the state folder belongs to somebody else", str(self._state_dir))
        self._remove_dead_folders()
        self._remove(self._folder)
        with self._alone():
            (self._folder / "work").mkdir(parents=True, mode=0o700)
            (self._folder / "layers").mkdir()
            self._lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other host begins or ends a folder meanwhile: one that is just being made looks like a dead one."""
        descriptor = os.open(self._state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _remove_dead_folders(self) -> None:
        for folder in self._state_dir.iterdir():
            if not folder.name.isdigit() or not folder.is_dir():
                continue
            try:
                with self._alone(), (folder / _LOCK).open("rb") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            except OSError:  # no lock file: its maker died before
                if Path("/proc", folder.name).exists():
                    continue
            self._remove(folder)

    def _remove(self, path: Path) -> None:
        """Remove a folder with what belongs to the machine's users, who are other users here."""
        if path.exists():
            remove = ["rm", "-rf", "--", str(path)]
            with contextlib.suppress(OSError):
                namespaces.run_inside(self._who, lambda: keeper.run_program(remove))

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            while True:
                selector.select(None if not self._keepers else 1.0)
                self._reap()
                got = self._receive_if_any()
                if got is None:
                    return

    def _receive_if_any(self) -> bool | None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._control, selectors.EVENT_READ)
            if not ready.select(0):
                return False
        got = self._control.receive()
        if got is None:
            return None
        self._act(*got)
        return True

    def _act(self, message: Message, descriptors: list[int]) -> None:
        try:
            if message["do"] == "machine":
                self._fork_keeper(message, descriptors)
            elif message["do"] == "probe":
                self._probe()
            elif message["do"] == "remove":
                self._remove(self._folder / "layers" / message["layer"])
            answer: Message = {"reply": message["id"]}
        except OSError as error:
            answer = {"reply": message["id"], "error": str(error)}
        finally:
            close_all(descriptors)
        self._control.try_send(answer)

    def _prepare_base(self) -> None:
        if not self._base_ready:
            base.build(self._folder / "layers/base", root_alone=not self._who.many)
            self._base_ready = True

    def _probe(self) -> None:
        """Try what a machine needs; raises `OSError` naming what the kernel refused."""
        trees.make_layer(self._folder / "layers/probe")
        self._prepare_base()
        errors, say_error = os.pipe()
        try:
            child = namespaces.fork_inside(self._who, keeper.ALL_NAMESPACES, lambda: self._try_mounts(say_error))
            os.waitpid(child, 0)
            os.close(say_error)
            text = os.read(errors, 4096).decode()
        finally:
            os.close(errors)
        for name in ("layers/probe", "work/probe"):
            self._remove(self._folder / name)
        if text:
            number, _, rest = text.partition(" ")
            raise OSError(int(number), rest)

    def _try_mounts(self, say_error: int) -> int:
        """In the namespaces: mount a machine's root in their first process, and report an error by the descriptor."""

        def inside() -> int:
            try:
                trees.mount_root(str(self._folder), ["base"], "probe")
            except OSError as error:
                os.write(say_error, f"{error.errno} {error.strerror} ({error.filename})".encode())
                return 1
            return 0

        child = os.fork()
        if child == 0:
            namespaces.run_and_exit(inside)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _fork_keeper(self, message: Message, descriptors: list[int]) -> None:
        self._prepare_base()
        control, user_data = descriptors
        parent = os.getpid()
        child = os.fork()
        if child:
            self._keepers.add(child)
            return
        namespaces.die_with_parent(parent)
        namespaces.run_and_exit(lambda: self._be_keeper(message["settings"], control, user_data))

    def _be_keeper(self, settings: Message, control: int, user_data: int) -> int:
        self._control.close()
        os.close(self._lock)
        with os.fdopen(user_data, "rb") as file:
            data = file.read()
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
        wanted = keeper.Settings(**fields, folder=str(self._folder), user_data=data)
        channel = Channel(socket.socket(fileno=control))
        return keeper.Keeper(wanted, channel, self._key_pool).run()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._keepers.discard(pid)

    def _clean_up(self) -> None:
        """End every process of every machine (each falls with its parent), remove the folder."""
        for pid in (*self._keepers, self._key_maker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        self._remove(self._folder)
        with contextlib.suppress(OSError):  # somebody else's machines are there still
            self._state_dir.rmdir()


def main(arguments: list[str]) -> int:
    """``arguments`` are the descriptor of the control socket and the state folder."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    control = Channel(socket.socket(fileno=int(arguments[0])))
    control.sock.set_inheritable(False)
    try:
        return Host(Path(arguments[1]), control).run()
    except OSError as error:
        control.try_send({"failed": str(error)})
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
