"""The how-to pages on ansible and on bills of materials: their files, with their commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parent.parent.parent / "docs" / "how-to"
BLOCK = re.compile(r"```\w+\n# (\S+)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^ {4}imagesmith (.*)$", re.MULTILINE)
PROGRAMS = Path(sys.executable).parent


def follow(page: str, folder: Path) -> str:
    """Do what the page says; returns what the commands print."""
    text = (HOW_TO / page).read_text()
    for name, content in BLOCK.findall(text):
        (folder / name).write_text(content)
        if name.endswith(".hcl"):
            words = [sys.executable, "-m", "imagesmith", "fmt", "-check", name]
            assert subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode == 0, name
    printed = ""
    for command in COMMAND.findall(text):
        words = [sys.executable, "-m", "imagesmith", *shlex.split(command), "-latency=none"]
        environ = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout + done.stderr
    return printed


def test_ansible(tmp_path: Path) -> None:
    if not (PROGRAMS / "ansible-playbook").exists():
        pytest.skip("ansible-core is not installed")
    printed = follow("provision-with-ansible.md", tmp_path)
    assert "hello from web on Linux" in printed
    assert "only an example" not in printed


def test_a_bill_of_materials(tmp_path: Path) -> None:
    assert "nothing was uploaded" in follow("write-a-bill-of-materials.md", tmp_path)
    content = json.loads((tmp_path / "web.spdx.json").read_text())
    assert content["spdxVersion"] == "SPDX-2.3"
    assert len(content["packages"]) > 1
