"""The drives that are no disks: environment, variables, functions, registry, WinRM's settings, certificates."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows.configuration import DEFAULT_PORTS
from imagesmith_simulator.machines.windows.powershell.cmdlets import CMDLETS, Call
from imagesmith_simulator.machines.windows.powershell.values import (
    NamedValues,
    NotSimulated,
    Record,
    failure,
    items,
    text,
)
from imagesmith_simulator.machines.windows.programs import services

_MISSING = "System.Management.Automation.ItemNotFoundException"
_PLACES = {
    "": "winrm/config",
    "client": "winrm/config/client",
    "client\\auth": "winrm/config/client/auth",
    "service": "winrm/config/service",
    "service\\auth": "winrm/config/service/auth",
    "shell": "winrm/config/winrs",
}


def _missing(call: Call, path: str) -> None:
    call.error(
        f"Cannot find path '{path}' because it does not exist.",
        _MISSING,
        identity="PathNotFound",
        category="ObjectNotFound",
    )


def _key(name: str, rest: str) -> str:
    return f"{name.upper()}\\{rest.strip(chr(92))}"


def _find_key(call: Call, name: str, rest: str) -> dict[str, Any] | None:
    wanted = _key(name, rest).lower()
    return next(
        (values for key, values in call.engine.windows.installation.registry.items() if key.lower() == wanted), None
    )


def exists(call: Call, name: str, rest: str) -> bool:
    """Whether something is at a path of such a drive."""
    engine = call.engine
    if name == "env":
        return engine.lookup(rest, "env") is not None
    if name == "variable":
        return engine.has_variable(rest.rpartition(":")[2])
    if name == "function":
        return rest in engine.functions or rest.lower() in CMDLETS
    if name in ("hklm", "hkcu"):
        prefix = _key(name, rest).lower()
        return any(
            key.lower() == prefix or key.lower().startswith(prefix + "\\")
            for key in engine.windows.installation.registry
        )
    if name == "wsman":
        return "listener" not in rest.lower() or bool(engine.windows.winrm.listeners)
    raise NotSimulated(f"the drive {name}:")


def get(call: Call, name: str, rest: str) -> None:
    """Put out what is at a path of such a drive."""
    if name == "wsman":
        call.emit(Record(NamedValues({"Name": rest.rpartition("\\")[2], "Value": _setting(call, rest)})))
        return
    if not exists(call, name, rest):
        _missing(call, f"{name}:\\{rest}")
        return
    if name == "env":
        value = call.engine.lookup(rest, "env")
        call.emit(Record(NamedValues({"Name": rest, "Value": value, "Key": rest})))
    elif name == "variable":
        call.emit(Record(NamedValues({"Name": rest, "Value": call.engine.lookup(rest)})))
    elif name in ("hklm", "hkcu"):
        call.emit(Record(NamedValues({"Name": _key(name, rest), "PSPath": f"Registry::{_key(name, rest)}"})))
    else:
        raise NotSimulated(f"reading the drive {name}:")


def _setting(call: Call, rest: str) -> str:
    settings = call.engine.windows.winrm
    shown = {
        "maxenvelopesizekb": settings.max_envelope_kb,
        "maxtimeoutms": settings.max_timeout_ms,
        "maxmemorypershellmb": settings.max_memory_per_shell_mb,
        "maxshellsperuser": settings.max_shells_per_user,
        "basic": str(settings.basic).lower(),
        "allowunencrypted": str(settings.allow_unencrypted).lower(),
    }
    name = rest.rpartition("\\")[2].lower()
    if name not in shown:
        raise NotSimulated(f"the setting WSMan:\\{rest}")
    return text(shown[name])


def children(call: Call, name: str, rest: str) -> None:
    """Put out what is below a path of such a drive."""
    if name == "env":
        for key, value in sorted(call.engine.context.env.items(), key=lambda item: item[0].lower()):
            call.emit(Record(NamedValues({"Name": key, "Value": value})))
    elif name == "wsman" and "listener" in rest.lower():
        for transport, port in call.engine.windows.winrm.listeners.items():
            call.emit(
                Record(
                    NamedValues(
                        {"Name": f"Listener_{transport}", "Keys": [f"Transport={transport}", "Address=*"], "Port": port}
                    )
                )
            )
    elif name in ("hklm", "hkcu"):
        prefix = _key(name, rest).lower() + "\\"
        for key in call.engine.windows.installation.registry:
            if key.lower().startswith(prefix) and "\\" not in key[len(prefix) :]:
                call.emit(Record(NamedValues({"Name": key, "PSChildName": key.rpartition("\\")[2]})))
    else:
        raise NotSimulated(f"listing the drive {name}:")


def create(call: Call, name: str, rest: str) -> None:
    """Make a registry key, an environment variable or a listener."""
    if name in ("hklm", "hkcu"):
        call.engine.windows.installation.registry.setdefault(_key(name, rest), {})
        call.emit(Record(NamedValues({"Name": _key(name, rest)})))
    elif name == "env":
        call.engine.set_environment(rest, call.get("Value"))
    elif name == "wsman" and rest.lower().endswith("listener"):
        problem = services.add_listener(call.engine.windows, call.text("Transport", "HTTP"), call.text("Port"))
        if problem:
            raise failure(problem, "System.InvalidOperationException")
        call.emit(Record(NamedValues({"Name": "Listener", "Keys": [f"Transport={call.text('Transport', 'HTTP')}"]})))
    else:
        raise NotSimulated(f"making something in the drive {name}:")


def remove(call: Call, name: str, rest: str) -> None:
    """Remove what is at a path of such a drive."""
    windows = call.engine.windows
    if name == "env":
        call.engine.set_environment(rest, None)
    elif name == "wsman" and "listener" in rest.lower():
        windows.winrm.listeners.clear()
        windows.winrm_changed()
    elif name in ("hklm", "hkcu"):
        prefix = _key(name, rest).lower()
        found = [
            key
            for key in windows.installation.registry
            if key.lower() == prefix or key.lower().startswith(prefix + "\\")
        ]
        for key in found:
            del windows.installation.registry[key]
        if not found:
            _missing(call, _key(name, rest))
    elif name == "variable":
        for scope in call.engine.scopes:
            if rest in scope:
                del scope[rest]
    else:
        raise NotSimulated(f"removing something from the drive {name}:")


def properties(call: Call, name: str, rest: str) -> None:
    """Put out a registry key's values."""
    values = _find_key(call, name, rest)
    if values is None:
        _missing(call, _key(name, rest))
        return
    wanted = [text(item).lower() for item in items(call.get("Name"))]
    found = {key: value for key, value in values.items() if not wanted or key.lower() in wanted}
    if wanted and not found:
        call.error(
            f"Property {call.text('Name')} does not exist at path {_key(name, rest)}.",
            "System.Management.Automation.PSArgumentException",
            category="InvalidArgument",
        )
        return
    call.emit(Record(NamedValues({**found, "PSPath": f"Registry::{_key(name, rest)}"})))


def set_property(call: Call, name: str, rest: str) -> None:
    """Set a registry key's value."""
    values = _find_key(call, name, rest)
    if values is None:
        _missing(call, _key(name, rest))
        return
    known = next((key for key in values if key.lower() == call.text("Name").lower()), call.text("Name"))
    values[known] = call.get("Value")


def remove_property(call: Call, name: str, rest: str) -> None:
    """Remove a registry key's value."""
    values = _find_key(call, name, rest) or {}
    for key in [key for key in values if key.lower() == call.text("Name").lower()]:
        del values[key]


def set_value(call: Call, name: str, rest: str, value: Any) -> None:
    """Set an environment variable, a variable or a setting of WinRM."""
    if name == "env":
        call.engine.set_environment(rest, value)
    elif name == "variable":
        call.engine.scopes[-1][rest] = value
    elif name == "wsman":
        place, _, setting = rest.lower().removeprefix("localhost\\").rpartition("\\")
        problem = services.change_setting(call.engine.windows, _PLACES.get(place, place), setting, text(value))
        if problem:
            raise failure(problem, "System.InvalidOperationException")
    else:
        raise NotSimulated(f"setting something in the drive {name}:")


def default_port(transport: str) -> int:
    """Where a transport is listened for."""
    return DEFAULT_PORTS[transport.upper()]
