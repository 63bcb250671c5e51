"""The settings of the WinRM service, as ``winrm get winrm/config`` shows them; they are part of the disk."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_PORTS = {"HTTP": 5985, "HTTPS": 5986}


@dataclass
class WinrmConfiguration:
    """What a fresh Windows Server has: no listener, no Basic, no unencrypted messages.

    ``listeners`` maps a transport to its port. The envelope is 150 KiB, the documented default of the protocol, though
    newer systems come with 500; a client that keeps to the smaller gets along with both.
    """

    listeners: dict[str, int] = field(default_factory=dict)
    running: bool = True
    basic: bool = False
    negotiate: bool = True
    allow_unencrypted: bool = False
    max_envelope_kb: int = 150
    max_timeout_ms: int = 60000
    max_shells_per_user: int = 30
    max_processes_per_shell: int = 25
    max_memory_per_shell_mb: int = 1024
    idle_timeout_s: float = 7200.0

    def copy(self) -> WinrmConfiguration:
        """Another one with the same settings."""
        return WinrmConfiguration(**{**self.__dict__, "listeners": dict(self.listeners)})
