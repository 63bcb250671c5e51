"""Cmdlets that write: Write-…, Out-…, Format-…."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.dotnet.encodings import UNICODE, encoding_of
from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full
from imagesmith_simulator.machines.windows.powershell.layout import as_list, as_table, columns, render
from imagesmith_simulator.machines.windows.powershell.pipelines import Stage
from imagesmith_simulator.machines.windows.powershell.values import ErrorInfo, ScriptError, items, text


@cmdlet(
    "Write-Output",
    "echo",
    "write",
    positional=("InputObject",),
    switches=("NoEnumerate",),
    rest=True,
    streaming=True,
    module=False,
)
def write_output(call: Call) -> Stage:
    """Pass values on."""

    def end() -> None:
        if "InputObject" in call.values:
            value = call.get("InputObject")
            for item in items(value) if value is not None else [None]:
                call.emit(item)

    return Stage(call.emit, end)


@cmdlet(
    "Write-Host",
    positional=("Object",),
    named=("ForegroundColor", "BackgroundColor", "Separator"),
    switches=("NoNewline",),
    rest=True,
    module=False,
)
def write_host(call: Call) -> None:
    """Print, past any redirection."""
    separator = call.text("Separator", " ")
    values = call.subjects("Object")
    shown = separator.join(text(value) for value in values)
    call.engine.host.flush()
    call.engine.host.line(shown, end="" if call.flag("NoNewline") else "\r\n")


@cmdlet("Write-Error", positional=("Message",), named=("Exception", "ErrorRecord", "Category", "ErrorId"), module=False)
def write_error(call: Call) -> None:
    """An error of the script's own."""
    value = call.get("ErrorRecord", call.get("Message", call.input[0] if call.input else call.get("Exception")))
    if isinstance(value, ErrorInfo):
        call.error(value.message, value.exception, identity=value.identity)
    else:
        call.error(
            text(value),
            "Microsoft.PowerShell.Commands.WriteErrorException",
            identity="Microsoft.PowerShell.Commands.WriteErrorException",
        )


@cmdlet("Write-Warning", positional=("Message",), module=False)
def write_warning(call: Call) -> None:
    """A warning."""
    if call.engine.preference("WarningPreference") not in ("silentlycontinue", "ignore"):
        for value in call.subjects("Message"):
            call.engine.host.warning(text(value))


@cmdlet("Write-Verbose", "Write-Debug", positional=("Message",), module=False)
def write_verbose(call: Call) -> None:
    """Shown only where that is asked for."""
    if call.flag("Verbose") or call.engine.preference("VerbosePreference") == "continue":
        for value in call.subjects("Message"):
            call.engine.host.verbose(text(value))


@cmdlet("Write-Information", positional=("MessageData", "Tags"), module=False)
def write_information(call: Call) -> None:
    """Shown only where that is asked for."""
    if call.engine.preference("InformationPreference") == "continue":
        call.engine.host.line(call.text("MessageData"))


@cmdlet(
    "Write-Progress",
    positional=("Activity", "Status"),
    named=("PercentComplete", "Id", "CurrentOperation", "ParentId", "SecondsRemaining"),
    switches=("Completed",),
)
def write_progress(call: Call) -> None:
    """A console without a window shows no progress."""


@cmdlet("Out-Null", named=("InputObject",), streaming=True, module=False)
def out_null(call: Call) -> Stage:
    """Drop everything."""
    return Stage(lambda item: None, lambda: None)


@cmdlet("Out-Host", "Out-Default", "oh", named=("InputObject",), switches=("Paging",), streaming=True, module=False)
def out_host(call: Call) -> Stage:
    """Print."""
    return Stage(call.engine.host.output, call.engine.host.flush)


@cmdlet("Out-String", named=("InputObject", "Width"), switches=("Stream",))
def out_string(call: Call) -> None:
    """What would be printed, as a text."""
    lines = render(call.subjects("InputObject"))
    if call.flag("Stream"):
        for line in lines:
            call.emit(line)
    else:
        call.emit("".join(f"{line}\r\n" for line in lines))


@cmdlet(
    "Out-File",
    positional=("FilePath", "Encoding"),
    named=("LiteralPath", "InputObject", "Width"),
    switches=("Append", "Force", "NoClobber", "NoNewline"),
)
def out_file(call: Call) -> None:
    """What would be printed, into a file."""
    path = full(call.engine, call.required("FilePath", "LiteralPath"))
    encoding = encoding_of(call.get("Encoding"), UNICODE)
    append = call.flag("Append") and call.engine.windows.disk.find(path) is not None
    end = "" if call.flag("NoNewline") else "\r\n"
    body = "".join(f"{line}{end}" for line in render(call.subjects("InputObject")))
    data = (b"" if append else encoding.mark) + encoding.encode(body)
    call.engine.windows.disk.write(path, data, append=append)


@cmdlet("Format-List", "fl", positional=("Property",), switches=("Force",), rest=True)
def format_list(call: Call) -> None:
    """Name and value, line by line."""
    for value in call.input:
        row = _chosen(call, value)
        call.emit("\n".join(as_list(row)) if row else text(value))


@cmdlet(
    "Format-Table",
    "ft",
    positional=("Property",),
    switches=("AutoSize", "Wrap", "HideTableHeaders", "Force"),
    rest=True,
)
def format_table(call: Call) -> None:
    """A table."""
    rows = [row for value in call.input if (row := _chosen(call, value))]
    if rows:
        lines = as_table(rows)
        call.emit("\n".join(lines[2:] if call.flag("HideTableHeaders") else lines))


def _chosen(call: Call, value: Any) -> dict[str, Any]:
    from imagesmith_simulator.machines.windows.powershell.members import get_member

    names = [text(name) for name in items(call.get("Property"))]
    if not names or names == ["*"]:
        return columns(value) or {}
    return {name: get_member(call.engine, value, name) for name in names}


@cmdlet("Start-Transcript", positional=("Path",), switches=("Append", "Force"))
def start_transcript(call: Call) -> None:
    """There is no transcript; whoever needs one is told."""
    raise ScriptError(ErrorInfo("This host does not support transcription.", command="Start-Transcript"))
