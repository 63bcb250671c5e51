"""The same scene as for provisioners."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioners.local_remote import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test runs, and what relative paths mean."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
