"""A machine to provision (this one, through real processes), and a build to do it for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioners.local_remote import LocalRemote, Scene


@pytest.fixture
def remote(tmp_path: Path) -> LocalRemote:
    home = tmp_path / "machine"
    home.mkdir()
    return LocalRemote(home)


@pytest.fixture
def scene() -> Scene:
    return Scene()
