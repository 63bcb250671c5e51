"""Commands that the cloud's agent runs in a machine, without a login: the simulator's end of them."""

from __future__ import annotations

import itertools
import os
import threading

from imagesmith.errors import ImagesmithError
from imagesmith_simulator.machines.sandbox.connection import Connection
from imagesmith_simulator.machines.sandbox.wire import Message

_LAST_OUTPUT_S = 0.2  # what a process has left running may hold its output open for ever


class AgentCommand:
    """One command that was started; implements `imagesmith_simulator.machines.interface.Execution`."""

    def __init__(self, number: int, connection: Connection) -> None:
        self._number = number
        self._connection = connection
        self._output = bytearray()
        self._over = threading.Event()
        self._read_all = threading.Event()
        self._status: int | None = None

    def output(self) -> bytes:
        return bytes(self._output)

    @property
    def ended(self) -> bool:
        return self._over.is_set()

    @property
    def status(self) -> int | None:
        return self._status

    def stop(self) -> None:
        self._connection.tell({"do": "signal", "session": self._number, "signal": "KILL", "id": 0})

    def read(self, descriptor: int) -> None:
        """Collect the output until nobody has its other end any more."""
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            while data := stream.read(65536):
                self._output += data
        self._read_all.set()

    def end(self, status: int | None) -> None:
        """The process is gone; None: the machine went down under it."""

        def settle() -> None:
            self._read_all.wait(_LAST_OUTPUT_S)
            self._status = status
            self._over.set()

        threading.Thread(target=settle, name="agent command", daemon=True).start()


class AgentCommands:
    """The commands of one machine, and whether its agent is there to run any."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = itertools.count(1)
        self._running: dict[int, AgentCommand] = {}
        self.up = False

    def start(self, connection: Connection, command: str, user: str) -> AgentCommand:
        """Start a shell command. Raises `ImagesmithError` where that can't be."""
        if not self.up:
            raise ImagesmithError(f"the agent of the simulated machine {self._name} is not running")
        number = next(self._numbers)
        started = self._running[number] = AgentCommand(number, connection)
        what = {"user": user, "command": command, "environment": {}}
        reader, writer = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            connection.ask({"do": "run", "session": number, "what": what}, (nothing, writer, writer))
        except BaseException:
            self._running.pop(number, None)
            os.close(reader)
            raise
        finally:
            os.close(nothing)
            os.close(writer)
        threading.Thread(target=started.read, args=(reader,), name="agent output", daemon=True).start()
        return started

    def hear(self, message: Message) -> None:
        """An event of the machine's: its agent has come or gone, or a command has ended."""
        if "session" in message:
            command = self._running.pop(message["session"], None)
            if command:
                command.end(message["status"])
        elif "agent" in message:
            self.up = message["agent"]
        if message.get("agent") is False or "gone" in message or "off" in message:
            self.up = False
            while self._running:
                self._running.popitem()[1].end(None)
