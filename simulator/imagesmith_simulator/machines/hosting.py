"""Between the cloud's instances and the machines behind them, if there are any.

A machine's work (boot, power-off, snapshot) may take real time, so that each machine has a thread of its own that does
it in order; the cloud's state follows when the work is done. Contents of disks are counted: snapshots, images and their
copies share one, and the last to go deletes it.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol, TypeVar

from imagesmith.errors import ImagesmithError
from imagesmith_simulator.machines.interface import (
    DiskSnapshot,
    Execution,
    MachineKind,
    MachineSpec,
    RunsCommands,
    SimulatedMachine,
)

T = TypeVar("T")
_log = logging.getLogger("imagesmith.simulator")


class Content:
    """A disk's contents with the number of its holders."""

    def __init__(self, disk: DiskSnapshot) -> None:
        self.disk = disk
        self._holders = 1
        self._lock = threading.Lock()

    def hold(self) -> Content:
        """One more holder."""
        with self._lock:
            self._holders += 1
        return self

    def release(self) -> None:
        """One holder less; the last one deletes."""
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            self.disk.delete()


class Machines(Protocol):
    """What the models need of machines. Addresses are loopback ones, whatever is behind them."""

    def new_address(self, kind: str) -> str:
        """A loopback address that nothing of this cloud has; ``kind`` is "public" or "private"."""
        ...

    def create(self, spec: MachineSpec, *, power_off: Callable[[], None], allows: Callable[[str, int], bool]) -> None:
        """Prepare a machine; ``power_off`` is called when it stops by itself."""
        ...

    def boot(self, identity: str) -> Future[None]:
        """Power on."""
        ...

    def stop(self, identity: str, *, force: bool) -> Future[None]:
        """Power off; done when it is off."""
        ...

    def listen(self, identity: str, address: str) -> Future[str]:
        """Be reachable there; the result is what clients connect to, with a port where one is needed."""
        ...

    def stop_listening(self, identity: str, address: str) -> None:
        """Be no longer reachable there."""
        ...

    def set_keys(self, identity: str, keys: tuple[str, ...]) -> None:
        """Install public keys at the next boot."""
        ...

    def snapshot(self, identity: str) -> Future[Content | None]:
        """Freeze the disk; None where there are no disks."""
        ...

    def console(self, identity: str) -> str:
        """The console's text so far."""
        ...

    def agent_running(self, identity: str) -> bool:
        """Whether an agent of the cloud's runs in the machine."""
        ...

    def execute(self, identity: str, command: str, *, user: str) -> Execution:
        """Have the agent run a command. Raises `ImagesmithError` where none runs."""
        ...

    def destroy(self, identity: str) -> Future[None]:
        """Remove the machine."""
        ...

    def close(self) -> None:
        """Remove all machines."""
        ...


class Addresses:
    """Loopback addresses, each given once: public ones in 127.128.0.0/10, private ones in 127.64.0.0/10."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()
        self._given: set[str] = set()

    def new(self, kind: str) -> str:
        """An address that has not been given before."""
        base = int(ipaddress.IPv4Address("127.128.0.0" if kind == "public" else "127.64.0.0"))
        while True:
            address = str(ipaddress.IPv4Address(base + self._random.randrange(256, (1 << 22) - 256)))
            if address not in self._given and not address.endswith((".0", ".255")):
                self._given.add(address)
                return address


def done(value: T) -> Future[T]:
    """A future that has ended."""
    future: Future[T] = Future()
    future.set_result(value)
    return future


class NoMachines:
    """States only: nothing runs and nothing listens."""

    def __init__(self) -> None:
        self._addresses = Addresses()

    def new_address(self, kind: str) -> str:
        return self._addresses.new(kind)

    def create(self, spec: MachineSpec, *, power_off: Callable[[], None], allows: Callable[[str, int], bool]) -> None:
        return

    def boot(self, identity: str) -> Future[None]:
        return done(None)

    def stop(self, identity: str, *, force: bool) -> Future[None]:
        return done(None)

    def listen(self, identity: str, address: str) -> Future[str]:
        return done(address)

    def stop_listening(self, identity: str, address: str) -> None:
        return

    def set_keys(self, identity: str, keys: tuple[str, ...]) -> None:
        return

    def snapshot(self, identity: str) -> Future[Content | None]:
        return done(None)

    def console(self, identity: str) -> str:
        return ""

    def agent_running(self, identity: str) -> bool:
        return False

    def execute(self, identity: str, command: str, *, user: str) -> Execution:
        raise ImagesmithError(f"there is no machine behind {identity}")

    def destroy(self, identity: str) -> Future[None]:
        return done(None)

    def close(self) -> None:
        return


@dataclass
class _Hosted:
    worker: ThreadPoolExecutor
    machine: Future[SimulatedMachine]
    failure: str = ""


class HostedMachines:
    """Real machines of one kind, each with a worker thread."""

    def __init__(self, kind: MachineKind) -> None:
        self._kind = kind
        self._addresses = Addresses()
        self._hosted: dict[str, _Hosted] = {}
        self._ending: set[Future[None]] = set()
        self._lock = threading.Lock()

    def new_address(self, kind: str) -> str:
        return self._addresses.new(kind)

    def create(self, spec: MachineSpec, *, power_off: Callable[[], None], allows: Callable[[str, int], bool]) -> None:
        worker = ThreadPoolExecutor(1, thread_name_prefix=f"machine-{spec.id}")

        def make() -> SimulatedMachine:
            machine = self._kind.create(spec)
            machine.on_power_off(lambda: threading.Thread(target=power_off, daemon=True).start())
            machine.set_firewall(allows)
            return machine

        hosted = _Hosted(worker, worker.submit(make))
        with self._lock:
            self._hosted[spec.id] = hosted

    def boot(self, identity: str) -> Future[None]:
        return self._do(identity, lambda machine: machine.boot())

    def stop(self, identity: str, *, force: bool) -> Future[None]:
        return self._do(identity, lambda machine: machine.power_off(force=force))

    def listen(self, identity: str, address: str) -> Future[str]:
        return self._do(identity, lambda machine: str(machine.listen(address)))

    def stop_listening(self, identity: str, address: str) -> None:
        self._do(identity, lambda machine: machine.stop_listening(address))

    def set_keys(self, identity: str, keys: tuple[str, ...]) -> None:
        self._do(identity, lambda machine: machine.set_keys(keys))

    def snapshot(self, identity: str) -> Future[Content | None]:
        return self._do(identity, lambda machine: Content(machine.snapshot()))

    def console(self, identity: str) -> str:
        with self._lock:
            hosted = self._hosted.get(identity)
        if hosted is None:
            return ""
        if hosted.machine.done() and hosted.machine.exception() is None:
            return hosted.machine.result().console() + hosted.failure
        return hosted.failure

    def agent_running(self, identity: str) -> bool:
        machine = self._with_agent(identity)
        return machine is not None and machine.agent_running

    def execute(self, identity: str, command: str, *, user: str) -> Execution:
        machine = self._with_agent(identity)
        if machine is None:
            raise ImagesmithError(f"no agent runs in the machine of {identity}")
        return machine.execute(command, user=user)

    def _with_agent(self, identity: str) -> RunsCommands | None:
        with self._lock:
            hosted = self._hosted.get(identity)
        if hosted is None or not hosted.machine.done() or hosted.machine.exception() is not None:
            return None
        machine = hosted.machine.result()
        return machine if isinstance(machine, RunsCommands) else None

    def destroy(self, identity: str) -> Future[None]:
        with self._lock:
            hosted = self._hosted.pop(identity, None)
        if hosted is None:
            return done(None)
        ended = hosted.worker.submit(_destroy, hosted.machine)
        hosted.worker.shutdown(wait=False)
        with self._lock:
            self._ending.add(ended)
        ended.add_done_callback(self._ended)
        return ended

    def close(self) -> None:
        with self._lock:
            everything = list(self._hosted)
        for identity in everything:
            self.destroy(identity)
        with self._lock:
            ending = list(self._ending)
        wait(ending, timeout=60)
        self._kind.close()

    def _ended(self, ended: Future[None]) -> None:
        with self._lock:
            self._ending.discard(ended)

    def _do(self, identity: str, work: Callable[[SimulatedMachine], T]) -> Future[T]:
        """Do something with a machine after all that was asked of it before; a failure is shown on its console."""
        with self._lock:
            hosted = self._hosted.get(identity)
        if hosted is None:
            gone: Future[T] = Future()
            gone.set_exception(LookupError(f"the machine of {identity} is gone"))
            return gone

        def run() -> T:
            try:
                return work(hosted.machine.result())
            except Exception as error:
                _log.warning("the machine of %s failed: %s", identity, error)
                hosted.failure += f"\nthe simulated machine failed: {error}\n"
                raise

        return hosted.worker.submit(run)


def _destroy(machine: Future[SimulatedMachine]) -> None:
    if machine.exception() is None:
        machine.result().destroy()
