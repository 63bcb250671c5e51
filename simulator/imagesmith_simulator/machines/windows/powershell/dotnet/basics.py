"""Convert, BitConverter, Encoding, hashes, Environment, Math, Guid, String, collections, Thread."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.powershell.conversion import convert
from imagesmith_simulator.machines.windows.powershell.dotnet import encodings
from imagesmith_simulator.machines.windows.powershell.dotnet.encodings import encoding_of
from imagesmith_simulator.machines.windows.powershell.dotnet.formatting import format_text
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType
from imagesmith_simulator.machines.windows.powershell.dotnet.streams import Stream
from imagesmith_simulator.machines.windows.powershell.dotnet.texts import blank, empty
from imagesmith_simulator.machines.windows.powershell.values import (
    DotNet,
    NamedValues,
    Record,
    items,
    method_failure,
    number,
    text,
    truth,
    whole,
)

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine


def _from_base64(engine: Engine, value: Any) -> bytearray:
    try:
        return bytearray(base64.b64decode("".join(text(value).split()), validate=True))
    except binascii.Error:
        raise method_failure(
            "FromBase64String",
            1,
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding "
            "characters, or an illegal character among the padding characters. ",
            "System.FormatException",
        ) from None


def _to_base64(engine: Engine, data: Any, start: Any = 0, count: Any = None, *_: Any) -> str:
    end = len(data) if count is None else whole(start) + whole(count)
    return base64.b64encode(bytes(data)[whole(start) : end]).decode()


def _bits(engine: Engine, value: Any) -> bytearray:
    if isinstance(value, bool):
        return bytearray([value])
    size = 4 if -(1 << 31) <= whole(value) < 1 << 32 else 8
    return bytearray((whole(value) & ((1 << size * 8) - 1)).to_bytes(size, "little"))


def _number(size: int, *, signed: bool) -> Callable[..., int]:
    return lambda engine, data, start=0: int.from_bytes(bytes(data)[start : start + size], "little", signed=signed)


def _hex(engine: Engine, data: Any, *part: Any) -> str:
    return "-".join(f"{byte:02X}" for byte in bytes(data)[whole(part[0]) if part else 0 :])


class Hash(DotNet):
    """A hash algorithm."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.type = f"System.Security.Cryptography.{name.upper()}CryptoServiceProvider"

    def do_computehash(self, source: Any, *_: Any) -> bytearray:
        """Of bytes, or of the rest of a stream."""
        digest = hashlib.new(self._name, usedforsecurity=False)
        if isinstance(source, Stream):
            while data := source.read_bytes(1 << 20):
                digest.update(data)
        else:
            digest.update(bytes(source))
        return bytearray(digest.digest())

    def do_dispose(self) -> None:
        """Nothing is kept."""

    def do_clear(self) -> None:
        """Nothing is kept."""


class ArrayList(DotNet):
    """ArrayList and List<T>."""

    type = "System.Collections.ArrayList"

    def __init__(self, values: Any = None) -> None:
        self.items_list: list[Any] = list(items(values))

    def text(self) -> str:
        return text(self.items_list)

    def do_add(self, value: Any) -> None:
        """Append. What it returns in .NET, the position, only ever disturbs."""
        self.items_list.append(value)

    def do_addrange(self, values: Any) -> None:
        """Append all."""
        self.items_list += list(items(values))

    def do_remove(self, value: Any) -> None:
        """Remove the first like this."""
        if value in self.items_list:
            self.items_list.remove(value)

    def do_clear(self) -> None:
        """Remove all."""
        self.items_list.clear()

    def do_contains(self, value: Any) -> bool:
        """Whether it is in there."""
        return value in self.items_list

    def do_toarray(self, *_: Any) -> list[Any]:
        """As an array."""
        return list(self.items_list)

    def get_count(self) -> int:
        """How many."""
        return len(self.items_list)


class StringBuilder(DotNet):
    """Collects a text."""

    type = "System.Text.StringBuilder"

    def __init__(self, value: Any = "") -> None:
        self._parts = [text(value)]

    def text(self) -> str:
        return "".join(self._parts)

    def do_append(self, value: Any) -> StringBuilder:
        """Append."""
        self._parts.append(text(value))
        return self

    def do_appendline(self, value: Any = "") -> StringBuilder:
        """Append a line."""
        return self.do_append(text(value) + "\r\n")

    def get_length(self) -> int:
        """How long it is."""
        return len(self.text())


def _get_variable(engine: Engine, name: Any, target: Any = "Process") -> str | None:
    if text(target).lower() == "machine":
        known = {key.lower(): value for key, value in engine.windows.installation.variables.items()}
        return known.get(text(name).lower())
    value = engine.lookup(text(name), "env")
    return None if value is None else text(value)


def _set_variable(engine: Engine, name: Any, value: Any, target: Any = "Process") -> None:
    if text(target).lower() == "process":
        engine.set_environment(text(name), value)
        return
    variables = engine.windows.installation.variables
    known = next((key for key in variables if key.lower() == text(name).lower()), text(name))
    if value is None or value == "":
        variables.pop(known, None)
    else:
        variables[known] = text(value)


def _exit(engine: Engine, code: Any = 0) -> None:
    from imagesmith_simulator.machines.windows.powershell.engine import Exit

    raise Exit(whole(code))


def _round(engine: Engine, value: Any, digits: Any = 0, *_: Any) -> int | float:
    result = round(number(value), whole(digits))
    return int(result) if result == int(result) and not whole(digits) else result


def _encoding(name: Any) -> encodings.Encoding:
    """By a name, or by the number of a code page."""
    if isinstance(name, int):
        return encodings.UTF8 if name == 65001 else encodings.ANSI
    return encoding_of(name)


def _constant(value: Any) -> Callable[[Engine], Any]:
    return lambda engine: value


def _simple(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda engine, *values: function(*values)


_CONVERT: dict[str, Callable[..., Any]] = {
    f"to{name.lower()}": _simple(
        lambda value, *base, name=name: int(text(value), whole(base[0])) if base else convert(value, name)
    )
    for name in ("Byte", "Int16", "Int32", "Int64", "UInt16", "UInt32", "UInt64")
}
_HASHES = [
    StaticType(
        f"System.Security.Cryptography.{name}{suffix}",
        {"create": lambda engine, name=name: Hash(name.lower())},
        new=lambda engine, name=name: Hash(name.lower()),
    )
    for name in ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
    for suffix in ("", "CryptoServiceProvider", "Managed", "Cng")
]
_ENCODINGS = {
    "utf8": encodings.UTF8,
    "unicode": encodings.UNICODE,
    "ascii": encodings.ASCII,
    "default": encodings.ANSI,
    "bigendianunicode": encodings.BIG_ENDIAN,
}
TYPES = [
    *_HASHES,
    StaticType(
        "System.Convert",
        {
            "frombase64string": _from_base64,
            "tobase64string": _to_base64,
            "tostring": lambda engine, value, *base: (
                format(whole(value), "x" if base and base[0] == 16 else "d") if base else text(value)
            ),
            "toboolean": lambda engine, value: truth(value) if not isinstance(value, str) else value.lower() == "true",
            "todouble": lambda engine, value: float(number(value)),
            **_CONVERT,
        },
    ),
    StaticType(
        "System.BitConverter",
        {
            "tostring": _hex,
            "getbytes": _bits,
            "toint32": _number(4, signed=True),
            "touint32": _number(4, signed=False),
            "toint64": _number(8, signed=True),
            "toint16": _number(2, signed=True),
        },
    ),
    StaticType(
        "System.Text.Encoding",
        {
            "getencoding": _simple(_encoding),
        },
        {name: _constant(value) for name, value in _ENCODINGS.items()},
    ),
    StaticType(
        "System.Text.UTF8Encoding",
        new=lambda engine, mark=False, *_: encodings.UTF8 if truth(mark) else encodings.UTF8_PLAIN,
    ),
    StaticType("System.Text.UnicodeEncoding", new=lambda engine, *_: encodings.UNICODE),
    StaticType("System.Text.StringBuilder", new=lambda engine, *values: StringBuilder(*values[:1])),
    StaticType(
        "System.Environment",
        {"getenvironmentvariable": _get_variable, "setenvironmentvariable": _set_variable, "exit": _exit},
        {
            "machinename": lambda engine: engine.windows.hostname.upper()[:15],
            "newline": lambda engine: "\r\n",
            "username": lambda engine: engine.context.user,
            "currentdirectory": lambda engine: engine.context.cwd,
            "is64bitoperatingsystem": lambda engine: True,
        },
    ),
    StaticType(
        "System.Math",
        {
            "min": _simple(lambda one, other: min(number(one), number(other))),
            "max": _simple(lambda one, other: max(number(one), number(other))),
            "abs": _simple(lambda value: abs(number(value))),
            "floor": _simple(lambda value: math.floor(number(value))),
            "ceiling": _simple(lambda value: math.ceil(number(value))),
            "round": _round,
            "pow": _simple(lambda base, power: number(base) ** number(power)),
        },
    ),
    StaticType("System.Guid", {"newguid": lambda engine: str(uuid.uuid4())}),
    StaticType(
        "System.String",
        {
            "isnullorempty": _simple(empty),
            "isnullorwhitespace": _simple(blank),
            "join": _simple(
                lambda mark, *values: text(mark).join(text(item) for value in values for item in items(value))
            ),
            "format": _simple(
                lambda pattern, *values: format_text(text(pattern), [item for value in values for item in items(value)])
            ),
            "concat": _simple(lambda *values: "".join(text(value) for value in values)),
        },
        {"empty": lambda engine: ""},
    ),
    StaticType("System.Collections.ArrayList", new=lambda engine, *values: ArrayList(*values[:1])),
    StaticType("System.Threading.Thread", {"sleep": lambda engine, value: engine.context.sleep(number(value) / 1000)}),
    StaticType(
        "System.Net.Dns",
        {
            "gethostname": lambda engine: engine.windows.hostname,
            "gethostbyname": lambda engine, name: Record(
                NamedValues({"HostName": text(name) or engine.windows.hostname})
            ),
            "gethostentry": lambda engine, name: Record(
                NamedValues({"HostName": text(name) or engine.windows.hostname})
            ),
        },
    ),
    StaticType("System.GC", {"collect": lambda engine, *_: None}),
]
