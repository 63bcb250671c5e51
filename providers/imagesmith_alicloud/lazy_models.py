"""The request models of a product's SDK, each loaded when it is first used.

``alibabacloud_ecs20140526.models`` imports 1,150 files, of which a build uses thirty.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from imagesmith.cloud_calls.lazy_package import stand_in

_IMPORT = re.compile(r"^from \.(\w+) import (\([^)]*\)|[^\n]+)", re.MULTILINE)


def models(product: str) -> Any:
    """The models of an SDK package (``alibabacloud_ecs20140526``).

    Where the package is laid out in another way, or is imported already, it is used as it is.
    """
    name = f"{product}.models"
    return stand_in(name, partial(_homes, name))


def _homes(package: str, source: str) -> dict[str, str]:
    """Which file each class is in, as the package's own import statements say."""
    homes: dict[str, str] = {}
    for file, names in _IMPORT.findall(source):
        for name in names.strip("()").replace("\n", " ").split(","):
            if name.strip():
                homes[name.strip()] = f"{package}.{file}"
    return homes
