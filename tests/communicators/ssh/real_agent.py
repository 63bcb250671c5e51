"""A real ssh-agent."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def ssh_agent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An ssh-agent that holds nothing yet and is the one that SSH_AUTH_SOCK names; yields its socket."""
    if not shutil.which("ssh-agent"):
        pytest.skip("ssh-agent is not installed")
    address = folder / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL) as process:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
        while subprocess.run(["ssh-add", "-l"], capture_output=True, check=False).returncode == 2:
            os.sched_yield()
        try:
            yield address
        finally:
            process.terminate()


def add(key: Path) -> None:
    """Have the agent hold this key, and its certificate if that lies beside it."""
    private = key.parent / "added"
    shutil.copy(key, private)
    private.chmod(0o600)
    subprocess.run(["ssh-add", "-q", private], check=True)
