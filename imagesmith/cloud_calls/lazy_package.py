"""Standing in for a package of an SDK that imports a thousand modules, of which a build uses thirty.

The stand-in has the same names and finds each in its own module when it is first used, so that other users of the SDK
in the process don't notice.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

Homes = Callable[[str], Mapping[str, str]]
"""Which module each name is in, as the import statements of a package's source say: name -> full name of a module."""


class LazyPackage(ModuleType):
    """Loads ``Name`` from the module that the real package would have taken it from."""

    def __init__(self, name: str, folder: str, homes: Mapping[str, str]) -> None:
        super().__init__(name)
        self.__path__ = [folder]
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.__spec__.submodule_search_locations = [folder]
        self.__package__ = name
        self.__all__ = list(homes)
        self._homes = homes

    def __getattr__(self, name: str) -> Any:
        home = self.__dict__.get("_homes", {}).get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home), name)
        setattr(self, name, value)
        return value


def stand_in(name: str, homes: Homes) -> ModuleType:
    """The package of this name, lazy where nobody has imported it yet and its source says where everything is."""
    if name not in sys.modules and (lazy := _lazy(name, homes)) is not None:
        sys.modules[name] = lazy
        parent, _, own = name.rpartition(".")
        if parent:
            vars(importlib.import_module(parent))[own] = lazy
    return importlib.import_module(name)


def _lazy(name: str, homes: Homes) -> LazyPackage | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        return None
    found = homes(Path(spec.origin).read_text(encoding="utf-8"))
    return LazyPackage(name, str(Path(spec.origin).parent), found) if found else None
