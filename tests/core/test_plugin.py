"""What a name in a template can load, and what it can't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import imagesmith
from imagesmith import plugin
from imagesmith.errors import TemplateError, UsageError
from imagesmith.options import Options


class Mine(Options):
    """Somebody's own provisioner."""


@pytest.mark.parametrize("name", [":x", "os:path", "imagesmith.errors:UsageError", "tests.core.test_plugin:Mine", ":"])
def test_a_template_can_name_no_python_object(name: str) -> None:
    with pytest.raises(UsageError, match="there is no provisioner"):
        plugin.named("provisioners", name)


def test_a_library_users_class_is_found_by_the_name_it_got() -> None:
    assert plugin.load("provisioners", plugin.name_of("provisioners", Mine)) is Mine


@pytest.mark.parametrize("block", ["builders", "provisioners", "post-processors"])
def test_a_template_that_names_one_is_refused(block: str, tmp_path: Path) -> None:
    parts: dict[str, list[dict[str, str]]] = {"builders": [{"type": "null", "communicator": "none"}]}
    parts[block] = [{"type": "os:path"}]
    (tmp_path / "t.json").write_text(json.dumps(parts))
    with pytest.raises(TemplateError, match=r'there is no .* "os:path"'):
        imagesmith.validate(tmp_path / "t.json")
