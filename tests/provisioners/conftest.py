"""A machine to provision (this one, through real processes), and a build to do it for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from local_remote import LocalRemote, Scene


@pytest.fixture
def remote(tmp_path: Path) -> LocalRemote:
    home = tmp_path / "machine"
    home.mkdir()
    return LocalRemote(home)


@pytest.fixture
def scene() -> Scene:
    return Scene()
