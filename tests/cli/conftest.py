"""The command line under two names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Forks


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.close()


@pytest.fixture
def imagesmith(tmp_path: Path, forks: Forks) -> CommandLine:
    return CommandLine(tmp_path, forks)


@pytest.fixture
def packer(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """imagesmith called as ``packer``."""
    path = tmp_path / "bin" / "packer"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nimport sys\nfrom imagesmith.cli import main\nsys.exit(main())\n")
    path.chmod(0o755)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(path), *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    return call
