"""The values of a script: numbers, strings, booleans and null are Python's, ``byte[]`` a bytearray, arrays lists."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.nodes import Block


class NamedValues(dict[str, Any]):
    """Values by names in which case does not matter but is kept."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._spelled: dict[str, str] = {}
        for name, value in (values or {}).items():
            self[name] = value

    def spelled(self, name: str) -> str:
        """A name as it was first written."""
        return self._spelled.get(name.lower(), name)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(self._spelled.setdefault(str(name).lower(), str(name)), value)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(self.spelled(str(name)))

    def __contains__(self, name: object) -> bool:
        return str(name).lower() in self._spelled

    def __delitem__(self, name: str) -> None:
        super().__delitem__(self.spelled(str(name)))
        del self._spelled[str(name).lower()]

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or the default."""
        return self[name] if str(name).lower() in self._spelled else default


class Table(NamedValues):
    """A hash table."""


@dataclass(eq=False)
class Record:
    """An object with properties; ``text`` is what it turns into as a string, ``type`` its .NET type."""

    properties: NamedValues = field(default_factory=NamedValues)
    type: str = "System.Management.Automation.PSCustomObject"
    text: str = ""


@dataclass(eq=False)
class ScriptBlock:
    """``{ … }``."""

    body: Block


class DotNet:
    """An object of a .NET class: methods are ``do_name``, properties ``get_name`` and ``set_name``, in lower case."""

    type = "System.Object"

    def text(self) -> str:
        """What ToString gives."""
        return self.type


@dataclass(eq=False)
class ErrorInfo:
    """What ``$_`` is in a catch block, and what is written to the error stream.

    ``exception`` is the .NET type of the exception; ``command`` the name of what has failed, ``line`` where it stands.
    """

    message: str
    exception: str = "System.Management.Automation.RuntimeException"
    identity: str = ""
    category: str = "NotSpecified"
    target: Any = None
    command: str = ""
    line: int = 0


class ScriptError(Exception):
    """A terminating error, for ``catch`` and ``trap`` to handle. ``whole``: it ends the script, not the statement."""

    def __init__(self, info: ErrorInfo, *, whole: bool = False) -> None:
        super().__init__(info.message)
        self.info = info
        self.whole = whole


class NotSimulated(Exception):
    """The script uses something that this PowerShell does not know; nothing can catch it."""


def failure(message: str, exception: str = "System.Management.Automation.RuntimeException", **more: Any) -> ScriptError:
    """A terminating error to raise."""
    return ScriptError(ErrorInfo(message, exception, **more))


def method_failure(name: str, count: int, message: str, exception: str) -> ScriptError:
    """How an exception from a .NET method looks."""
    text = f'Exception calling "{name}" with "{count}" argument(s): "{message}"'
    return failure(text, exception, identity=exception.rpartition(".")[2], target=message)


def type_name(value: Any) -> str:
    """The full name of a value's .NET type."""
    if isinstance(value, bool):
        return "System.Boolean"
    if isinstance(value, int):
        return "System.Int32" if -(1 << 31) <= value < 1 << 31 else "System.Int64"
    names: list[tuple[type, str]] = [
        (float, "System.Double"),
        (str, "System.String"),
        (bytearray, "System.Byte[]"),
        (list, "System.Object[]"),
        (Table, "System.Collections.Hashtable"),
        (ScriptBlock, "System.Management.Automation.ScriptBlock"),
        (ErrorInfo, "System.Management.Automation.ErrorRecord"),
    ]
    found = next((name for kind, name in names if isinstance(value, kind)), None)
    return found or str(getattr(value, "type", "System.Object"))


def items(value: Any) -> Iterator[Any]:
    """A value's items as a pipeline takes them: of an array each, of null none, of anything else itself."""
    if isinstance(value, list | bytearray):
        yield from list(value)
    elif value is not None:
        yield value


def flat(values: list[Any]) -> Any:
    """What a pipeline's output is as a value: nothing, the only one, or an array."""
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def truth(value: Any) -> bool:
    """Whether a condition with this value holds."""
    if isinstance(value, list | bytearray):
        return (truth(value[0]) if len(value) == 1 else bool(value)) if value else False
    if isinstance(value, Table | Record):
        return True
    if isinstance(value, str | int | float) or value is None:
        return bool(value)
    return True


def text(value: Any) -> str:
    """A value as a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | bytearray):
        return " ".join(text(item) for item in value)
    if isinstance(value, Table):
        return "System.Collections.Hashtable"
    if isinstance(value, Record):
        return value.text or "@{" + "; ".join(f"{key}={text(item)}" for key, item in value.properties.items()) + "}"
    if isinstance(value, ErrorInfo):
        return value.message
    if isinstance(value, DotNet):
        return value.text()
    return str(value)


def number_text(value: float) -> str:
    """A number with a fraction as .NET writes it."""
    if math.isinf(value) or math.isnan(value):
        return {"inf": "∞", "-inf": "-∞"}.get(str(value), "NaN")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def number(value: Any) -> int | float:
    """A value as a number. Raises `ScriptError`."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if value is None or value == "":
        return 0
    written = text(value).strip()
    for convert in (int, lambda string: int(string, 16) if string.lower().startswith("0x") else float(string)):
        try:
            return convert(written)
        except ValueError:
            continue
    raise failure(
        f'Cannot convert value "{text(value)}" to type "System.Int32". Error: "Input string was not in a correct '
        'format."',
        "System.Management.Automation.RuntimeException",
        identity="InvalidCastFromStringToInteger",
    )


def whole(value: Any) -> int:
    """A value as a whole number, rounded to even. Raises `ScriptError`."""
    return round(number(value))
