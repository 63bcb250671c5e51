"""Programs that tell something about the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.programs import Program, fail, resolve, write_line

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows


def _whoami(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    domain = "nt authority" if context.user == "SYSTEM" else windows.hostname.lower()[:15]
    lowered = [argument.lower() for argument in arguments]
    if "/groups" in lowered:
        level = "High" if context.elevated else "Medium"
        write_line(context, "BUILTIN\\Administrators                Alias  S-1-5-32-544  Enabled group")
        write_line(
            context, f"Mandatory Label\\{level} Mandatory Level  Label  S-1-16-{12288 if context.elevated else 8192}"
        )
        return 0
    if arguments:
        return fail(context, f"ERROR: Invalid argument/option - '{arguments[0]}'.")
    write_line(context, f"{domain}\\{context.user.lower()}")
    return 0


def _hostname(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    write_line(context, windows.hostname)
    return 0


def _systeminfo(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    if arguments:
        return fail(context, f"ERROR: Invalid argument/option - '{arguments[0]}'.")
    booted = time.strftime("%m/%d/%Y, %I:%M:%S %p", time.localtime(windows.booted))
    write_line(context)
    write_line(context, f"Host Name:                 {windows.hostname.upper()}")
    write_line(context, "OS Name:                   Microsoft Windows Server 2022 Datacenter")
    write_line(context, "OS Version:                10.0.20348 N/A Build 20348")
    write_line(context, f"System Boot Time:          {booted}")
    return 0


def _wmic(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    words = [argument.lower() for argument in arguments]
    if words[:2] == ["os", "get"] and words[2:3] == ["lastbootuptime"]:
        stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(windows.booted))
        stamp += f".{int(windows.booted % 1 * 1_000_000):06d}+000"
        write_line(context, f"LastBootUpTime={stamp}" if "/value" in words else f"LastBootUpTime  \r\n{stamp}  ")
        return 0
    return fail(context, "Invalid query: the simulated machine knows only: wmic os get lastbootuptime", 44124)


def _where(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    names = [argument for argument in arguments if not argument.startswith("/")]
    code = 0
    for name in names:
        path = resolve(windows, name, context)
        if path:
            write_line(context, path)
        else:
            code = fail(context, "INFO: Could not find files for the given pattern(s).")
    return code


def _tasklist(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    write_line(context)
    write_line(context, "Image Name                     PID Session Name        Session#    Mem Usage")
    write_line(context, "========================= ======== ================ =========== ============")
    for process in windows.processes.running():
        write_line(context, f"{process.name[:25]:<25} {process.pid:>8} Services                   0      4,000 K")
    return 0


def _taskkill(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    words = [argument.lower() for argument in arguments]
    by_id = {words[at + 1] for at, word in enumerate(words[:-1]) if word == "/pid"}
    by_name = {words[at + 1] for at, word in enumerate(words[:-1]) if word == "/im"}
    found = [item for item in windows.processes.running() if str(item.pid) in by_id or item.name.lower() in by_name]
    for process in found:
        process.end(1)
        write_line(context, f"SUCCESS: The process with PID {process.pid} has been terminated.")
    if not found:
        return fail(context, f'ERROR: The process "{", ".join(sorted(by_id | by_name))}" not found.', 128)
    return 0


def _ipconfig(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    write_line(context, "\r\nWindows IP Configuration\r\n")
    write_line(context, "Ethernet adapter Ethernet:\r\n\r\n   Connection-specific DNS Suffix  . :")
    return 0


PROGRAMS: dict[str, Program] = {
    "whoami": _whoami,
    "hostname": _hostname,
    "systeminfo": _systeminfo,
    "wmic": _wmic,
    "where": _where,
    "tasklist": _tasklist,
    "taskkill": _taskkill,
    "ipconfig": _ipconfig,
}
