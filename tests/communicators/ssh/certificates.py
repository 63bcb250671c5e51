"""User certificates as ssh-keygen makes them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.communicators.ssh.openssh import USER, make_key


def make_ca(folder: Path) -> Path:
    """A certificate authority: its private key, with the public one beside it."""
    return make_key(folder / "ca")


def certify(ca: Path, key: Path, folder: Path, *options: str, principal: str = USER) -> Path:
    """A certificate of this key, made in ``folder``; ``options`` are ssh-keygen's."""
    public = folder / f"{key.name}.pub"
    shutil.copy(f"{key}.pub", public)
    command = ["ssh-keygen", "-q", "-s", str(ca), "-I", "test", "-n", principal, *options, str(public)]
    subprocess.run(command, check=True)
    return folder / f"{key.name}-cert.pub"
