"""What the README and the documents tell people to do works as it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")])


def test_the_library_example_builds() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\{'cn-hangzhou': 'm-\w+'\}\n", done.stdout)


def test_the_example_of_a_users_own_test_works(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "try-a-template-on-a-simulated-cloud.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    (tmp_path / "web.pkr.hcl").write_text((ROOT / "examples" / "alicloud" / "quickstart.pkr.hcl").read_text())
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "version=v1.0.0" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_command_that_a_page_shows_is_known() -> None:
    from imagesmith.cli.program import COMMANDS

    command = re.compile(r"^ {4}(?:\.venv/bin/)?imagesmith (\w+)", re.MULTILINE)
    shown = {word for page in PAGES for word in command.findall(page.read_text())}
    assert shown
    assert shown <= set(COMMANDS)


def test_every_make_target_that_a_page_names_exists() -> None:
    files = [ROOT / "Makefile", *(ROOT / "examples").glob("*/Makefile")]
    targets = {word for file in files for word in re.findall(r"^(\w+):", file.read_text(), re.MULTILINE)}
    named = {word for page in PAGES for word in re.findall(r"(?:^ {4}|`)make (\w+)", page.read_text(), re.MULTILINE)}
    assert named
    assert named <= targets


def test_the_reference_is_what_the_option_tables_say() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
