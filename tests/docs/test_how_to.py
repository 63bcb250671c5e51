"""The templates of the how-to pages build, and their commands do what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parent.parent.parent / "docs" / "how-to"
PAGES = (
    "private-ip-only",
    "encrypted-disks",
    "data-disks",
    "share-an-image",
    "connect-through-a-bastion",
    "connect-to-windows",
    "provision-windows",
)
BLOCK = re.compile(r"```hcl\n# (\S+)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^ {4}imagesmith (.*)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_the_templates_of_a_page_build_with_its_commands(page: str, tmp_path: Path) -> None:
    text = (HOW_TO / f"{page}.md").read_text()
    blocks, commands = dict(BLOCK.findall(text)), COMMAND.findall(text)
    assert len(blocks) == len(commands) == text.count("```hcl")
    for name, template in blocks.items():
        (tmp_path / name).write_text(template)
    for command in commands:
        words = [sys.executable, "-m", "imagesmith", *shlex.split(command), "-latency=none"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Warning" not in done.stderr
        assert "Nothing left behind" in done.stdout
        assert "\n  image " in done.stdout.partition("The simulated cloud holds at the end:")[2]


@pytest.mark.parametrize("page", PAGES)
def test_the_templates_of_a_page_are_in_the_canonical_layout(page: str, tmp_path: Path) -> None:
    for name, template in BLOCK.findall((HOW_TO / f"{page}.md").read_text()):
        path = tmp_path / name
        path.write_text(template)
        words = [sys.executable, "-m", "imagesmith", "fmt", "-check", str(path)]
        assert subprocess.run(words, capture_output=True, check=False).returncode == 0, name
