"""Cmdlets about the machine: power, processes, the operating system."""

from __future__ import annotations

from typing import Any

from imagesmith.waiting import CancelToken
from imagesmith_simulator.machines.windows import programs
from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.dotnet.times import DateTime
from imagesmith_simulator.machines.windows.powershell.pipelines import command_line
from imagesmith_simulator.machines.windows.powershell.values import (
    NamedValues,
    NotSimulated,
    Record,
    failure,
    items,
    text,
)
from imagesmith_simulator.machines.windows.streams import Buffer, Nothing
from imagesmith_simulator.machines.windows.windows import Power


def _go_down(call: Call, what: Power) -> None:
    shutdown = call.engine.windows.shutdown
    if shutdown.state:
        raise failure("A system shutdown is in progress.", "System.InvalidOperationException")
    shutdown.schedule(what, 0)


@cmdlet("Restart-Computer", positional=("ComputerName",), named=("Delay", "Timeout"), switches=("Force", "Wait"))
def restart_computer(call: Call) -> None:
    """Reboot."""
    _go_down(call, "reboot")


@cmdlet("Stop-Computer", positional=("ComputerName",), switches=("Force",))
def stop_computer(call: Call) -> None:
    """Power off."""
    _go_down(call, "off")


def _operating_system(call: Call) -> Record:
    windows = call.engine.windows
    values: dict[str, Any] = {
        "CSName": windows.hostname.upper(),
        "Caption": "Microsoft Windows Server 2022 Datacenter",
        "Version": "10.0.20348",
        "BuildNumber": "20348",
        "OSArchitecture": "64-bit",
        "LastBootUpTime": DateTime(windows.booted),
        "SystemDirectory": "C:\\Windows\\system32",
    }
    return Record(
        NamedValues(values), "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/Win32_OperatingSystem"
    )


def _computer(call: Call) -> Record:
    name = call.engine.windows.hostname.upper()
    return Record(
        NamedValues(
            {
                "Name": name,
                "Domain": "WORKGROUP",
                "PartOfDomain": False,
                "Manufacturer": "imagesmith",
                "Model": "simulated",
            }
        )
    )


@cmdlet(
    "Get-CimInstance",
    "gcim",
    "Get-WmiObject",
    "gwmi",
    positional=("ClassName", "Property"),
    named=("Class", "Filter", "Namespace", "ComputerName"),
)
def get_cim_instance(call: Call) -> None:
    """What WMI tells about the operating system and the computer."""
    wanted = text(call.required("ClassName", "Class")).lower()
    known = {"win32_operatingsystem": _operating_system, "win32_computersystem": _computer}
    if wanted not in known:
        raise NotSimulated(f"the WMI class {wanted}")
    found = known[wanted](call)
    if call.cmdlet.name == "Get-CimInstance":
        call.emit(found)


@cmdlet("Get-Process", "ps", "gps", positional=("Name",), named=("Id",))
def get_process(call: Call) -> None:
    """What runs."""
    wanted = [text(name).lower() for name in items(call.get("Name"))]
    ids = {text(value) for value in items(call.get("Id"))}
    for process in call.engine.windows.processes.running():
        name = process.name.lower().removesuffix(".exe")
        if (not wanted or name in wanted) and (not ids or str(process.pid) in ids):
            call.emit(Record(NamedValues({"Id": process.pid, "ProcessName": name, "Name": name})))


@cmdlet("Stop-Process", "kill", "spps", positional=("Id",), named=("Name",), switches=("Force", "PassThru"))
def stop_process(call: Call) -> None:
    """End processes."""
    ids = {text(value) for value in items(call.get("Id"))} | {
        text(value.properties.get("Id")) for value in call.input if isinstance(value, Record)
    }
    names = {text(value).lower().removesuffix(".exe") for value in items(call.get("Name"))}
    for process in call.engine.windows.processes.running():
        if str(process.pid) in ids or process.name.lower().removesuffix(".exe") in names:
            process.end(-1)


@cmdlet(
    "Start-Process",
    "saps",
    "start",
    positional=("FilePath", "ArgumentList"),
    named=(
        "WorkingDirectory",
        "Verb",
        "WindowStyle",
        "RedirectStandardOutput",
        "RedirectStandardError",
        "RedirectStandardInput",
    ),
    switches=("Wait", "NoNewWindow", "PassThru"),
)
def start_process(call: Call) -> None:
    """Run a program beside this one."""
    engine = call.engine
    found = programs.resolve(engine.windows, call.text("FilePath"), engine.context)
    if found is None:
        raise failure(
            "This command cannot be run due to the error: The system cannot find the file specified.",
            "System.InvalidOperationException",
        )
    raw = " ".join(text(item) for item in items(call.get("ArgumentList"))) or command_line([])
    output = engine.context.stdout if call.flag("NoNewWindow") else Nothing()
    stored = {name: Buffer() for name in ("RedirectStandardOutput", "RedirectStandardError") if name in call.values}
    child = engine.context.child(
        stdin=Nothing(),
        stdout=stored.get("RedirectStandardOutput", output),
        stderr=stored.get("RedirectStandardError", output),
        kill=CancelToken(),
    )
    process = engine.windows.processes.start(
        programs.base(found), lambda ctx: programs.run_line(engine.windows, f'"{found}" {raw}', ctx), child
    )
    result = Record(
        NamedValues({"Id": process.pid, "ExitCode": None, "HasExited": False}), "System.Diagnostics.Process"
    )
    if call.flag("Wait"):
        while not process.done.wait(0.05):
            engine.context.check()
        result.properties["ExitCode"], result.properties["HasExited"] = process.exit_code, True
        for name, buffer in stored.items():
            engine.windows.disk.write(programs.place(call.text(name), engine.context), bytes(buffer.data))
    if call.flag("PassThru"):
        call.emit(result)


@cmdlet("Get-ComputerInfo", positional=("Property",))
def get_computer_info(call: Call) -> None:
    """About the machine."""
    values = _operating_system(call).properties
    call.emit(
        Record(
            NamedValues(
                {
                    "CsName": values["CSName"],
                    "OsName": values["Caption"],
                    "OsVersion": values["Version"],
                    "OsLastBootUpTime": values["LastBootUpTime"],
                }
            )
        )
    )


@cmdlet("Get-HotFix", positional=("Id",))
def get_hot_fix(call: Call) -> None:
    """No updates are installed."""
