"""The command ``packer``: there where the extra is asked for, in a fresh environment and without an index."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two wheels, as somebody without an index has it."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for project in (ROOT, ROOT / "packer-alias"):
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(project)]
        subprocess.run(command, check=True, capture_output=True, env=environ)
    return folder


class Venv:
    """A fresh virtual environment; what imagesmith depends on is lent to it by this one."""

    def __init__(self, folder: Path, wheelhouse: Path) -> None:
        self.bin = folder / "bin"
        self._wheelhouse = wheelhouse
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "lent.pth").write_text(sysconfig.get_path("purelib"))

    def pip(self, *words: str) -> None:
        """Change the environment without an index."""
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *words]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PIP_NO_INDEX": "1"})

    def install(self, what: str) -> None:
        """Install from the wheelhouse."""
        (wheel,) = self._wheelhouse.glob("imagesmith-*.whl")
        self.pip("install", "--find-links", str(self._wheelhouse), f"{what} @ {wheel.as_uri()}")

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program that is found on the PATH, this environment first."""
        environ = os.environ | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(words, capture_output=True, text=True, check=False, env=environ, cwd=self.bin.parent)


@pytest.fixture
def venv(tmp_path: Path, wheelhouse: Path) -> Venv:
    return Venv(tmp_path / "venv", wheelhouse)


def test_it_is_not_there_unless_it_is_asked_for(venv: Venv) -> None:
    venv.install("imagesmith")
    assert (venv.bin / "imagesmith").exists()
    assert not (venv.bin / "packer").exists()


def test_the_extra_brings_it_and_it_answers_as_packer(venv: Venv) -> None:
    venv.install("imagesmith[packer]")
    assert venv("sh", "-c", "command -v packer").stdout == f"{venv.bin}/packer\n"
    assert venv("packer", "-v").stdout.startswith("Packer v1.")
    assert venv("imagesmith", "--version").stdout.startswith("imagesmith ")
    (venv.bin.parent / "t.pkr.hcl").write_text(
        'source "null" "n" {\n  communicator = "none"\n}\nbuild {\n  sources = ["source.null.n"]\n}\n'
    )
    assert venv("packer", "validate", "t.pkr.hcl").returncode == 0
    built = venv("packer", "build", "t.pkr.hcl")
    assert built.returncode == 0, built.stderr
    assert "null.n" in built.stdout
    venv.pip("uninstall", "--yes", "imagesmith-packer-alias")
    assert not (venv.bin / "packer").exists()
    assert venv("imagesmith", "--version").returncode == 0


def test_a_link_does_the_same(venv: Venv) -> None:
    venv.install("imagesmith")
    (venv.bin / "packer").symlink_to("imagesmith")
    assert venv("packer", "-v").stdout.startswith("Packer v1.")
