"""What a name in a template can load, and what it can't."""

from __future__ import annotations

import pytest

from imagesmith import plugin
from imagesmith.errors import UsageError
from imagesmith.options import Options


class Mine(Options):
    """Somebody's own provisioner."""


@pytest.mark.parametrize("name", [":x", "os:path", "imagesmith.errors:UsageError", "tests.core.test_plugin:Mine", ":"])
def test_a_template_can_name_no_python_object(name: str) -> None:
    with pytest.raises(UsageError, match="there is no provisioner"):
        plugin.load("provisioners", name)


def test_a_library_users_class_is_found_by_the_name_it_got() -> None:
    assert plugin.load("provisioners", plugin.name_of("provisioners", Mine)) is Mine
