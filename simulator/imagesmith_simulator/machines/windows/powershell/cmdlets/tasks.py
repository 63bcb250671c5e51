"""Cmdlets for scheduled tasks."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows import scheduler
from imagesmith_simulator.machines.windows.installation import Task
from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.values import NamedValues, Record, failure, text

_CIM = "Microsoft.Management.Infrastructure.CimException"
_STATES = {3: "Ready", 4: "Running", 1: "Disabled"}


@cmdlet("New-ScheduledTaskAction", positional=("Execute", "Argument", "WorkingDirectory"))
def new_action(call: Call) -> None:
    """What a task runs."""
    names = ("Execute", "Argument", "WorkingDirectory")
    call.emit(Record(NamedValues({name: call.text(name) for name in names})))


@cmdlet(
    "New-ScheduledTaskSettingsSet",
    named=("ExecutionTimeLimit", "Priority", "MultipleInstances"),
    switches=("AllowStartIfOnBatteries", "DontStopIfGoingOnBatteries", "StartWhenAvailable", "Hidden"),
)
def new_settings(call: Call) -> None:
    """How a task is run; nothing of it makes a difference here."""
    call.emit(Record(NamedValues({"Priority": call.get("Priority", 7)})))


@cmdlet("New-ScheduledTaskPrincipal", positional=("UserId",), named=("LogonType", "RunLevel", "GroupId"))
def new_principal(call: Call) -> None:
    """Who runs a task."""
    call.emit(
        Record(
            NamedValues(
                {"UserId": call.text("UserId"), "LogonType": call.text("LogonType"), "RunLevel": call.text("RunLevel")}
            )
        )
    )


@cmdlet(
    "Register-ScheduledTask",
    positional=("TaskName",),
    named=("Action", "Settings", "Principal", "User", "Password", "RunLevel", "Trigger", "Description"),
    switches=("Force",),
)
def register(call: Call) -> None:
    """Make a task. A password that is wrong is refused, as Windows refuses it."""
    action: Any = call.required("Action")
    user, level = _who(call)
    windows = call.engine.windows
    name = call.text("TaskName")
    if name.lower() in scheduler.names(windows) and not call.flag("Force"):
        raise failure("Cannot create a file when that file already exists.", _CIM)
    task = Task(
        name,
        text(action.properties["Execute"]),
        text(action.properties["Argument"]),
        text(action.properties["WorkingDirectory"]),
        user,
        level.lower() == "highest",
    )
    windows.installation.tasks[name] = task
    call.emit(_shown(task))


def _who(call: Call) -> tuple[str, str]:
    """The user whose password is right, and the level of his rights. Raises `ScriptError`."""
    principal = call.get("Principal")
    if isinstance(principal, Record):
        user, level = text(principal.properties.get("UserId")), text(principal.properties.get("RunLevel"))
    else:
        user, level = call.text("User", call.engine.context.user), call.text("RunLevel")
    known = call.engine.windows.known_user(user)
    if not known:
        raise failure("No mapping between account names and security IDs was done.", _CIM)
    if known != "SYSTEM" and call.engine.windows.passwords.get(known) != call.text("Password"):
        raise failure("The user name or password is incorrect.", _CIM)
    return known, level


def _shown(task: Task) -> Record:
    values = {"TaskPath": "\\", "TaskName": task.name, "State": _STATES[task.state]}
    return Record(NamedValues(values))


def _chosen(call: Call) -> list[Task]:
    found: list[Task] = []
    for value in call.subjects("TaskName"):
        name = text(value.properties.get("TaskName")) if isinstance(value, Record) else text(value)
        task = scheduler.names(call.engine.windows).get(name.lower())
        if task:
            found.append(task)
        else:
            call.error(
                f"No MSFT_ScheduledTask objects found with property 'TaskName' equal to '{name}'. Verify the value of "
                "the property and retry.",
                "Microsoft.PowerShell.Cmdletization.Cim.CimJobException",
                category="ObjectNotFound",
            )
    return found


@cmdlet("Get-ScheduledTask", positional=("TaskName",), named=("TaskPath",))
def get(call: Call) -> None:
    """Tasks and their states."""
    for task in _chosen(call) if "TaskName" in call.values else scheduler.names(call.engine.windows).values():
        call.emit(_shown(task))


@cmdlet("Get-ScheduledTaskInfo", positional=("TaskName",), named=("TaskPath", "InputObject"))
def info(call: Call) -> None:
    """How tasks have ended."""
    for task in _chosen(call):
        call.emit(Record(NamedValues({"TaskName": task.name, "LastTaskResult": task.last_result})))


@cmdlet("Start-ScheduledTask", positional=("TaskName",), named=("TaskPath", "InputObject"))
def start(call: Call) -> None:
    """Run tasks now."""
    for task in _chosen(call):
        scheduler.start(call.engine.windows, task)


@cmdlet("Stop-ScheduledTask", positional=("TaskName",), named=("TaskPath", "InputObject"))
def stop(call: Call) -> None:
    """End tasks."""
    for task in _chosen(call):
        scheduler.stop(call.engine.windows, task)


@cmdlet("Unregister-ScheduledTask", positional=("TaskName",), named=("TaskPath", "InputObject"), switches=("PassThru",))
def unregister(call: Call) -> None:
    """Remove tasks; what runs goes on."""
    for task in _chosen(call):
        call.engine.windows.installation.tasks.pop(task.name, None)
