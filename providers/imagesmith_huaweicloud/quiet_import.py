"""Importing the SDK without what it does on the side.

``huaweicloudsdkcore.http.user_agent`` makes up an id for this machine when it is imported, writes it to
``~/.huaweicloud/application_id`` and sends it with every call. Nobody asked for that: an empty module stands in.
"""

from __future__ import annotations

import sys
from types import ModuleType

_NAME = "huaweicloudsdkcore.http.user_agent"


def prepare() -> None:
    """Put the stand-in in place, unless somebody in this process has imported the real module already."""
    if _NAME not in sys.modules:
        module = ModuleType(_NAME)
        module.user_agent_string = ""  # type: ignore[attr-defined]
        sys.modules[_NAME] = module
