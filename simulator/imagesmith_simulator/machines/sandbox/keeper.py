"""The keeper of one machine: a process outside of it that starts and ends what the machine consists of.

    keeper (one thread)
    ├── namespaces ── init (process 1 of the machine) ── logins, user data
    └── SSH server (many threads)

All of these die with the keeper, and the keeper with the process that forked it. Commands come from the simulator.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from imagesmith_simulator.machines.sandbox import namespaces, syscalls, trees
from imagesmith_simulator.machines.sandbox.guest import boot, host_keys
from imagesmith_simulator.machines.sandbox.wire import Channel, Message, close_all

ALL_NAMESPACES = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWNET
)
_ORDERLY = {0, 256 - signal.SIGKILL}  # told to stop, or forced to
_DESCRIPTORS = 1 << 20  # more than any process has
_ANSWER_FIRST_S = 0.1  # a command that powers off gets this long to report its exit status


@dataclass(kw_only=True)
class Settings:
    """What a machine is made of; the keys may change later."""

    folder: str
    lowers: tuple[str, ...]
    upper: str
    id: str
    hostname: str
    username: str
    password: str
    authorized_keys: tuple[str, ...]
    boot_s: float
    reboot_s: float
    ssh: bool = True
    user_data: bytes = b""
    hosts: dict[str, int] = field(default_factory=dict)


class Keeper:
    """Runs in the keeper's process."""

    def __init__(self, settings: Settings, control: Channel, key_pool: int) -> None:
        self._settings = settings
        self._control = control
        self._key_pool = key_pool
        self._who = namespaces.identities()
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._guest: Channel | None = None
        self._guest_pid = 0  # who holds the namespaces
        self._init_pid = 0
        self._console = -1
        self._front: Channel | None = None
        self._front_pid = 0
        self._agent: Channel | None = None
        self._after_off = "off"
        self._replies_when_off: list[int] = []
        self._starting: dict[int, Message] = {}

    def run(self) -> int:
        """Serve until the simulator hangs up."""
        syscalls.name_process(f"machine {self._settings.id}"[:15])
        trees.make_layer(Path(self._settings.folder, "layers", self._settings.upper))
        self._selector.register(self._control, selectors.EVENT_READ, self._on_control)
        while True:
            for key, _ in self._selector.select(self._next_timer()):
                if key.data() is False:
                    return 0
            self._run_timers()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, action))

    def _next_timer(self) -> float | None:
        return max(0.0, min(at for at, _ in self._timers) - time.monotonic()) if self._timers else None

    def _run_timers(self) -> None:
        now = time.monotonic()
        due = [action for at, action in self._timers if at <= now]
        self._timers = [(at, action) for at, action in self._timers if at > now]
        for action in due:
            action()

    def _on_control(self) -> bool:
        got = self._control.receive()
        if got is None:
            return False
        message, descriptors = got
        actions: dict[str, Callable[[Message], None]] = {
            "run": lambda message: self._run_inside(message, descriptors),
            "signal": self._tell_guest,
            "boot": self._boot,
            "power off": self._power_off,
            "listen": self._listen,
            "stop listening": self._stop_listening,
            "keys": self._set_keys,
            "snapshot": self._snapshot,
            "firewall": self._tell_front,
        }
        try:
            actions[message["do"]](message)
        except OSError as error:
            self._reply(message, error=str(error))
        finally:
            close_all(descriptors)
        return True

    def _run_inside(self, message: Message, descriptors: list[int]) -> None:
        """Have init start a command of the cloud's agent."""
        if self._guest is None:
            raise OSError(112, "the machine is off")
        self._starting[message["session"]] = message
        inside = {**message["what"], "do": "run", "id": message["session"]}
        self._guest.send(inside, tuple(descriptors))

    def _tell_guest(self, message: Message) -> None:
        if self._guest:
            self._guest.try_send(message)

    def _hear_of_session(self, message: Message) -> None:
        """What init says of a command of the agent's: that it was started, that it could not be, that it has ended."""
        if "ended" in message:
            self._control.try_send({"session": message["ended"], "status": message["status"]})
            return
        asked = self._starting.pop(message["id"], None)
        if asked:
            self._reply(asked, **({"error": message["error"]} if "error" in message else {}))

    def _reply(self, message: Message, **answer: object) -> None:
        if "id" in message:
            self._control.try_send({"reply": message["id"], **answer})

    def _tell_front(self, message: Message) -> None:
        if self._front:
            self._front.try_send(message)

    def _listen(self, message: Message) -> None:
        self._settings.hosts[message["host"]] = message["port"]
        self._tell_front(message)

    def _stop_listening(self, message: Message) -> None:
        self._settings.hosts.pop(message["host"], None)
        if self._front:
            self._front.try_send(message)
        else:
            self._reply(message)

    def _set_keys(self, message: Message) -> None:
        self._settings.authorized_keys = tuple(message["keys"])

    def _boot(self, message: Message) -> None:
        if self._guest_pid:
            self._after_off = "reboot"  # it is on its way down; start it again then
            return
        self._after_off = "off"
        self._guest, inside = Channel.pair()
        agent, agent_inside = Channel.pair()
        config = self._boot_config()

        def main() -> int:
            return _run_init(config, inside, agent_inside)

        try:
            self._guest_pid = namespaces.fork_inside(self._who, ALL_NAMESPACES, main)
        except OSError as error:
            self._say(f"imagesmith: the machine can't be started: {error}\n")
            agent.close()
            self._guest.close()
            self._guest = None
            self._control.try_send({"off": True})
            return
        finally:
            inside.close()
            agent_inside.close()
        self._agent = agent
        self._watch(self._guest_pid, self._guest_ended)
        self._selector.register(self._guest, selectors.EVENT_READ, self._on_guest)

    def _boot_config(self) -> boot.BootConfig:
        wanted = self._settings
        return boot.BootConfig(
            folder=wanted.folder,
            lowers=wanted.lowers,
            upper=wanted.upper,
            id=wanted.id,
            hostname=wanted.hostname,
            username=wanted.username,
            authorized_keys=wanted.authorized_keys,
            user_data=wanted.user_data,
            rsa_host_key=host_keys.take_rsa(self._key_pool),
            root_alone=not self._who.many,
        )

    def _watch(self, pid: int, ended: Callable[[int], None]) -> None:
        """Call back with the exit status when a child ends."""
        descriptor = os.pidfd_open(pid)

        def on_end() -> None:
            self._selector.unregister(descriptor)
            os.close(descriptor)
            _, status = os.waitpid(pid, 0)
            ended(os.waitstatus_to_exitcode(status))

        self._selector.register(descriptor, selectors.EVENT_READ, on_end)

    def _on_guest(self) -> None:
        if self._guest is None:
            return
        got = self._guest.receive()
        if got is None:
            self._selector.unregister(self._guest)
            return
        message, descriptors = got
        if "console" in message:
            self._console = descriptors[0]
            self._selector.register(self._console, selectors.EVENT_READ, self._on_console)
        elif "init" in message:
            self._init_pid = message["init"]
        elif "failed" in message:
            self._say(f"imagesmith: the machine can't be started: {message['failed']}\n")
        elif "ended" in message or "id" in message:
            self._hear_of_session(message)
        elif "up" in message:
            self._control.try_send({"agent": True})
            self._later(self._settings.boot_s, self._start_front)
        elif "wants" in message:
            self._after_off = "reboot" if message["wants"] == "reboot" else "off"
            self._tell_front({"do": "close"})
            self._later(_ANSWER_FIRST_S, self._stop_guest)

    def _on_console(self) -> None:
        data = os.read(self._console, 16384)
        self._say(data.decode(errors="replace"))

    def _say(self, text: str) -> None:
        self._control.try_send({"console": text})

    def _start_front(self) -> None:
        """Fork the SSH server; it has the agent connection to init."""
        if not self._guest_pid or self._front_pid or self._agent is None or not self._settings.ssh:
            return
        agent = self._agent
        self._front, far = Channel.pair()
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            namespaces.die_with_parent(parent)
            namespaces.run_and_exit(lambda: _run_front(self._settings, far, agent))
        far.close()
        agent.close()
        self._front_pid = child
        self._watch(child, self._front_ended)
        self._selector.register(self._front, selectors.EVENT_READ, self._on_front)

    def _on_front(self) -> None:
        if self._front is None:
            return
        got = self._front.receive()
        if got is None:
            self._selector.unregister(self._front)
            return
        close_all(got[1])
        self._control.try_send(got[0])

    def _front_ended(self, _status: int) -> None:
        if self._front:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(self._front)
            self._front.close()
        self._front, self._front_pid = None, 0

    def _kill_guest(self) -> None:
        """Kill init, and with it everything in its namespace; its parent ends when all of that is gone."""
        for pid in (self._front_pid, self._init_pid or self._guest_pid):
            if pid:
                os.kill(pid, signal.SIGKILL)

    def _stop_guest(self) -> None:
        """Close the front door, then have init end everything."""
        if self._front_pid:
            os.kill(self._front_pid, signal.SIGKILL)
        if self._guest:
            self._guest.try_send({"do": "stop"})

    def _power_off(self, message: Message) -> None:
        self._after_off = "off"
        self._timers.clear()
        if not self._guest_pid:
            self._reply(message)
            return
        self._replies_when_off.append(message["id"])
        if message.get("force"):
            self._kill_guest()
        else:
            self._stop_guest()

    def _guest_ended(self, status: int) -> None:
        self._drain_console()
        self._hear_last_words()
        self._guest_pid = self._init_pid = 0
        self._control.try_send({"agent": False})
        for asked in self._starting.values():
            self._reply(asked, error="the machine went down")
        self._starting.clear()
        if self._guest:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(self._guest)
            self._guest.close()
        if self._agent:
            self._agent.close()
        self._guest = self._agent = None
        if self._front_pid:
            os.kill(self._front_pid, signal.SIGKILL)
        self._remove_work()
        if self._after_off == "reboot":
            self._say("Restarting system.\n")
            self._later(self._settings.reboot_s, lambda: self._boot({}))
            return
        self._say("Power down.\n" if status in _ORDERLY else f"imagesmith: init ended with status {status}\n")
        self._control.try_send({"off": True})
        for number in self._replies_when_off:
            self._control.try_send({"reply": number})
        self._replies_when_off.clear()

    def _hear_last_words(self) -> None:
        """Say why the guest could not start, where its end is noticed before its message."""
        while self._guest:
            got = self._guest.receive()
            if got is None:
                return
            close_all(got[1])
            if "failed" in got[0]:
                self._say(f"imagesmith: the machine can't be started: {got[0]['failed']}\n")

    def _drain_console(self) -> None:
        if self._console < 0:
            return
        os.set_blocking(self._console, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._console, 16384):
                self._say(data.decode(errors="replace"))
        self._selector.unregister(self._console)
        os.close(self._console)
        self._console = -1

    def _remove_work(self) -> None:
        work = str(Path(self._settings.folder, "work", self._settings.upper))
        namespaces.run_inside(self._who, lambda: run_program(["rm", "-rf", "--", work]))

    def _snapshot(self, message: Message) -> None:
        layers = Path(self._settings.folder, "layers")
        source, target = layers / self._settings.upper, layers / message["layer"]
        reader, writer = os.pipe()

        def main() -> int:
            status = run_program(["cp", "-a", "--reflink=auto", "--", str(source), str(target)])
            os.write(writer, str(_size_of(target)).encode())
            return status

        child = namespaces.fork_inside(self._who, 0, main)
        os.close(writer)

        def ended(status: int) -> None:
            size = os.read(reader, 64)
            os.close(reader)
            if status:
                self._reply(message, error=f"cp ended with status {status}; is the disk full?")
            else:
                self._reply(message, size=int(size or b"0"))

        self._watch(child, ended)


def run_program(command: list[str]) -> int:
    """The exit status of a program of the host's."""
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


def _size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(os.lstat(f"{path}/{name}").st_size for path, _, names in os.walk(folder) for name in names)


def _run_init(config: boot.BootConfig, control: Channel, agent: Channel) -> int:
    """In the process that holds the namespaces: fork init, wait for it, end as it ended."""
    from imagesmith_simulator.machines.sandbox.guest.init import Init

    parent = os.getpid()
    child = os.fork()
    if child == 0:
        namespaces.die_with_parent(parent)
        _close_all_but({control.fileno(), agent.fileno()})
        namespaces.run_and_exit(Init(config, control, agent).run)
    control.send({"init": child})
    control.close()
    agent.close()
    syscalls.name_process("namespaces")
    _close_all_but(set())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_front(settings: Settings, keeper: Channel, agent: Channel) -> int:
    from imagesmith_simulator.machines.sandbox.sshd.server import FrontDoor

    _close_all_but({keeper.fileno(), agent.fileno()})
    return FrontDoor(settings, keeper, agent).run()


def _close_all_but(kept: set[int]) -> None:
    """Close what a forked process inherited, except standard streams.

    Without a look into /proc: while init changes the root that it shares with its parent there is none.
    """
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, _DESCRIPTORS)
