"""Pages of a list, by number or by token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from imagesmith_simulator.alicloud.errors import ApiError
from imagesmith_simulator.alicloud.parameters import Parameters
from imagesmith_simulator.alicloud.resources import Resource

AnyResource = TypeVar("AnyResource", bound=Resource)


def page(
    parameters: Parameters,
    found: Iterable[AnyResource],
    outer: str,
    inner: str,
    render: Callable[[AnyResource], Mapping[str, Any]],
    *,
    most: int = 100,
) -> dict[str, Any]:
    """One page as ``{outer: {inner: [...]}, TotalCount, PageNumber, PageSize}``, the newest first.

    The page has 10 items unless PageSize (or MaxResults, with NextToken) says otherwise.
    """
    items = sorted(found, key=lambda item: (-item.created, item.id))
    if parameters.text("NextToken") or parameters.text("MaxResults"):
        size = _size(parameters, "MaxResults", most)
        start = _start(parameters.text("NextToken"))
        following = start + size
        token = base64.b64encode(str(following).encode()).decode() if following < len(items) else ""
        answer: dict[str, Any] = {"NextToken": token, "MaxResults": size}
    else:
        size = _size(parameters, "PageSize", most)
        number = parameters.integer("PageNumber", 1)
        if number < 1:
            raise ApiError("InvalidParameter", 400, "PageNumber counts from 1.")
        start = (number - 1) * size
        answer = {"PageNumber": number, "PageSize": size}
    chosen = [render(item) for item in items[start : start + size]]
    return {**answer, "TotalCount": len(items), outer: {inner: chosen}}


def with_tags(items: Iterable[AnyResource], wanted: Mapping[str, str]) -> list[AnyResource]:
    """Those that have all the wanted tags; an empty value stands for any."""
    return [
        item
        for item in items
        if all(key in item.tags and (not value or item.tags[key] == value) for key, value in wanted.items())
    ]


def tag_list(resource: Resource, *, lower: bool = False) -> dict[str, Any]:
    """The tags as the API writes them: ``TagKey``/``TagValue`` in ECS, ``Key``/``Value`` in VPC."""
    key, value = ("Key", "Value") if lower else ("TagKey", "TagValue")
    return {"Tag": [{key: name, value: text} for name, text in resource.tags.items()]}


def _size(parameters: Parameters, name: str, most: int) -> int:
    size = parameters.integer(name, 10)
    if not 1 <= size <= most:
        raise ApiError("InvalidParameter", 400, f"{name} must be 1 to {most}.")
    return size


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise ApiError("InvalidParameter.NextToken", 400, "The NextToken is not valid.") from None
