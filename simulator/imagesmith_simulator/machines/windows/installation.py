"""What is on the disk of a machine beside files: users, services' settings, the registry; and a fresh Windows."""

from __future__ import annotations

import copy
import secrets
from dataclasses import dataclass, field

from imagesmith_simulator.machines.windows.configuration import WinrmConfiguration
from imagesmith_simulator.machines.windows.disk import Disk

_FOLDERS = (
    "Windows\\Temp",
    "Windows\\System32\\WindowsPowerShell\\v1.0",
    "Windows\\System32\\Sysprep",
    "Windows\\Panther",
    "Users\\Administrator\\AppData\\Local\\Temp",
    "Users\\Administrator\\Desktop",
    "Users\\Public",
    "Program Files",
    "Program Files (x86)",
    "ProgramData",
    "PerfLogs",
)
_EXECUTABLES = (
    *("cmd", "whoami", "hostname", "shutdown", "net", "netsh", "sc", "timeout", "ping", "ipconfig", "certutil"),
    *("where", "findstr", "find", "more", "sort", "taskkill", "tasklist", "attrib", "chcp", "systeminfo"),
    *("wbem\\wmic", "WindowsPowerShell\\v1.0\\powershell", "Sysprep\\sysprep"),
)
_VERSION = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

READY, RUNNING = 3, 4
"""States of scheduled tasks."""
RegistryValue = int | str | bytes | list[str]


@dataclass
class Task:
    """A scheduled task. ``state`` is 3 for ready, 4 for running."""

    name: str
    command: str
    arguments: str
    folder: str = ""
    user: str = ""
    highest: bool = False
    state: int = READY
    last_result: int = 0x41303  # has not yet run
    xml: str = ""


@dataclass
class Installation:
    """All that an image of a machine holds."""

    disk: Disk = field(default_factory=Disk)
    winrm: WinrmConfiguration = field(default_factory=WinrmConfiguration)
    passwords: dict[str, str] = field(default_factory=dict)
    administrators: set[str] = field(default_factory=lambda: {"Administrator"})
    registry: dict[str, dict[str, RegistryValue]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    execution_policy: str = "RemoteSigned"
    language_mode: str = "FullLanguage"
    generalized: bool = False
    user_data_done: bool = False
    machine_guid: str = ""
    sid: str = ""

    def copy(self) -> Installation:
        """Another one with the same contents, which share nothing."""
        values = {name: copy.deepcopy(value) for name, value in self.__dict__.items() if name not in ("disk", "winrm")}
        return Installation(disk=self.disk.copy(), winrm=self.winrm.copy(), **values)


def fresh() -> Installation:
    """A Windows Server as the clouds' public images hold it."""
    installation = Installation(variables=_variables(), services={"WinRM": "Auto", "Schedule": "Auto"})
    for folder in _FOLDERS:
        installation.disk.make_folder(f"C:\\{folder}")
    for name in _EXECUTABLES:
        path = f"C:\\Windows\\System32\\{name}.exe"
        installation.disk.make_folder(path.rpartition("\\")[0])
        installation.disk.write(path, b"MZ")
    installation.disk.write("C:\\Windows\\System32\\winrm.cmd", b"@rem the Windows Remote Management command line\r\n")
    installation.registry[f"HKLM\\{_VERSION}"] = {
        "ProductName": "Windows Server 2022 Datacenter",
        "CurrentBuild": "20348",
        "CurrentVersion": "6.3",
    }
    specialize(installation)
    return installation


def specialize(installation: Installation) -> None:
    """What setup makes anew on a machine of its own: security identifier, machine id."""
    numbers = "-".join(str(secrets.randbelow(1 << 32)) for _ in range(3))
    installation.sid = f"S-1-5-21-{numbers}"
    key = installation.registry.setdefault("HKLM\\SOFTWARE\\Microsoft\\Cryptography", {})
    key["MachineGuid"] = installation.machine_guid = _guid()


def _guid() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _variables() -> dict[str, str]:
    """The machine's environment variables, without a user's."""
    return {
        "ALLUSERSPROFILE": "C:\\ProgramData",
        "CommonProgramFiles": "C:\\Program Files\\Common Files",
        "ComSpec": "C:\\Windows\\system32\\cmd.exe",
        "DriverData": "C:\\Windows\\System32\\Drivers\\DriverData",
        "NUMBER_OF_PROCESSORS": "2",
        "OS": "Windows_NT",
        "Path": "C:\\Windows\\system32;C:\\Windows;C:\\Windows\\System32\\Wbem;"
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "ProgramData": "C:\\ProgramData",
        "ProgramFiles": "C:\\Program Files",
        "ProgramFiles(x86)": "C:\\Program Files (x86)",
        "ProgramW6432": "C:\\Program Files",
        "PSModulePath": "C:\\Program Files\\WindowsPowerShell\\Modules",
        "PUBLIC": "C:\\Users\\Public",
        "SystemDrive": "C:",
        "SystemRoot": "C:\\Windows",
        "windir": "C:\\Windows",
    }
