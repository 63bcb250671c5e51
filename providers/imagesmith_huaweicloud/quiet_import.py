"""Importing the SDK without what it does on the side.

``huaweicloudsdkcore.http.user_agent`` makes up an id for this machine when it is imported, writes it to
``~/.huaweicloud/application_id`` and sends it with every call. Nobody asked for that: an empty module stands in. The
package of each service imports all of its models, 475 modules for ECS alone: lazy ones stand in for them.
"""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

from imagesmith.cloud_calls.lazy_package import stand_in

_NAME = "huaweicloudsdkcore.http.user_agent"
_IMPORT = re.compile(r"^from (huaweicloudsdk\w+\.v\d+\.[\w.]+) import (\w+)", re.MULTILINE)


def prepare() -> None:
    """Put the stand-in in place, unless somebody in this process has imported the real module already."""
    if _NAME not in sys.modules:
        module = ModuleType(_NAME)
        module.user_agent_string = ""  # type: ignore[attr-defined]
        sys.modules[_NAME] = module


def models(package: str) -> Any:
    """The models of a service's SDK (``huaweicloudsdkecs.v2``), each loaded when it is first used."""
    stand_in(package, _homes)
    return stand_in(f"{package}.model", _homes)


def _homes(source: str) -> dict[str, str]:
    """Which module each class is in, as a package's own import statements say."""
    return {name: module for module, name in _IMPORT.findall(source)}
