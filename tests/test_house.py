"""The house rules that a machine can check: sizes, names, free imports, and what the wheel holds."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "imagesmith",
    "providers/imagesmith_alicloud",
    "providers/imagesmith_huaweicloud",
    "communicators/imagesmith_ssh",
    "communicators/imagesmith_winrm",
    "simulator/imagesmith_simulator",
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = (
    "alibabacloud_ecs20140526",
    "alibabacloud_tea_openapi",
    "huaweicloudsdkcore",
    "huaweicloudsdkecs",
    "paramiko",
    "rich",
    "tenacity",
    "winrm",
    "requests",
    "hvac",
    "consul",
    "boto3",
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 600
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert lines <= 30, f"{path.name}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_public_things_have_docstrings_and_modules_say_what_they_are_for(path: Path) -> None:
    assert path.stem not in ("utils", "util", "helpers", "misc")
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


def loaded_by(*command: str) -> set[str]:
    """The heavy modules that this command line loads."""
    code = (
        "import sys\nfrom imagesmith.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *[m for m in sys.modules if '.' not in m])"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize(
    "command",
    [
        ("--version",),
        ("validate", "examples/alicloud/quickstart.pkr.hcl"),
        ("validate", "examples/huaweicloud/quickstart.pkr.hcl"),
        ("runs",),
    ],
)
def test_looking_costs_no_heavy_import(command: tuple[str, ...]) -> None:
    assert loaded_by(*command).isdisjoint(HEAVY)


def test_importing_the_library_is_free() -> None:
    code = "import sys, imagesmith, imagesmith_alicloud, imagesmith_huaweicloud; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint(HEAVY)


def test_the_public_names_are_the_ones_that_exist() -> None:
    import imagesmith

    assert {name for name in imagesmith.__all__ if getattr(imagesmith, name) is not None} == set(imagesmith.__all__)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, env=environ)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.startswith("imagesmith-")}
    tree = {
        str(path.relative_to((ROOT / package).parent))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == tree
    command = [sys.executable, "-m", "check_wheel_contents", str(wheel)]
    assert subprocess.run(command, check=False, capture_output=True, cwd=ROOT).returncode == 0


@pytest.mark.parametrize("cloud", ["alicloud", "huaweicloud"])
def test_the_demo_builds_from_the_unpacked_wheel(cloud: str, wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    template = ROOT / "examples" / cloud / "quickstart.pkr.hcl"
    code = "import imagesmith, sys; from imagesmith.cli import main; print(imagesmith.__file__); sys.exit(main())"
    command = [sys.executable, "-c", code, "build", "--simulate", "-latency", "none", str(template)]
    environ = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(str(tmp_path))
    assert "Nothing left behind" in done.stdout
