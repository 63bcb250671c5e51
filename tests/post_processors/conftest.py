"""The same scene as for provisioners."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "provisioners"))

from local_remote import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test runs, and what relative paths mean."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
