"""Tests that show what an option does, and the proof that they do: each runs again with the option ignored.

A test is marked with ``@shows(HuaweicloudEcs, "volume_size")``. It then runs once as it is, and once for each named
option with whatever is given for it dropped (or replaced, see ``INSTEAD``); the second run must fail. The pages of
docs/reference/ that say which test shows each option are made from these marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from imagesmith.options import Options, table

Test = TypeVar("Test", bound=Callable[..., None])

# Options that no template can be without: to ignore what is given means that another value has come.
INSTEAD: Mapping[str, object] = {"flavor": "s6.large.2", "image_name": "another-name", "region": "cn-east-3"}


def shows(options: type[Options], *names: str) -> Callable[[Test], Test]:
    """Mark a test as one that fails when these options of a class are ignored."""
    unknown = set(names) - {record.attribute for record in table(options).values()}
    assert not unknown, f"{options.__name__} has no {', '.join(sorted(unknown))}"
    return pytest.mark.shows(options, names)


def variants(metafunc: pytest.Metafunc) -> Iterator[Any]:
    """The parameters of `ignored_option`: none, then each option that the test says it shows."""
    marks = list(metafunc.definition.iter_markers("shows"))
    if not marks:
        return
    yield pytest.param(None, id="")
    for options, names in (mark.args for mark in marks):
        for name in names:
            fails = pytest.mark.xfail(strict=True, reason=f"{name} is ignored")
            yield pytest.param((options, name), id=f"without {name}", marks=fails)


def ignore(options: type[Options], name: str, patch: pytest.MonkeyPatch) -> None:
    """Make objects of the class, and of classes with the same options, as if ``name`` had not been given."""
    make: Callable[..., None] = options.__init__

    def without(self: Options, **given: Any) -> None:
        kept = {key: value for key, value in given.items() if key != name}
        make(self, **kept, **{name: INSTEAD[name] for name in {name} & set(given) & set(INSTEAD)})

    patch.setattr(options, "__init__", without)
    for narrower in options.__subclasses__():
        ignore(narrower, name, patch)
