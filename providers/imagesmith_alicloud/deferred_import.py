"""Importing the SDK without aiohttp, which takes a third of its import time and serves only its ``_async`` methods.

While the SDK is imported a stand-in is in aiohttp's place; afterwards it is gone from there. The SDK's modules keep it,
and should somebody in the process call an ``_async`` method, it hands out what the real aiohttp has.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_NAME = "aiohttp"
_FOR_ANNOTATIONS = ("ClientResponse", "ClientSession")
"""What the SDK takes out of the module while it is imported, only to name types."""


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(_NAME) is self:
            if name in _FOR_ANNOTATIONS:
                return Any
            del sys.modules[_NAME]
        return getattr(importlib.import_module(_NAME), name)


@contextmanager
def without_aiohttp() -> Iterator[None]:
    """Imports in this block find the stand-in, unless aiohttp is imported already."""
    if _NAME in sys.modules:
        yield
        return
    stand_in = sys.modules[_NAME] = _StandIn(_NAME)
    try:
        yield
    finally:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]
