"""Cmdlets for files, folders and what other drives hold."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows.disk import DiskError, File, Folder, absolute, base_name, join, parent
from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet, drives
from imagesmith_simulator.machines.windows.powershell.cmdlets.paths import chosen, drive, fits, path_of
from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import Entry, full
from imagesmith_simulator.machines.windows.powershell.values import NamedValues, Record, items, text

_EXIST = "System.IO.IOException"


def _elsewhere(call: Call, *names: str) -> list[tuple[str, str]]:
    """The paths of other drives among those that are given."""
    found = [drive(path_of(call, value)) for value in call.subjects(*names)]
    return [(name, rest) for name, rest in found if name]


@cmdlet(
    "Get-Item", "gi", positional=("Path",), named=("LiteralPath", "Filter", "Include", "Exclude"), switches=("Force",)
)
def get_item(call: Call) -> None:
    """Files and folders."""
    if others := _elsewhere(call, "LiteralPath", "Path"):
        for name, rest in others:
            drives.get(call, name, rest)
        return
    for path in chosen(call, "Path", "LiteralPath"):
        call.emit(Entry(call.engine.windows.disk, path))


@cmdlet(
    "Get-ChildItem",
    "dir",
    "ls",
    "gci",
    positional=("Path", "Filter"),
    named=("LiteralPath", "Include", "Exclude", "Depth"),
    switches=("Recurse", "Force", "Name", "File", "Directory", "Hidden"),
)
def get_child_item(call: Call) -> None:
    """What is in folders."""
    disk = call.engine.windows.disk
    if not call.values.keys() & {"Path", "LiteralPath"} and not call.input:
        call.values["Path"] = call.engine.context.cwd
    if others := _elsewhere(call, "LiteralPath", "Path"):
        for name, rest in others:
            drives.children(call, name, rest)
        return
    for path in chosen(call, "Path", "LiteralPath"):
        if not disk.is_folder(path):
            _listed(call, path)
            continue
        found = disk.walk(path) if call.flag("Recurse") else ((join(path, node.name), node) for node in disk.list(path))
        for item, _ in list(found):
            _listed(call, item)


def _listed(call: Call, path: str) -> None:
    node = call.engine.windows.disk.find(path)
    wanted = [text(value) for value in items(call.get("Include"))] or ["*"]
    unwanted = [text(value) for value in items(call.get("Exclude"))]
    name = base_name(path)
    kind = File if call.flag("File") else Folder if call.flag("Directory") else (File, Folder)
    shown = isinstance(node, kind) and fits(name, call.text("Filter", "*")) and any(fits(name, one) for one in wanted)
    if shown and not any(fits(name, one) for one in unwanted):
        call.emit(name if call.flag("Name") else Entry(call.engine.windows.disk, path))


@cmdlet(
    "Test-Path", positional=("Path",), named=("LiteralPath", "PathType", "Filter", "Include"), switches=("IsValid",)
)
def test_path(call: Call) -> None:
    """Whether something is there."""
    kinds: dict[str, Any] = {"container": Folder, "leaf": File, "any": (File, Folder)}
    kind = kinds[call.text("PathType", "any").lower()]
    for value in call.subjects("LiteralPath", "Path"):
        name, rest = drive(path_of(call, value))
        if name:
            call.emit(drives.exists(call, name, rest))
            continue
        call.values["Path"] = rest
        try:
            found = chosen(call, "Path", "LiteralPath", missing_ok=True)
        except DiskError:
            found = []
        call.emit(any(isinstance(call.engine.windows.disk.find(path), kind) for path in found))


@cmdlet(
    "New-Item",
    "ni",
    positional=("Path",),
    named=("Name", "ItemType", "Type", "Value", "Target", "Transport", "Address", "CertificateThumbPrint", "Port"),
    switches=("Force",),
)
def new_item(call: Call) -> None:
    """A file, a folder, a registry key, a listener."""
    disk = call.engine.windows.disk
    for value in items(call.get("Path", call.engine.context.cwd)):
        name, rest = drive(text(value))
        if name:
            drives.create(call, name, rest)
            continue
        path = full(call.engine, join(rest, call.text("Name")) if "Name" in call.values else rest)
        kind = call.text("ItemType", call.text("Type", "File")).lower()
        if kind in ("directory", "container"):
            if disk.find(path) and not call.flag("Force"):
                raise DiskError("exists", path)
            disk.make_folder(path)
        elif kind in ("file", "leaf"):
            _new_file(call, path)
        else:
            raise ValueError(f"The type '{kind}' is not a known type for the file system.")
        call.emit(Entry(disk, path))


def _new_file(call: Call, path: str) -> None:
    disk = call.engine.windows.disk
    if disk.find(path) and not call.flag("Force"):
        raise DiskError("exists", path)
    if call.flag("Force"):
        disk.make_folder(parent(path))
    disk.write(path, call.text("Value").encode())


@cmdlet("mkdir", "md", positional=("Path",), named=("Name",), switches=("Force",))
def mkdir(call: Call) -> None:
    """A folder."""
    call.values["ItemType"] = "Directory"
    new_item(call)


@cmdlet(
    "Remove-Item",
    "rm",
    "del",
    "rmdir",
    "rd",
    "erase",
    "ri",
    positional=("Path",),
    named=("LiteralPath", "Include", "Exclude", "Filter"),
    switches=("Recurse", "Force"),
)
def remove_item(call: Call) -> None:
    """Remove files and folders."""
    disk = call.engine.windows.disk
    if others := _elsewhere(call, "LiteralPath", "Path"):
        for name, rest in others:
            drives.remove(call, name, rest)
        return
    for path in chosen(call, "Path", "LiteralPath"):
        node = disk.find(path)
        if node and node.read_only and not call.flag("Force"):
            raise DiskError("denied", path)
        if isinstance(node, Folder) and node.children and not call.flag("Recurse"):
            call.error(
                f"The item at {path} has children and the Recurse parameter was not specified; nobody can be asked.",
                _EXIST,
            )
            continue
        disk.remove(path, recursive=True)


@cmdlet(
    "Copy-Item",
    "cp",
    "copy",
    "cpi",
    positional=("Path", "Destination"),
    named=("LiteralPath", "Filter"),
    switches=("Recurse", "Force", "PassThru", "Container"),
)
def copy_item(call: Call) -> None:
    """Copy files and folders."""
    disk = call.engine.windows.disk
    target = full(call.engine, call.get("Destination", call.engine.context.cwd))
    for path in chosen(call, "Path", "LiteralPath"):
        where = join(target, base_name(path)) if disk.is_folder(target) else target
        node = disk.find(path)
        if isinstance(node, File):
            disk.write(where, bytes(node.data))
        elif isinstance(node, Folder):
            copied = node.copy() if call.flag("Recurse") else Folder(node.name)
            disk.put(where, copied)


@cmdlet(
    "Move-Item",
    "mv",
    "move",
    "mi",
    positional=("Path", "Destination"),
    named=("LiteralPath",),
    switches=("Force", "PassThru"),
)
def move_item(call: Call) -> None:
    """Move files and folders."""
    disk = call.engine.windows.disk
    target = full(call.engine, call.get("Destination", call.engine.context.cwd))
    for path in chosen(call, "Path", "LiteralPath"):
        where = join(target, base_name(path)) if disk.is_folder(target) else target
        if disk.find(where) and not call.flag("Force"):
            call.error("Cannot create a file when that file already exists.", _EXIST, category="WriteError")
        else:
            disk.move(path, where)


@cmdlet(
    "Rename-Item", "ren", "rni", positional=("Path", "NewName"), named=("LiteralPath",), switches=("Force", "PassThru")
)
def rename_item(call: Call) -> None:
    """Give another name."""
    for path in chosen(call, "Path", "LiteralPath"):
        where = join(parent(path), base_name(call.text("NewName")))
        if call.engine.windows.disk.find(where) and where.lower() != path.lower():
            call.error("Cannot create a file when that file already exists.", _EXIST, category="WriteError")
        else:
            call.engine.windows.disk.move(path, where)


@cmdlet("Unblock-File", positional=("Path",), named=("LiteralPath",))
def unblock_file(call: Call) -> None:
    """No file is blocked."""
    chosen(call, "Path", "LiteralPath")


@cmdlet("Set-Location", "cd", "chdir", "sl", "Push-Location", "pushd", positional=("Path",), named=("LiteralPath",))
def set_location(call: Call) -> None:
    """Change the current folder."""
    path = full(call.engine, call.get("Path", call.get("LiteralPath", "~")))
    call.engine.windows.disk.folder(path)
    call.engine.locations.append(call.engine.context.cwd)
    call.engine.context.cwd = call.engine.windows.disk.real_path(path)


@cmdlet("Pop-Location", "popd")
def pop_location(call: Call) -> None:
    """Back to the folder before."""
    if call.engine.locations:
        call.engine.context.cwd = call.engine.locations.pop()


@cmdlet("Get-Location", "pwd", "gl")
def get_location(call: Call) -> None:
    """The current folder."""
    call.emit(Record(NamedValues({"Path": call.engine.context.cwd}), text=call.engine.context.cwd))


@cmdlet(
    "Split-Path",
    positional=("Path",),
    named=("LiteralPath",),
    switches=("Parent", "Leaf", "Extension", "LeafBase", "Qualifier"),
)
def split_path(call: Call) -> None:
    """A part of a path."""
    for value in call.subjects("Path", "LiteralPath"):
        path = text(value).replace("/", "\\").rstrip("\\")
        folder, _, name = path.rpartition("\\")
        if call.flag("Leaf"):
            call.emit(name)
        elif call.flag("Qualifier"):
            call.emit(path[:2])
        else:
            call.emit(folder + "\\" if folder.endswith(":") else folder)


@cmdlet("Join-Path", positional=("Path", "ChildPath"), named=("AdditionalChildPath",), switches=("Resolve",))
def join_path(call: Call) -> None:
    """Two paths, one after the other."""
    child = call.text("ChildPath").replace("/", "\\").lstrip("\\")
    for value in call.subjects("Path"):
        call.emit(text(value).replace("/", "\\").rstrip("\\") + "\\" + child)


@cmdlet("Resolve-Path", "rvpa", positional=("Path",), named=("LiteralPath",), switches=("Relative",))
def resolve_path(call: Call) -> None:
    """The full paths of what is there."""
    for path in chosen(call, "Path", "LiteralPath"):
        call.emit(Record(NamedValues({"Path": path, "ProviderPath": path}), text=path))


@cmdlet("Convert-Path", "cvpa", positional=("Path",), named=("LiteralPath",))
def convert_path(call: Call) -> None:
    """The full paths of what is there, as strings."""
    for path in chosen(call, "Path", "LiteralPath"):
        call.emit(absolute(path))


@cmdlet("Get-ItemProperty", "gp", "Get-ItemPropertyValue", positional=("Path", "Name"), named=("LiteralPath",))
def get_item_property(call: Call) -> None:
    """Values of registry keys."""
    for name, rest in _elsewhere(call, "LiteralPath", "Path"):
        drives.properties(call, name, rest)


@cmdlet(
    "Set-ItemProperty",
    "sp",
    "New-ItemProperty",
    positional=("Path", "Name", "Value"),
    named=("LiteralPath", "Type", "PropertyType"),
    switches=("Force", "PassThru"),
)
def set_item_property(call: Call) -> None:
    """Set values of registry keys."""
    for name, rest in _elsewhere(call, "LiteralPath", "Path"):
        drives.set_property(call, name, rest)


@cmdlet("Remove-ItemProperty", "rp", positional=("Path", "Name"), named=("LiteralPath",), switches=("Force",))
def remove_item_property(call: Call) -> None:
    """Remove values of registry keys."""
    for name, rest in _elsewhere(call, "LiteralPath", "Path"):
        drives.remove_property(call, name, rest)


@cmdlet("Set-Item", "si", positional=("Path", "Value"), named=("LiteralPath",), switches=("Force", "PassThru"))
def set_item(call: Call) -> None:
    """Set an environment variable, or a setting of WinRM."""
    others = _elsewhere(call, "LiteralPath", "Path")
    for name, rest in others:
        drives.set_value(call, name, rest, call.get("Value"))
    if not others:
        raise ValueError("Cannot set the value of a file.")
