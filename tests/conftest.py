"""What every test relies on: a private state folder, and an environment that is left as it was found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No credentials, proxies or state folder of whoever runs the tests; fails a test that changes os.environ."""
    for name in list(os.environ):
        if name.startswith(("ALICLOUD_", "PKR_VAR_", "PACKER_", "IMAGESMITH_")) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("IMAGESMITH_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    before = dict(os.environ)
    yield
    after = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    before.pop("PYTEST_CURRENT_TEST", None)
    assert after == before, "the test has changed the environment"


@pytest.fixture
def state_dir() -> Path:
    """The state folder of this test."""
    return Path(os.environ["IMAGESMITH_STATE_DIR"])
