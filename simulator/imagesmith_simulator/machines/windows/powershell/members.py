"""Properties, methods and elements of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.powershell.dotnet.formatting import format_value
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType, guarded
from imagesmith_simulator.machines.windows.powershell.dotnet.texts import TEXT_METHODS, call_text
from imagesmith_simulator.machines.windows.powershell.values import (
    DotNet,
    ErrorInfo,
    NamedValues,
    NotSimulated,
    Record,
    ScriptBlock,
    Table,
    failure,
    items,
    text,
    type_name,
    whole,
)

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine

_MISSING = object()


def get_member(engine: Engine, target: Any, name: str) -> Any:
    """A property's value; of an array without that property, those of its items. Null where there is none."""
    found = _property(engine, target, name.lower())
    if found is not _MISSING:
        return found
    if isinstance(target, list):
        values = [value for item in target for value in items(get_member(engine, item, name))]
        return values if len(values) > 1 else (values[0] if values else None)
    return None


def _property(engine: Engine, target: Any, name: str) -> Any:
    if isinstance(target, StaticType):
        return target.get(engine, name)
    if isinstance(target, Table):
        return _table_property(target, name)
    if isinstance(target, Record):
        return target.properties.get(name, _MISSING)
    if isinstance(target, ErrorInfo):
        return _error_property(target, name)
    if isinstance(target, DotNet):
        getter = getattr(target, f"get_{name}", None)
        return getter() if getter else _MISSING
    if name in ("length", "count") and isinstance(target, str | list | bytearray):
        return 1 if name == "count" and isinstance(target, str) else len(target)
    if name == "count":
        return 0 if target is None else 1
    return _MISSING


def _table_property(table: Table, name: str) -> Any:
    if name in table:
        return table[name]
    simple = {"keys": list(table), "values": list(table.values()), "count": len(table)}
    return simple.get(name, _MISSING if name == "length" else None)


def _error_property(info: ErrorInfo, name: str) -> Any:
    if name == "exception":
        return ExceptionObject(info)
    simple = {
        "fullyqualifiederrorid": info.identity,
        "targetobject": info.target,
        "categoryinfo": Record(NamedValues({"Category": info.category}), text=info.category),
        "invocationinfo": Record(NamedValues({"ScriptLineNumber": info.line, "Line": "", "MyCommand": info.command})),
        "scriptstacktrace": f"at <ScriptBlock>, <No file>: line {info.line}",
        "message": info.message,
    }
    return simple.get(name, _MISSING)


class ExceptionObject(DotNet):
    """The exception of an error."""

    def __init__(self, info: ErrorInfo) -> None:
        self.error = info
        self.type = info.exception

    def text(self) -> str:
        return f"{self.type}: {self.error.message}"

    def get_message(self) -> str:
        """What has gone wrong."""
        return self.error.message

    def do_getbaseexception(self) -> ExceptionObject:
        """The innermost exception: of one that a method has thrown, without what PowerShell adds."""
        inner = self.error.target
        if self.error.message.startswith("Exception calling") and isinstance(inner, str):
            return ExceptionObject(ErrorInfo(inner, self.error.exception))
        return self

    def get_innerexception(self) -> ExceptionObject | None:
        """The exception inside, where there is one."""
        base = self.do_getbaseexception()
        return None if base is self else base

    def get_hresult(self) -> int:
        """The code that many exceptions share."""
        return -2146233087


def set_member(engine: Engine, target: Any, name: str, value: Any) -> None:
    """Set a property. Raises `ScriptError` where there is none."""
    if isinstance(target, StaticType):
        target.set(engine, name, value)
        return
    if isinstance(target, Table):
        target[name] = value
        return
    if isinstance(target, Record) and name in target.properties:
        target.properties[name] = value
        return
    setter = getattr(target, f"set_{name.lower()}", None)
    if setter is None:
        raise failure(
            f"The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
        )
    setter(value)


def call_member(engine: Engine, target: Any, name: str, arguments: list[Any]) -> Any:
    """Call a method. Raises `ScriptError` for null, `NotSimulated` for a method that is not known."""
    lowered = name.lower()
    if target is None:
        raise failure("You cannot call a method on a null-valued expression.", identity="InvokeMethodOnNull")
    if isinstance(target, StaticType):
        return target.call(engine, name, arguments)
    if isinstance(target, DotNet):
        method = getattr(target, f"do_{lowered}", None)
        if method:
            return guarded(name, arguments, lambda: method(*arguments))
    if isinstance(target, str) and lowered in TEXT_METHODS:
        return call_text(target, lowered, arguments)
    if lowered == "tostring":
        return format_value(target, text(arguments[0])) if arguments else text(target)
    if lowered == "gettype":
        full = type_name(target)
        return Record(NamedValues({"Name": full.rpartition(".")[2], "FullName": full}), "System.RuntimeType", full)
    if lowered == "equals":
        return target == arguments[0]
    return _call_on_collection(engine, target, name, arguments)


def _call_on_collection(engine: Engine, target: Any, name: str, arguments: list[Any]) -> Any:
    lowered = name.lower()
    if isinstance(target, Table):
        if lowered in ("containskey", "contains"):
            return text(arguments[0]) in target
        if lowered == "add":
            target[text(arguments[0])] = arguments[1]
            return None
        if lowered == "remove":
            if text(arguments[0]) in target:
                del target[text(arguments[0])]
            return None
        if lowered == "getenumerator":
            return [Record(NamedValues({"Key": key, "Name": key, "Value": value})) for key, value in target.items()]
    if isinstance(target, list | bytearray):
        if lowered == "contains":
            return arguments[0] in target
        if lowered == "clone":
            return type(target)(target)
        if lowered == "add" and isinstance(target, list):
            raise failure('Exception calling "Add" with "1" argument(s): "Collection was of a fixed size."')
    if isinstance(target, ScriptBlock) and lowered in ("invoke", "invokereturnasis"):
        from imagesmith_simulator.machines.windows.powershell.pipelines import run_block

        return engine.collect(lambda emit: run_block(engine, target.body, arguments, emit))
    raise NotSimulated(f"the method {name} of {type_name(target)}")


def get_index(target: Any, index: Any) -> Any:
    """``target[index]``; null beyond the end."""
    if isinstance(target, Table):
        return target.get(text(index))
    if isinstance(index, list):
        return [get_index(target, one) for one in index]
    if hasattr(target, "items_list"):
        target = target.items_list
    if isinstance(target, str | list | bytearray):
        position = whole(index)
        return target[position] if -len(target) <= position < len(target) else None
    if target is None:
        raise failure("Cannot index into a null array.", identity="NullArray")
    return target if whole(index) in (0, -1) else None


def set_index(target: Any, index: Any, value: Any) -> None:
    """``target[index] = value``. Raises `ScriptError` beyond the end."""
    if isinstance(target, Table):
        target[text(index)] = value
        return
    if hasattr(target, "items_list"):
        target = target.items_list
    position = whole(index)
    if not isinstance(target, list | bytearray) or not -len(target) <= position < len(target):
        raise failure("Index was outside the bounds of the array.", "System.IndexOutOfRangeException")
    target[position] = value
