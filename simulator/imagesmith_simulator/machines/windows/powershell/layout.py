"""How values look as text: lines, tables, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imagesmith_simulator.machines.windows.powershell.values import DotNet, ErrorInfo, Record, Table, items, text


def render(values: Sequence[Any]) -> list[str]:
    """The lines of some values."""
    lines: list[str] = []
    rows: list[dict[str, Any]] = []
    for value in values:
        row = columns(value)
        if row is None or (rows and list(row) != list(rows[0])):
            lines += _laid_out(rows)
            rows = []
        if row is None:
            lines += _plain(value)
        else:
            rows.append(row)
    return lines + _laid_out(rows)


def _plain(value: Any) -> list[str]:
    if isinstance(value, list):
        return render(value)
    if isinstance(value, ErrorInfo):
        from imagesmith_simulator.machines.windows.powershell.host import describe

        return describe(value)
    return text(value).replace("\r\n", "\n").split("\n")


def columns(value: Any) -> dict[str, Any] | None:
    """What an object's table or list has; None for values that are just text."""
    if isinstance(value, Table):
        return None if not value else {"Name": list(value), "Value": list(value.values()), "": None}
    if isinstance(value, Record):
        return None if value.text else dict(value.properties)
    shown = getattr(value, "columns", None)
    if isinstance(value, DotNet) and shown:
        return dict(shown())
    return None


def _laid_out(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    if "" in rows[0]:  # hash tables
        rows = [
            {"Name": name, "Value": value}
            for row in rows
            for name, value in zip(row["Name"], row["Value"], strict=True)
        ]
    if len(rows[0]) > 4:
        return [line for row in rows for line in ["", *as_list(row)]] + [""]
    return ["", *as_table(rows), ""]


def as_list(row: dict[str, Any]) -> list[str]:
    """``Format-List``."""
    width = max(map(len, row), default=0)
    return [f"{name:<{width}} : {_cell(value)}" for name, value in row.items()]


def as_table(rows: list[dict[str, Any]]) -> list[str]:
    """``Format-Table``."""
    names = list(rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(names)]
    numeric = [all(isinstance(row.get(name), int | float) for row in rows) for name in names]

    def line(parts: Sequence[str], *, heading: bool = False) -> str:
        padded = [
            part.rjust(width) if right and not heading else part.ljust(width)
            for part, width, right in zip(parts, widths, numeric, strict=True)
        ]
        return " ".join(padded).rstrip()

    head = [line(names, heading=True), line(["-" * len(name) for name in names], heading=True)]
    return [*head, *(line(row) for row in cells)]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "{" + ", ".join(text(item) for item in items(value)) + "}"
    return text(value)
