"""A third party's cloud is found by its entry point, and builds through the same page as the built-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy" / "imagesmith_toy.py"
TEMPLATE = """
source "toy-ecs" "web" {
  folder     = "cloud"
  image_name = "web-1"
}

build {
  sources = ["source.toy-ecs.web"]

  provisioner "shell-local" {
    inline = [%s]
  }

  post-processor "manifest" {}
}
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The plugin as pip would have left it: its module, and metadata with an entry point."""
    site = tmp_path / "site"
    metadata = site / "imagesmith_toy-0.1.dist-info"
    metadata.mkdir(parents=True)
    (site / TOY.name).write_bytes(TOY.read_bytes())
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: imagesmith-toy\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text("[imagesmith.builders]\ntoy-ecs = imagesmith_toy:ToyEcs\n")
    (tmp_path / "cloud").mkdir()
    return site


def imagesmith(folder: Path, site: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site) if site else ""}
    return subprocess.run(
        [sys.executable, "-m", "imagesmith", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def write(folder: Path, line: str) -> str:
    (folder / "web.pkr.hcl").write_text(TEMPLATE % json.dumps(line))
    return "web.pkr.hcl"


def test_the_plugin_is_small() -> None:
    assert len(TOY.read_text().splitlines()) <= 60


def test_its_image_is_built_and_nothing_else_stays(tmp_path: Path, installed: Path) -> None:
    done = imagesmith(tmp_path, installed, "build", write(tmp_path, "ls cloud | sed 's/-.*//' > seen"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen").read_text().split() == ["instance", "subnet", "vpc"]
    (image,) = (tmp_path / "cloud").iterdir()
    assert image.read_text() == "web-1"
    assert f"A toy image: {image.name}" in done.stdout
    (made,) = json.loads((tmp_path / "packer-manifest.json").read_text())["builds"]
    assert (made["builder_type"], made["artifact_id"]) == ("toy-ecs", image.name)


def test_a_failed_build_leaves_nothing(tmp_path: Path, installed: Path) -> None:
    done = imagesmith(tmp_path, installed, "build", write(tmp_path, "exit 7"))
    assert done.returncode == 1
    assert list((tmp_path / "cloud").iterdir()) == []


def test_what_a_killed_build_has_made_is_cleaned_up(tmp_path: Path, installed: Path) -> None:
    command = [sys.executable, "-m", "imagesmith", "build", write(tmp_path, "echo ready; exec sleep 3")]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as build:
        assert build.stdout
        assert any(line.endswith(": ready\n") for line in build.stdout)
        build.kill()
    assert len(list((tmp_path / "cloud").iterdir())) == 3
    done = imagesmith(tmp_path, installed, "cleanup", "--all")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "cloud").iterdir()) == []


def test_its_options_are_checked_as_those_of_the_built_ins(tmp_path: Path, installed: Path) -> None:
    template = write(tmp_path, "true")
    assert imagesmith(tmp_path, installed, "validate", template).returncode == 0
    (tmp_path / template).write_text((tmp_path / template).read_text().replace("image_name", "image_nmae"))
    done = imagesmith(tmp_path, installed, "validate", template)
    assert done.returncode == 2
    assert "image_nmae" in done.stderr
    assert "image_name" in done.stderr


def test_policy_says_that_it_tells_no_permissions(tmp_path: Path, installed: Path) -> None:
    done = imagesmith(tmp_path, installed, "policy", write(tmp_path, "true"))
    assert done.returncode == 2
    assert 'he builder "toy-ecs" does not tell which permissions it needs' in done.stderr


def test_without_the_plugin_its_builder_is_unknown(tmp_path: Path) -> None:
    done = imagesmith(tmp_path, None, "validate", write(tmp_path, "true"))
    assert done.returncode == 2
    assert 'here is no builder "toy-ecs"' in done.stderr
