"""The first process of a machine: sets it up, starts what logins ask for, reaps, and ends it all.

It has one thread and two connections: ``control`` to the machine's keeper, by which the cloud's agent starts commands
too, and ``agent`` to the SSH server in front.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable

from imagesmith_simulator.machines.sandbox import syscalls
from imagesmith_simulator.machines.sandbox.guest import accounts, boot, cloud_init, network, sessions
from imagesmith_simulator.machines.sandbox.guest.commands import HALT_SIGNAL, POWER_OFF_SIGNAL, REBOOT_SIGNAL
from imagesmith_simulator.machines.sandbox.wire import Channel, Message, close_all

_GRACE_S = 3.0  # how long processes have to end after SIGTERM


class Init:
    """Process 1."""

    def __init__(self, config: boot.BootConfig, control: Channel, agent: Channel) -> None:
        self._config = config
        self._control = control
        self._agent = agent
        self._sessions = sessions.Sessions(agent)
        self._selector = selectors.DefaultSelector()
        self._running = True

    def run(self) -> int:
        """Boot and serve until told to stop; everything else in the machine ends with this process."""
        syscalls.name_process("init")
        try:
            boot.enter_root(self._config)
            console = self._open_console()
            self._control.send({"console": True}, (console,))
            boot.drop_power()
            self._catch_signals()
            work = boot.prepare(self._config)
        except OSError as error:
            self._control.try_send({"failed": str(error)})
            return 1
        self._start_cloud_init(work)
        self._control.send({"up": True})
        self._serve()
        return 0

    def _open_console(self) -> int:
        console = os.open("/dev/console", os.O_RDWR)
        nothing = os.open("/dev/null", os.O_RDWR)
        for wanted, source in ((0, nothing), (1, console), (2, console)):
            os.dup2(source, wanted)
        os.close(nothing)
        os.close(console)
        return 1

    def _catch_signals(self) -> None:
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        self._wake, self._wake_end = reader, writer
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, HALT_SIGNAL, POWER_OFF_SIGNAL, REBOOT_SIGNAL):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def _start_cloud_init(self, work: cloud_init.Work) -> None:
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                self._control.close()
                self._agent.close()
                sessions.default_signals()
                cloud_init.after_logins(work)
            os._exit(0)

    def _serve(self) -> None:
        self._selector.register(self._control, selectors.EVENT_READ, self._on_control)
        self._selector.register(self._agent, selectors.EVENT_READ, self._on_agent)
        self._selector.register(self._wake, selectors.EVENT_READ, self._on_signal)
        while self._running:
            for key, _ in self._selector.select(self._sessions.next_deadline()):
                key.data()
            self._sessions.kill_overdue()

    def _on_control(self) -> None:
        got = self._control.receive()
        if got is None:
            self._running = False
            return
        message, descriptors = got
        try:
            if message["do"] == "stop":
                self._stop()
            elif message["do"] == "run":
                self._sessions.start(message, descriptors, self._control)
            elif message["do"] == "signal":
                self._sessions.signal(message, descriptors, self._control)
        except OSError as error:
            self._control.try_send({"id": message["id"], "error": str(error)})
        finally:
            close_all(descriptors)

    def _on_signal(self) -> None:
        numbers = self._wake.recv(4096)
        for number, wish in ((REBOOT_SIGNAL, "reboot"), (POWER_OFF_SIGNAL, "power off"), (HALT_SIGNAL, "power off")):
            if number in numbers:
                self._control.try_send({"wants": wish})
                break
        self._sessions.reap()

    def _stop(self) -> None:
        """Ask every process to end, then leave; the kernel kills those that are left with their init."""
        self._running = False
        deadline = time.monotonic() + _GRACE_S
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGTERM)
            os.kill(-1, signal.SIGCONT)
        while self._sessions.reap() and (left := deadline - time.monotonic()) > 0:
            with selectors.DefaultSelector() as waiting:
                waiting.register(self._wake, selectors.EVENT_READ)
                if waiting.select(left):
                    self._wake.recv(4096)

    def _on_agent(self) -> None:
        got = self._agent.receive()
        if got is None:
            self._selector.unregister(self._agent)
            return
        message, descriptors = got
        actions: dict[str, Callable[[Message, list[int]], None]] = {
            "run": self._sessions.start,
            "signal": self._sessions.signal,
            "resize": self._sessions.resize,
            "hang up": self._sessions.hang_up,
            "login": self._login,
            "host keys": self._host_keys,
            "connect": lambda m, _: network.connect(self._agent, m),
            "bind": lambda m, _: network.bind(self._agent, m),
        }
        try:
            actions[message["do"]](message, descriptors)
        except OSError as error:
            self._agent.try_send({"id": message["id"], "error": str(error)})
        finally:
            close_all(descriptors)

    def _login(self, message: Message, _descriptors: list[int]) -> None:
        account = accounts.find(message["user"])
        keys = accounts.authorized_keys(account) if account else ""
        self._agent.send({"id": message["id"], "exists": account is not None, "keys": keys})

    def _host_keys(self, message: Message, _descriptors: list[int]) -> None:
        from pathlib import Path

        keys = [path.read_text() for path in sorted(Path("/etc/ssh").glob("ssh_host_*_key"))]
        self._agent.send({"id": message["id"], "keys": keys})
