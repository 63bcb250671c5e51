"""What stands behind a simulated instance: a machine that can be booted, logged in to, stopped and snapshot.

Kinds: `sandbox` (Linux namespaces over an overlay of the host's root) and `windows` (a Windows-shaped machine behind a
WinRM server). The simulated clouds know only these protocols, so that a kind can be added without touching them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


class DiskSnapshot(Protocol):
    """The frozen contents of a machine's disk; images and snapshots hold one."""

    def size_bytes(self) -> int:
        """How much the machine's own layer holds."""
        ...

    def delete(self) -> None:
        """Remove it from the host; never raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class MachineSpec:
    """What the cloud tells a machine when it is created.

    ``base`` is the disk it starts from (None: the host's root as it is). ``user_data`` is run at first boot as
    cloud-init would run it. ``authorized_keys`` are public key lines for ``username``; ``password`` may be empty.
    ``os`` is the system of the image that it starts from, by which the kind of machine is chosen.
    """

    id: str
    hostname: str
    os: Literal["linux", "windows"] = "linux"
    base: DiskSnapshot | None = None
    user_data: bytes = b""
    authorized_keys: tuple[str, ...] = ()
    username: str = "root"
    password: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A loopback address and the port that the guest's server really listens on there; ``usual``: where it should."""

    host: str
    port: int
    usual: int = 22

    def __str__(self) -> str:
        return self.host if self.port == self.usual else f"{self.host}:{self.port}"


class SimulatedMachine(Protocol):
    """One machine. All methods may be called from any thread."""

    def boot(self) -> None:
        """Power on; returns at once. The first time, keys and password are installed and user data is run."""
        ...

    def power_off(self, *, force: bool = False) -> None:
        """Stop every process in it (with a chance to end unless ``force``); returns when it is off."""
        ...

    @property
    def running(self) -> bool:
        """Whether it is powered on."""
        ...

    def on_power_off(self, callback: Callable[[], None]) -> None:
        """Call back when the machine powers off by itself (``poweroff``, ``shutdown`` run inside)."""
        ...

    def listen(self, host: str) -> Endpoint:
        """Be reachable at this loopback address: by SSH at port 22 or where that can't be bound at another, by WinRM
        at 5985 and 5986.

        May be called before boot: until the guest is up a connection is refused.
        """
        ...

    def stop_listening(self, host: str) -> None:
        """No longer be reachable at this address."""
        ...

    def set_firewall(self, allows: Callable[[str, int], bool]) -> None:
        """``allows(peer_address, guest_port)`` decides about each new connection; a refused one hangs (is dropped)."""
        ...

    def set_keys(self, authorized_keys: tuple[str, ...]) -> None:
        """Install public keys as the cloud's agent does when a key pair is attached; takes effect at the next boot."""
        ...

    def console(self) -> str:
        """The text of the serial console so far, with the SSH host keys as cloud-init prints them."""
        ...

    def snapshot(self) -> DiskSnapshot:
        """Freeze a copy of the disk as it is now; the machine may be running or off."""
        ...

    def destroy(self) -> None:
        """Power off and remove everything of it from the host; never raises."""
        ...


class Execution(Protocol):
    """A command that the cloud's agent runs in a machine."""

    def output(self) -> bytes:
        """What it has written so far, to both of its streams."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        ...

    @property
    def status(self) -> int | None:
        """Its exit status, negative: the signal that killed it; None while it runs or when its machine went down."""
        ...

    def stop(self) -> None:
        """Kill it and its process group; it ends in a moment."""
        ...


@runtime_checkable
class RunsCommands(Protocol):
    """A machine in which an agent of the cloud's runs commands, without a login and without a network."""

    @property
    def agent_running(self) -> bool:
        """Whether the agent is up."""
        ...

    def execute(self, command: str, *, user: str = "root") -> Execution:
        """Start a command of the user's shell. Raises `ImagesmithError` where it can't be started."""
        ...


class MachineKind(Protocol):
    """Makes machines of one kind."""

    def unavailable(self) -> str:
        """Why this kind does not work on this host and what to enable; "" when it works."""
        ...

    def create(self, spec: MachineSpec) -> SimulatedMachine:
        """A machine that is off."""
        ...

    def close(self) -> None:
        """Destroy every machine and snapshot that is left, remove the kind's folder."""
        ...
