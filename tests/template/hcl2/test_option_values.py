"""HCL2 converts an argument to its option's type before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from imagesmith.coercion import Refused
from imagesmith.errors import Location
from imagesmith.options import Duration, Given, Options, option
from imagesmith.template.hcl2.option_values import as_declared


class Disk(Options):
    """A nested block."""

    size: int = option(default=0, doc="Its size.")


BODY = [Given("size", 5)]


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (str, True, "true"),
        (str, 5, "5"),
        (str, 2.0, "2"),
        (int, "1e1", 10),
        (int, "22", 22),
        (bool, "1", True),
        (bool | None, "false", False),
        (Duration, 5, "5"),
        (Sequence[str], [1, True, "x"], ["1", "true", "x"]),
        (Mapping[str, str], {"a": 1}, {"a": "1"}),
        (Disk, BODY, BODY),
        (Sequence[Disk], BODY, BODY),
        (Sequence[Disk], [BODY, BODY], [BODY, BODY]),
        (int, None, None),
    ],
)
def test_values_become_the_options_type(annotation: Any, value: object, expected: object) -> None:
    got = as_declared(Given("x", value), annotation)
    assert (got, type(got)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        (int, True, "number"),
        (int, 1.5, "whole"),
        (int, "", "number"),
        (int, "0x16", "number"),
        (bool, 1, "true or false"),
        (bool, "True", "true or false"),
        (str, ["x"], "string"),
        (Sequence[str], "x", "list"),
        (Sequence[str], ["x", None], "null"),
        (Mapping[str, str], [], "object"),
        (Disk, {"size": 5}, "block"),
        (Sequence[Disk], [{"size": 5}], "block"),
    ],
)
def test_what_weak_typing_takes_in_json_is_refused(annotation: Any, value: object, reason: str) -> None:
    refused = as_declared(Given("x", value), annotation)
    assert isinstance(refused, Refused)
    assert reason in str(refused)
    assert refused.given == value


def test_a_json_file_writes_blocks_as_values() -> None:
    place = Location("t.pkr.json", 1, 1)
    assert as_declared(Given("x", {"size": 5}, place), Disk) == {"size": 5}
    assert as_declared(Given("x", [{"size": 5}], place), Disk) == {"size": 5}
    assert as_declared(Given("x", [{"size": 5}], place), Sequence[Disk]) == [{"size": 5}]
