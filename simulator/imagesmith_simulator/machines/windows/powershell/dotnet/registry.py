"""Finding classes by their names; their static members and constructors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import DiskError
from imagesmith_simulator.machines.windows.files import message
from imagesmith_simulator.machines.windows.powershell.values import NotSimulated, method_failure

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine

_EXCEPTIONS = {
    "no file": "System.IO.FileNotFoundException",
    "no folder": "System.IO.DirectoryNotFoundException",
    "denied": "System.UnauthorizedAccessException",
    "exists": "System.IO.IOException",
    "not empty": "System.IO.IOException",
    "bad name": "System.ArgumentException",
}


@dataclass
class StaticType:
    """A class as scripts see it by ``[name]``. Functions get the engine first."""

    name: str
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    properties: Mapping[str, Callable[[Engine], Any]] = field(default_factory=dict)
    new: Callable[..., Any] | None = None
    setters: Mapping[str, Callable[[Engine, Any], None]] = field(default_factory=dict)

    type = "System.RuntimeType"

    def get(self, engine: Engine, name: str) -> Any:
        """A static property. Raises `NotSimulated`."""
        if name not in self.properties:
            raise NotSimulated(f"[{self.name}]::{name}")
        return self.properties[name](engine)

    def set(self, engine: Engine, name: str, value: Any) -> None:
        """Set a static property. Raises `NotSimulated`."""
        if name.lower() not in self.setters:
            raise NotSimulated(f"setting [{self.name}]::{name}")
        self.setters[name.lower()](engine, value)

    def call(self, engine: Engine, name: str, arguments: list[Any]) -> Any:
        """Call a static method or, as ``new``, the constructor. Raises `NotSimulated`."""
        lowered = name.lower()
        if lowered == "new":
            return self.make(engine, arguments)
        if lowered not in self.functions:
            raise NotSimulated(f"[{self.name}]::{name}()")
        return guarded(name, arguments, lambda: self.functions[lowered](engine, *arguments))

    def make(self, engine: Engine, arguments: list[Any]) -> Any:
        """Construct an object. Raises `NotSimulated`."""
        if self.new is None:
            raise NotSimulated(f"a constructor of {self.name}")
        constructor = self.new
        return guarded(".ctor", arguments, lambda: constructor(engine, *arguments))

    def cast(self, engine: Engine, value: Any) -> Any:
        """``[type]value``: what the constructor makes of it, or itself if it is one."""
        return value if getattr(value, "type", "") == self.name else self.make(engine, [value])


def guarded(name: str, arguments: list[Any], run: Callable[[], Any]) -> Any:
    """Run a method; what the disk refuses and what it was given wrong become its exceptions."""
    try:
        return run()
    except DiskError as error:
        text = message(error)
        if error.trouble in ("no file", "no folder"):
            what = "file" if error.trouble == "no file" else "a part of the path"
            text = f"Could not find {what} '{error.path}'."
        elif error.trouble == "denied":
            text = f"Access to the path '{error.path}' is denied."
        raise method_failure(name, len(arguments), text, _EXCEPTIONS[error.trouble]) from None
    except (ValueError, TypeError) as error:
        raise method_failure(name, len(arguments), str(error), "System.ArgumentException") from None


def find_type(name: str) -> StaticType:
    """A class by its name, with or without ``System.``. Raises `NotSimulated`."""
    from imagesmith_simulator.machines.windows.powershell.conversion import known, short_name

    short = short_name(name)
    if short in TYPES:
        return TYPES[short]
    if known(name):
        return StaticType(name)
    raise NotSimulated(f"the type [{name}]")


def _all() -> dict[str, StaticType]:
    from imagesmith_simulator.machines.windows.powershell.dotnet import archives, basics, filesystem, streams, times

    found = [*archives.TYPES, *basics.TYPES, *filesystem.TYPES, *streams.TYPES, *times.TYPES]
    return {item.name.lower().removeprefix("system."): item for item in found}


class _Lazy(dict[str, StaticType]):
    """The classes; filled at the first look, since they need this module."""

    def __contains__(self, name: object) -> bool:
        if not len(self):
            self.update(_all())
        return super().__contains__(name)


TYPES: dict[str, StaticType] = _Lazy()
