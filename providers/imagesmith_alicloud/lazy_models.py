"""The request models of a product's SDK, each loaded when it is first used.

``alibabacloud_ecs20140526.models`` imports 1,150 files, of which a build uses thirty. A module that finds each class in
its own file stands in for it; it has the same names, so that other users of the SDK in the process don't notice.
"""

from __future__ import annotations

import importlib
import re
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

_IMPORT = re.compile(r"^from \.(\w+) import (\([^)]*\)|[^\n]+)", re.MULTILINE)


class _LazyModels(ModuleType):
    """Loads ``Name`` from the file that the real package would have taken it from."""

    def __init__(self, name: str, folder: str, homes: dict[str, str]) -> None:
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
        value = getattr(importlib.import_module(f"{self.__name__}.{home}"), name)
        setattr(self, name, value)
        return value


def models(product: str) -> Any:
    """The models of an SDK package (``alibabacloud_ecs20140526``).

    Where the package is laid out in another way, or is imported already, it is used as it is.
    """
    name = f"{product}.models"
    if name not in sys.modules and (lazy := _lazy(name)) is not None:
        sys.modules[name] = lazy
        vars(importlib.import_module(product))["models"] = lazy
    return importlib.import_module(name)


def _lazy(name: str) -> _LazyModels | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        return None
    homes = _homes(Path(spec.origin).read_text(encoding="utf-8"))
    return _LazyModels(name, str(Path(spec.origin).parent), homes) if homes else None


def _homes(source: str) -> dict[str, str]:
    """Which file each class is in, as the package's own import statements say."""
    homes: dict[str, str] = {}
    for file, names in _IMPORT.findall(source):
        for name in names.strip("()").replace("\n", " ").split(","):
            if name.strip():
                homes[name.strip()] = file
    return homes
