"""Cmdlets of the language itself: loops, variables, objects, time."""

from __future__ import annotations

import time
from typing import Any

from imagesmith_simulator.machines.windows.powershell.cmdlets import CMDLETS, Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import find_type
from imagesmith_simulator.machines.windows.powershell.dotnet.times import DateTime, TimeSpan
from imagesmith_simulator.machines.windows.powershell.members import get_member
from imagesmith_simulator.machines.windows.powershell.pipelines import Stage, script_or_program
from imagesmith_simulator.machines.windows.powershell.values import (
    NamedValues,
    NotSimulated,
    Record,
    ScriptBlock,
    Table,
    failure,
    items,
    number,
    text,
    truth,
    whole,
)


@cmdlet(
    "ForEach-Object",
    "foreach",
    "%",
    positional=("Process",),
    named=("Begin", "End", "InputObject", "MemberName"),
    streaming=True,
    module=False,
)
def foreach_object(call: Call) -> Stage:
    """Run a block for each value, with the value in ``$_``."""
    engine = call.engine
    process = call.get("Process")
    begun: list[bool] = []

    def begin() -> None:
        if not begun:
            begun.append(True)
            if isinstance(call.get("Begin"), ScriptBlock):
                engine.block(call.get("Begin").body, call.emit)

    def each(item: Any) -> None:
        begin()
        engine.context.check()
        if isinstance(process, ScriptBlock):
            engine.scoped_variable("_", item, lambda: engine.block(process.body, call.emit))
        else:
            for value in items(get_member(engine, item, text(process or call.get("MemberName")))):
                call.emit(value)

    def end() -> None:
        begin()
        if isinstance(call.get("End"), ScriptBlock):
            engine.block(call.get("End").body, call.emit)

    return Stage(each, end)


@cmdlet(
    "Where-Object",
    "where",
    "?",
    positional=("FilterScript", "Value"),
    named=("Property", "InputObject"),
    switches=("EQ", "NE", "Like", "Match", "GT", "LT", "In", "NotLike", "NotMatch"),
    streaming=True,
    module=False,
)
def where_object(call: Call) -> Stage:
    """Pass on the values for which a block or a comparison holds."""
    from imagesmith_simulator.machines.windows.powershell.operators import compare

    engine = call.engine
    condition = call.get("FilterScript", call.get("Property"))
    operator = next(
        (name for name in ("eq", "ne", "like", "match", "gt", "lt", "in", "notlike", "notmatch") if call.flag(name)), ""
    )

    def each(item: Any) -> None:
        engine.context.check()
        if isinstance(condition, ScriptBlock):
            found: list[Any] = []
            engine.scoped_variable("_", item, lambda: engine.block(condition.body, found.append))
            holds = truth(found)
        else:
            value = get_member(engine, item, text(condition))
            holds = truth(compare(operator, value, call.get("Value"), engine.keep_matches) if operator else value)
        if holds:
            call.emit(item)

    return Stage(each, lambda: None)


@cmdlet("New-Object", positional=("TypeName", "ArgumentList"), named=("Property", "ComObject"), rest=True)
def new_object(call: Call) -> None:
    """Construct an object."""
    if "ComObject" in call.values:
        raise NotSimulated(f"the COM object {call.text('ComObject')}")
    name = call.text("TypeName")
    if name.endswith("[]"):
        size = whole(next(items(call.get("ArgumentList")), 0))
        call.emit(bytearray(size) if name.lower().removeprefix("system.") == "byte[]" else [None] * size)
        return
    if name.lower() in ("psobject", "object", "pscustomobject", "system.management.automation.psobject"):
        call.emit(Record(NamedValues(dict(call.get("Property", {})))))
        return
    given = call.get("ArgumentList")
    call.emit(find_type(name).make(call.engine, [given] if isinstance(given, bytearray) else list(items(given))))


@cmdlet(
    "Add-Type",
    positional=("TypeDefinition",),
    named=("AssemblyName", "Path", "MemberDefinition", "Name", "Namespace"),
    switches=("PassThru",),
)
def add_type(call: Call) -> None:
    """Assemblies are there already; there is no compiler."""
    if "AssemblyName" not in call.values:
        raise NotSimulated("Add-Type with source code")


@cmdlet(
    "Add-Member",
    positional=("NotePropertyName", "NotePropertyValue"),
    named=("Name", "Value", "MemberType", "InputObject"),
    switches=("PassThru", "Force"),
)
def add_member(call: Call) -> None:
    """Give a record one more property."""
    for record in call.subjects("InputObject"):
        if isinstance(record, Record):
            record.properties[call.text("NotePropertyName") or call.text("Name")] = call.get(
                "NotePropertyValue", call.get("Value")
            )
        if call.flag("PassThru"):
            call.emit(record)


def _variable_name(call: Call) -> tuple[str, str]:
    scope, colon, name = call.text("Name").rpartition(":")
    scope = scope.rpartition(":")[2] if colon else call.text("Scope")
    return name, scope.lower()


@cmdlet(
    "Set-Variable",
    "set",
    "sv",
    "New-Variable",
    "nv",
    positional=("Name", "Value"),
    named=("Scope", "Option", "Description", "Visibility"),
    switches=("Force", "PassThru"),
    module=False,
)
def set_variable(call: Call) -> None:
    """Set a variable; ``variable:global:name`` names it, too."""
    name, scope = _variable_name(call)
    target = call.engine.scopes[0] if scope in ("global", "script") else call.engine.scopes[-1]
    target[name] = call.get("Value")


@cmdlet("Get-Variable", "gv", positional=("Name",), named=("Scope",), switches=("ValueOnly",), module=False)
def get_variable(call: Call) -> None:
    """A variable's value."""
    name, _ = _variable_name(call)
    if not call.engine.has_variable(name):
        call.error(
            f"Cannot find a variable with the name '{name}'.",
            "System.Management.Automation.ItemNotFoundException",
            category="ObjectNotFound",
        )
        return
    value = call.engine.lookup(name)
    call.emit(value if call.flag("ValueOnly") else Record(NamedValues({"Name": name, "Value": value})))


@cmdlet("Remove-Variable", "rv", positional=("Name",), named=("Scope",), switches=("Force",), module=False)
def remove_variable(call: Call) -> None:
    """Forget variables."""
    for name in items(call.get("Name")):
        for scope in call.engine.scopes:
            if text(name) in scope:
                del scope[text(name)]


@cmdlet("Start-Sleep", "sleep", positional=("Seconds",), named=("Milliseconds",))
def start_sleep(call: Call) -> None:
    """Wait."""
    seconds = number(call.get("Milliseconds")) / 1000 if "Milliseconds" in call.values else number(call.get("Seconds"))
    call.engine.host.flush()
    call.engine.context.sleep(seconds)


@cmdlet("Get-Date", positional=("Date",), named=("Format", "UFormat"))
def get_date(call: Call) -> None:
    """Now."""
    now = call.get("Date") if isinstance(call.get("Date"), DateTime) else DateTime(time.time())
    call.emit(now.formatted(call.text("Format")) if "Format" in call.values else now)


@cmdlet("New-TimeSpan", named=("Start", "End", "Seconds", "Minutes", "Hours", "Days"))
def new_timespan(call: Call) -> None:
    """A length of time."""
    if "Start" in call.values:
        end = call.get("End") or DateTime(time.time())
        call.emit(end.minus(call.get("Start")))
        return
    sizes = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400}
    call.emit(TimeSpan(sum(number(call.get(name, 0)) * size for name, size in sizes.items())))


@cmdlet("Get-Command", "gcm", positional=("Name",), named=("CommandType", "Module"), module=False)
def get_command(call: Call) -> None:
    """What a name means."""
    for name in items(call.required("Name")):
        wanted = text(name)
        path = script_or_program(call.engine, wanted)
        if wanted.lower() in CMDLETS or wanted in call.engine.functions:
            kind = "Function" if wanted in call.engine.functions else "Cmdlet"
            call.emit(Record(NamedValues({"CommandType": kind, "Name": wanted, "Source": ""}), text=wanted))
        elif path:
            call.emit(
                Record(
                    NamedValues({"CommandType": "Application", "Name": wanted, "Source": path, "Path": path}),
                    text=wanted,
                )
            )
        else:
            call.error(
                f"The term '{wanted}' is not recognized as the name of a cmdlet, function, script file, or operable "
                "program.",
                "System.Management.Automation.CommandNotFoundException",
                category="ObjectNotFound",
            )


@cmdlet("Invoke-Expression", "iex", positional=("Command",), streaming=True)
def invoke_expression(call: Call) -> Stage:
    """Run a text as a script."""

    def run(source: Any) -> None:
        from imagesmith_simulator.machines.windows.powershell.scanner import ParseError

        try:
            call.engine.script_text(text(source), call.emit)
        except ParseError as error:
            raise failure(str(error), "System.Management.Automation.ParseException", category="ParserError") from None

    return Stage(run, lambda: run(call.get("Command")) if "Command" in call.values else None)


@cmdlet("Set-StrictMode", named=("Version",), switches=("Off",), module=False)
def set_strict_mode(call: Call) -> None:
    """Nothing is stricter here than it is."""


@cmdlet("Set-PSDebug", named=("Trace",), switches=("Off", "Step", "Strict"), module=False)
def set_psdebug(call: Call) -> None:
    """Scripts are not traced."""


@cmdlet(
    "Import-Module", "ipmo", positional=("Name",), switches=("Force", "PassThru", "DisableNameChecking"), module=False
)
def import_module(call: Call) -> None:
    """All that there is, is loaded."""
    known = ("microsoft.powershell", "scheduledtasks", "cimcmdlets", "netsecurity", "storage", "servermanager")
    for name in items(call.get("Name")):
        if not text(name).lower().startswith(known):
            raise failure(
                f"The specified module '{text(name)}' was not loaded because no valid module file was found in any "
                "module directory.",
                "System.IO.FileNotFoundException",
                category="ResourceUnavailable",
            )


@cmdlet("New-Guid")
def new_guid(call: Call) -> None:
    """A new id."""
    import uuid

    call.emit(str(uuid.uuid4()))


@cmdlet("ConvertTo-Json", named=("InputObject", "Depth"), switches=("Compress",))
def convert_to_json(call: Call) -> None:
    """As JSON."""
    import json

    values = [_plain(value) for value in call.subjects("InputObject")]
    indent = None if call.flag("Compress") else 4
    separators = (",", ":") if call.flag("Compress") else None
    call.emit(json.dumps(values[0] if len(values) == 1 else values, indent=indent, separators=separators))


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Record):
        return {key: _plain(item) for key, item in value.properties.items()}
    if isinstance(value, list | bytearray):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else text(value)


@cmdlet("ConvertFrom-Json", positional=("InputObject",))
def convert_from_json(call: Call) -> None:
    """From JSON."""
    import json

    data = json.loads("\n".join(text(value) for value in call.subjects("InputObject")))
    for item in items(_record(data)):
        call.emit(item)


def _record(value: Any) -> Any:
    if isinstance(value, dict):
        return Record(NamedValues({key: _record(item) for key, item in value.items()}))
    return [_record(item) for item in value] if isinstance(value, list) else value
