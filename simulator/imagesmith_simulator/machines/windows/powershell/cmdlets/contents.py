"""Cmdlets for what is in files."""

from __future__ import annotations

import hashlib
from typing import Any

from imagesmith_simulator.machines.windows.disk import Folder, base_name, join
from imagesmith_simulator.machines.windows.files import decode
from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.cmdlets.paths import chosen
from imagesmith_simulator.machines.windows.powershell.dotnet.archives import extract, pack
from imagesmith_simulator.machines.windows.powershell.dotnet.encodings import ANSI, encoding_of
from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full
from imagesmith_simulator.machines.windows.powershell.values import NamedValues, Record, items, text, whole

_CONTENT = ("Encoding", "LiteralPath", "Value", "Path", "Filter", "Include", "Exclude")


@cmdlet(
    "Get-Content",
    "cat",
    "type",
    "gc",
    positional=("Path",),
    named=("LiteralPath", "Encoding", "ReadCount", "TotalCount", "Tail", "Head"),
    switches=("Raw", "Force", "Wait"),
)
def get_content(call: Call) -> None:
    """A file's lines, its whole text with -Raw, or its bytes with -Encoding Byte."""
    for path in chosen(call, "Path", "LiteralPath"):
        data = bytes(call.engine.windows.disk.file(path).data)
        if call.text("Encoding").lower() == "byte":
            _give(call, list(data), as_bytes=True)
            continue
        content = decode(data)
        if call.flag("Raw"):
            call.emit(content)
            continue
        lines: list[Any] = content.replace("\r\n", "\n").split("\n")
        if lines[-1] == "":
            lines.pop()
        if "TotalCount" in call.values or "Head" in call.values:
            lines = lines[: whole(call.get("TotalCount", call.get("Head")))]
        if "Tail" in call.values:
            lines = lines[-whole(call.get("Tail")) :] if whole(call.get("Tail")) else []
        _give(call, lines, as_bytes=False)


def _give(call: Call, values: list[Any], *, as_bytes: bool) -> None:
    count = whole(call.get("ReadCount", 1))
    if count == 1:
        for value in values:
            call.emit(value)
        return
    size = count or max(1, len(values))
    for at in range(0, len(values), size):
        call.engine.context.check()
        part = values[at : at + size]
        call.emit(bytearray(part) if as_bytes else part)


def _bytes(call: Call, values: list[Any]) -> bytes:
    if call.text("Encoding").lower() == "byte":
        return bytes(int(byte) for value in values for byte in items(value))
    end = "" if call.flag("NoNewline") else "\r\n"
    encoding = encoding_of(call.get("Encoding"), ANSI)
    return encoding.encode("".join(f"{text(item)}{end}" for value in values for item in items(value)))


@cmdlet(
    "Set-Content",
    "sc",
    positional=("Path", "Value"),
    named=("LiteralPath", "Encoding"),
    switches=("Force", "NoNewline", "PassThru"),
)
def set_content(call: Call) -> None:
    """Write a file."""
    values = [call.get("Value")] if "Value" in call.values else call.input
    encoding = call.get("Encoding")
    mark = encoding_of(encoding, ANSI).mark if text(encoding).lower() != "byte" else b""
    for path in items(call.required("Path", "LiteralPath")):
        call.engine.windows.disk.write(full(call.engine, path), mark + _bytes(call, values))


@cmdlet(
    "Add-Content",
    "ac",
    positional=("Path", "Value"),
    named=("LiteralPath", "Encoding"),
    switches=("Force", "NoNewline", "PassThru"),
)
def add_content(call: Call) -> None:
    """Append to a file."""
    values = [call.get("Value")] if "Value" in call.values else call.input
    for path in items(call.required("Path", "LiteralPath")):
        call.engine.windows.disk.write(full(call.engine, path), _bytes(call, values), append=True)


@cmdlet("Clear-Content", "clc", positional=("Path",), named=("LiteralPath",), switches=("Force",))
def clear_content(call: Call) -> None:
    """Make files empty."""
    for path in chosen(call, "Path", "LiteralPath"):
        call.engine.windows.disk.write(path, b"")


@cmdlet("Get-FileHash", positional=("Path",), named=("LiteralPath", "Algorithm"))
def get_file_hash(call: Call) -> None:
    """A file's digest."""
    algorithm = call.text("Algorithm", "SHA256").upper()
    for path in chosen(call, "Path", "LiteralPath"):
        data = bytes(call.engine.windows.disk.file(path).data)
        digest = hashlib.new(algorithm.lower(), data, usedforsecurity=False).hexdigest().upper()
        call.emit(Record(NamedValues({"Algorithm": algorithm, "Hash": digest, "Path": path})))


@cmdlet(
    "Expand-Archive", positional=("Path", "DestinationPath"), named=("LiteralPath",), switches=("Force", "PassThru")
)
def expand_archive(call: Call) -> None:
    """Unpack a zip file."""
    for path in chosen(call, "Path", "LiteralPath"):
        target = call.text("DestinationPath") or base_name(path).rpartition(".")[0]
        extract(call.engine, path, full(call.engine, target), overwrite=call.flag("Force"))


@cmdlet(
    "Compress-Archive",
    positional=("Path", "DestinationPath"),
    named=("LiteralPath", "CompressionLevel"),
    switches=("Force", "Update"),
)
def compress_archive(call: Call) -> None:
    """Pack into a zip file."""
    disk = call.engine.windows.disk
    target = full(call.engine, call.required("DestinationPath"))
    if call.flag("Force") and disk.find(target):
        disk.remove(target)
    gathered = "C:\\Windows\\Temp\\compress-archive"
    disk.make_folder(gathered)
    try:
        for path in chosen(call, "Path", "LiteralPath"):
            node = disk.find(path)
            if node:
                disk.put(join(gathered, base_name(path)), node.copy())
        pack(disk, gathered, target)
    finally:
        if isinstance(disk.find(gathered), Folder):
            disk.remove(gathered, recursive=True)
