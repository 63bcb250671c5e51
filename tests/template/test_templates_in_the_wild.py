"""Templates in the shapes that people have: they load and validate, and most build on the simulated cloud."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import imagesmith
from imagesmith import RunSettings
from imagesmith.errors import Diagnostic
from imagesmith_simulator.alicloud import SimulatedAlicloud

FOLDER = Path(__file__).parent.parent / "templates"
ALICLOUD = FOLDER / "alicloud"
BUILT = [
    "basic.json",
    "data_disks.json",
    "password_and_user_data.json",
    "password_only.json",
    "build.pkr.hcl",
    "windows.json",
]
LATER = {"local_disk_import.json": "later release"}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", "LTAIexample")
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", "secret-of-the-example")


def validated(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    monkeypatch.chdir(path.parent)
    return imagesmith.validate(path.name)


@pytest.mark.parametrize("path", sorted((FOLDER / "seed").glob("*.json")), ids=lambda path: path.name)
def test_the_first_examples_validate(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_data = tmp_path / "examples/alicloud/basic/winrm_enable_userdata.ps1"
    user_data.parent.mkdir(parents=True)
    shutil.copy(ALICLOUD / user_data.name, user_data)
    copied = Path(shutil.copy(path, tmp_path))
    assert [one for one in validated(copied, monkeypatch) if one.severity == "error"] == []


@pytest.mark.parametrize("name", BUILT)
def test_the_vendors_examples_validate(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.summary for one in validated(ALICLOUD / name, monkeypatch) if one.severity == "error"] == []


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_release_builds_validates_with_a_warning(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = validated(ALICLOUD / name, monkeypatch)
    assert {one.severity for one in found} == {"warning"}
    assert LATER[name] in " ".join(map(str, found))


@pytest.mark.parametrize("name", BUILT)
def test_the_vendors_examples_build(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_dir: Path
) -> None:
    for path in ALICLOUD.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    with SimulatedAlicloud.start() as cloud:
        settings = RunSettings(simulate=True, clouds={"alicloud": cloud})
        (artifact,) = imagesmith.build(name, settings=settings)
        assert cloud.leftovers() == []
    assert artifact.images.keys() == {"cn-beijing"}
