"""Lists come in pages: ``limit`` items after the one whose id is ``marker``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from imagesmith_simulator.huaweicloud.resources import Resource
from imagesmith_simulator.refusals import ApiError

AnyResource = TypeVar("AnyResource", bound=Resource)


def page(items: Sequence[AnyResource], query: Mapping[str, str], *, usual: int = 1000) -> list[AnyResource]:
    """The page that a query asks for."""
    text = query.get("limit", str(usual))
    if not text.isdigit():
        raise ApiError("APIGW.0106", 400, "limit must be a number.")
    ids = [item.id for item in items]
    start = ids.index(query["marker"]) + 1 if query.get("marker") in ids else 0
    return list(items[start : start + int(text)])
