"""The tables of operations are held against the SDK's own models: no field or parameter of ours is made up."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import imagesmith_simulator.huaweicloud.gateway  # noqa: F401 - fills the table
from imagesmith_huaweicloud import quiet_import
from imagesmith_simulator.huaweicloud.routes import OPERATIONS, Operation

quiet_import.prepare()

PACKAGES = {
    "ecs": "huaweicloudsdkecs.v2",
    "ims": "huaweicloudsdkims.v2",
    "vpc": "huaweicloudsdkvpc.v2",
    "eip": "huaweicloudsdkeip.v2",
    "evs": "huaweicloudsdkevs.v2",
    "iam": "huaweicloudsdkiam.v3",
    "cbr": "huaweicloudsdkcbr.v1",
}


def _sdk_methods(product: str) -> Any:
    service = product
    module = importlib.import_module(f"{PACKAGES[product]}.{service}_client")
    return getattr(module, f"{service.capitalize()}Client")


def _source(operation: Operation) -> str:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation.name).lower()
    return inspect.getsource(getattr(_sdk_methods(operation.product), f"_{method}_http_info"))


def _leaves(package: str, kind: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Every path into a model, as our tables spell them."""
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        yield from (f"[]{leaf}" for leaf in _leaves(package, match[1], above))
        return
    if kind.startswith("dict("):
        yield ".*"
        return
    model: Any = getattr(importlib.import_module(f"{package}.model"), kind, None)
    types = getattr(model, "openapi_types", None)
    if not types or kind in above:
        yield ""
        return
    for name, inner in types.items():
        yield from (f".{model.attribute_map[name]}{leaf}" for leaf in _leaves(package, inner, (*above, kind)))


def _speaks_openstack(operation: Operation) -> bool:
    return operation.run.__module__.endswith((".keystone", ".openstack"))


SDK_OPERATIONS = [operation for _, operation in OPERATIONS if not _speaks_openstack(operation)]


@pytest.mark.parametrize("operation", SDK_OPERATIONS, ids=[operation.name for operation in SDK_OPERATIONS])
def test_an_operation_is_where_and_what_the_sdk_says(operation: Operation) -> None:
    package = PACKAGES[operation.product]
    source = _source(operation)
    assert re.search(r'"method": "(\w+)"', source)[1] == operation.verb  # type: ignore[index]
    path = re.search(r'"resource_path": "([^"]+)"', source)[1]  # type: ignore[index]
    assert re.sub(r"\{\w+\}", "{}", operation.template) == re.sub(r"\{\w+\}", "{}", path)
    queries = set(re.findall(r"query_params.append\(\('([^']+)'", source))
    assert operation.query <= queries, operation.query - queries
    request = getattr(importlib.import_module(f"{package}.model"), f"{operation.name}Request")
    kind = request.openapi_types.get("body")
    known = {leaf.lstrip(".") for leaf in _leaves(package, kind)} if kind else set()
    assert operation.fields <= known, operation.fields - known


def test_most_of_the_table_is_held_against_the_sdk() -> None:
    assert len(SDK_OPERATIONS) > 60
    assert {"ecs", "ims", "vpc", "eip", "evs", "iam", "cbr"} <= {operation.product for operation in SDK_OPERATIONS}
