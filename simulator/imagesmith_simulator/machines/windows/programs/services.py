"""Programs that configure services: winrm, net, sc, netsh."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.configuration import DEFAULT_PORTS
from imagesmith_simulator.machines.windows.programs import Program, fail, write_line

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.configuration import WinrmConfiguration
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows

_SETTING = re.compile(r"""\s*([\w]+)\s*=\s*["`']*([^"`';}]*)["`']*\s*;?""")
_LISTENER = re.compile(r"winrm/config/listener\?address=(\*|[\d.:]+)\+transport=(https?)$", re.IGNORECASE)


def _true(text: str) -> bool:
    return text.strip().strip("$").lower() in ("true", "1")


def _set(name: str, convert: Callable[[str], object]) -> Callable[[WinrmConfiguration, str], None]:
    return lambda settings, text: setattr(settings, name, convert(text))


def _accepted(settings: WinrmConfiguration, text: str) -> None:
    """A setting that makes no difference here: clients' side, or a way to log in that no client of ours uses."""


SETTINGS: dict[str, dict[str, Callable[[WinrmConfiguration, str], None]]] = {
    "winrm/config": {
        "maxenvelopesizekb": _set("max_envelope_kb", int),
        "maxtimeoutms": _set("max_timeout_ms", int),
        "maxbatchitems": _accepted,
    },
    "winrm/config/winrs": {
        "maxmemorypershellmb": _set("max_memory_per_shell_mb", int),
        "maxshellsperuser": _set("max_shells_per_user", int),
        "maxprocessespershell": _set("max_processes_per_shell", int),
        "idletimeout": _set("idle_timeout_s", lambda text: int(text) / 1000),
        "allowremoteshellaccess": _accepted,
        "maxconcurrentusers": _accepted,
    },
    "winrm/config/service": {
        "allowunencrypted": _set("allow_unencrypted", _true),
        "maxconcurrentoperationsperuser": _accepted,
        "maxconnections": _accepted,
        "enumerationtimeoutms": _accepted,
    },
    "winrm/config/service/auth": {
        "basic": _set("basic", _true),
        "negotiate": _set("negotiate", _true),
        "kerberos": _accepted,
        "certificate": _accepted,
        "credssp": _accepted,
        "cbthardeninglevel": _accepted,
    },
    "winrm/config/client": {"allowunencrypted": _accepted, "trustedhosts": _accepted, "networkdelayms": _accepted},
    "winrm/config/client/auth": dict.fromkeys(("basic", "digest", "kerberos", "negotiate", "credssp"), _accepted),
}


def change_setting(windows: Windows, place: str, name: str, value: str) -> str:
    """Change a setting of the WinRM service; what is wrong, or ""."""
    setters = SETTINGS.get(place.lower().rstrip("/"))
    if setters is None:
        return f"The WS-Management service does not know {place}."
    setter = setters.get(name.lower())
    if setter is None:
        return f"{place} has no setting {name}."
    try:
        setter(windows.winrm, value)
    except ValueError:
        return f"The value {value} of {name} is not valid."
    windows.winrm_changed()
    return ""


def add_listener(windows: Windows, transport: str, port: str = "") -> str:
    """Make or change a listener; what is wrong, or ""."""
    transport = transport.upper()
    if transport not in DEFAULT_PORTS or (port and not port.isdigit()):
        return f"A listener can't be made for {transport} {port}."
    windows.winrm.listeners[transport] = int(port or windows.winrm.listeners.get(transport, DEFAULT_PORTS[transport]))
    windows.winrm_changed()
    return ""


def _quickconfig(windows: Windows, words: list[str], context: Context) -> int:
    transport = next((word.split(":")[1] for word in words if word.lower().startswith("-transport:")), "http")
    set_service(windows, "WinRM", running=True)
    if problem := add_listener(windows, transport):
        return fail(context, problem)
    write_line(context, "WinRM service is already running on this machine.")
    write_line(context, "WinRM has been updated for remote management.")
    return 0


def _winrm(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``winrm quickconfig``, ``winrm set|create|delete|get|enumerate RESOURCE [@{NAME="VALUE"}]``."""
    words = list(arguments)
    verb = words[0].lower() if words else ""
    if verb in ("quickconfig", "qc"):
        return _quickconfig(windows, words[1:], context)
    place = words[1] if len(words) > 1 else ""
    given = _SETTING.findall(raw[raw.find("@{") + 2 :]) if "@{" in raw else []
    listener = _LISTENER.match(place)
    problem = f'Error: Invalid use of command line. Type "winrm -?" for help: {raw}'
    if verb in ("set", "s") and given and not listener:
        problem = next(filter(None, (change_setting(windows, place, name, value) for name, value in given)), "")
    elif verb in ("set", "s", "create", "c") and listener:
        ports = {name.lower(): value for name, value in given}
        problem = add_listener(windows, listener.group(2), ports.get("port", ""))
    elif verb in ("delete", "d") and listener:
        windows.winrm.listeners.pop(listener.group(2).upper(), None)
        windows.winrm_changed()
        problem = ""
    elif verb in ("get", "g", "enumerate", "e"):
        return _show(windows, place, context)
    return fail(context, problem) if problem else 0


def _show(windows: Windows, place: str, context: Context) -> int:
    if place.lower() == "winrm/config/listener":
        for transport, port in windows.winrm.listeners.items():
            write_line(context, f"Listener\r\n    Address = *\r\n    Transport = {transport}\r\n    Port = {port}")
        return 0
    settings = windows.winrm
    write_line(context, f"Config\r\n    MaxEnvelopeSizekb = {settings.max_envelope_kb}")
    write_line(context, f"    Service\r\n        AllowUnencrypted = {str(settings.allow_unencrypted).lower()}")
    write_line(context, f"        Auth\r\n            Basic = {str(settings.basic).lower()}")
    write_line(context, f"    Winrs\r\n        MaxMemoryPerShellMB = {settings.max_memory_per_shell_mb}")
    return 0


def set_service(windows: Windows, name: str, *, running: bool) -> bool:
    """Start or stop a service; whether there is such a one."""
    found = next((known for known in windows.installation.services if known.lower() == name.lower()), None)
    if found is None:
        return False
    if found == "WinRM":
        windows.winrm.running = running
        windows.winrm_changed()
    return True


def _net(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``net start|stop SERVICE``, ``net user NAME [PASSWORD] [/add]``, ``net localgroup administrators NAME /add``."""
    words = [argument.lower() for argument in arguments]
    if len(words) > 1 and words[0] in ("start", "stop"):
        if not set_service(windows, arguments[1], running=words[0] == "start"):
            return fail(
                context, "The service name is invalid.\r\n\r\nMore help is available by typing NET HELPMSG 2185.", 2
            )
        done = "started" if words[0] == "start" else "stopped"
        write_line(context, f"The {arguments[1]} service was {done} successfully.")
        return 0
    if words[:1] == ["user"] and len(words) > 1:
        return _net_user(windows, arguments[1:], context)
    if words[:1] == ["localgroup"] and len(words) > 3 and words[3] == "/add":
        if words[1] == "administrators":
            windows.installation.administrators.add(arguments[2])
        write_line(context, "The command completed successfully.")
        return 0
    if words[:1] == ["accounts"]:
        return 0
    return fail(context, "The syntax of this command is:\r\n\r\nNET [ ACCOUNTS | LOCALGROUP | START | STOP | USER ]")


def _net_user(windows: Windows, arguments: list[str], context: Context) -> int:
    plain = [argument for argument in arguments if not argument.startswith("/")]
    switches = {argument.lower().split(":")[0] for argument in arguments if argument.startswith("/")}
    name = windows.known_user(plain[0]) or plain[0]
    if "/add" not in switches and not windows.known_user(plain[0]):
        return fail(context, "The user name could not be found.", 2)
    if "/delete" in switches:
        windows.installation.passwords.pop(name, None)
    elif len(plain) > 1:
        windows.installation.passwords[name] = plain[1]
        windows.disk.make_folder(f"C:\\Users\\{name}")
    write_line(context, "The command completed successfully.")
    return 0


def _sc(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``sc config|start|stop|query SERVICE``."""
    words = [argument.lower() for argument in arguments]
    if len(words) < 2 or words[0] not in ("config", "start", "stop", "query"):
        return fail(context, "ERROR:  Unrecognized command", 1639)
    known = {name.lower(): name for name in windows.installation.services}
    if words[1] not in known:
        return fail(context, "[SC] OpenService FAILED 1060:\r\n\r\nThe specified service does not exist.", 1060)
    if words[0] in ("start", "stop"):
        set_service(windows, words[1], running=words[0] == "start")
    running = windows.winrm.running if words[1] == "winrm" else True
    write_line(
        context, f"SERVICE_NAME: {known[words[1]]}\r\n        STATE : {'4  RUNNING' if running else '1  STOPPED'}"
    )
    return 0


def _netsh(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``netsh advfirewall …``: the guest's own firewall is off in the clouds' images, so that rules change nothing."""
    if [argument.lower() for argument in arguments[:1]] in (["advfirewall"], ["firewall"]):
        write_line(context, "Ok.")
        return 0
    return fail(context, f"The following command was not found: {raw}.")


PROGRAMS: dict[str, Program] = {"winrm": _winrm, "net": _net, "sc": _sc, "netsh": _netsh}
