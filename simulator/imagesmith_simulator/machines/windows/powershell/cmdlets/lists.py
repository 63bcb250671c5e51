"""Cmdlets that choose, sort and count."""

from __future__ import annotations

import functools
from typing import Any

from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.layout import columns
from imagesmith_simulator.machines.windows.powershell.members import get_member
from imagesmith_simulator.machines.windows.powershell.operators import order
from imagesmith_simulator.machines.windows.powershell.values import (
    NamedValues,
    Record,
    ScriptBlock,
    items,
    number,
    text,
    whole,
)


@cmdlet(
    "Select-Object",
    "select",
    positional=("Property",),
    named=("ExpandProperty", "First", "Last", "Skip", "InputObject"),
    switches=("Unique",),
    rest=True,
)
def select_object(call: Call) -> None:
    """Some of the values, or some of their properties."""
    values = call.input[whole(call.get("Skip", 0)) :]
    if "First" in call.values:
        values = values[: whole(call.get("First"))]
    if "Last" in call.values:
        values = values[-whole(call.get("Last")) :]
    if call.flag("Unique"):
        values = list(dict.fromkeys(values))
    for value in values:
        if "ExpandProperty" in call.values:
            for item in items(get_member(call.engine, value, call.text("ExpandProperty"))):
                call.emit(item)
        elif "Property" in call.values:
            call.emit(_with_properties(call, value))
        else:
            call.emit(value)


def _with_properties(call: Call, value: Any) -> Record:
    names = [text(name) for name in items(call.get("Property"))]
    if names == ["*"]:
        names = list(columns(value) or {})
    return Record(NamedValues({name: get_member(call.engine, value, name) for name in names}))


def _key(call: Call, value: Any, by: Any) -> Any:
    if isinstance(by, ScriptBlock):
        found: list[Any] = []
        call.engine.scoped_variable("_", value, lambda: call.engine.block(by.body, found.append))
        return found[0] if found else None
    return get_member(call.engine, value, text(by)) if by is not None else value


@cmdlet(
    "Sort-Object",
    "sort",
    positional=("Property",),
    named=("InputObject",),
    switches=("Descending", "Unique"),
    rest=True,
)
def sort_object(call: Call) -> None:
    """In order."""
    keys = list(items(call.get("Property"))) or [None]

    def compare(one: Any, other: Any) -> int:
        for key in keys:
            left, right = _key(call, one, key), _key(call, other, key)
            found = (
                order(text(left), text(right), cased=False)
                if left is None or right is None
                else order(left, right, cased=False)
            )
            if found:
                return found
        return 0

    values = sorted(call.input, key=functools.cmp_to_key(compare), reverse=call.flag("Descending"))
    before: list[Any] = []
    for value in values:
        if not (call.flag("Unique") and before and compare(before[-1], value) == 0):
            call.emit(value)
            before.append(value)


@cmdlet(
    "Measure-Object",
    "measure",
    positional=("Property",),
    named=("InputObject",),
    switches=("Sum", "Average", "Maximum", "Minimum", "Line"),
)
def measure_object(call: Call) -> None:
    """Count, and add up."""
    values = call.subjects("InputObject")
    numbers = (
        [number(_key(call, value, call.get("Property"))) for value in values]
        if set(call.values) & {"Sum", "Average", "Maximum", "Minimum"}
        else []
    )
    total = sum(numbers)
    call.emit(
        Record(
            NamedValues(
                {
                    "Count": len(values),
                    "Average": total / len(numbers) if numbers else None,
                    "Sum": total if numbers else None,
                    "Maximum": max(numbers, default=None),
                    "Minimum": min(numbers, default=None),
                    "Property": call.get("Property"),
                }
            )
        )
    )


@cmdlet(
    "Select-String",
    "sls",
    positional=("Pattern", "Path"),
    named=("InputObject", "LiteralPath"),
    switches=("SimpleMatch", "CaseSensitive", "Quiet", "NotMatch"),
)
def select_string(call: Call) -> None:
    """The lines that fit a pattern."""
    import re

    from imagesmith_simulator.machines.windows.files import decode
    from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full
    from imagesmith_simulator.machines.windows.powershell.operators import regular

    lines = [line for value in call.input for line in text(value).splitlines()]
    for path in items(call.get("Path", call.get("LiteralPath"))):
        lines += decode(bytes(call.engine.windows.disk.file(full(call.engine, path)).data)).splitlines()
    pattern = re.escape(call.text("Pattern")) if call.flag("SimpleMatch") else call.text("Pattern")
    expression = regular(pattern, cased=call.flag("CaseSensitive"))
    found = [line for line in lines if bool(expression.search(line)) != call.flag("NotMatch")]
    if call.flag("Quiet"):
        call.emit(bool(found))
        return
    for line in found:
        call.emit(Record(NamedValues({"Line": line, "Pattern": call.text("Pattern")}), text=line))
