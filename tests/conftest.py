"""What every test relies on: a private state folder, and an environment that is left as it was found."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith import redact
from tests import effects
from tests.certificates import make_certificate

_OURS = ("ALICLOUD_", "AWS_", "CONSUL_", "HW_", "IMAGESMITH_", "PACKER_", "PKR_VAR_", "VAULT_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_FOR_PACKER = {"CHECKPOINT_DISABLE": "1", "GOGC": "off", "GOMAXPROCS": "1"}
"""Packer looks for no newer version; a thousand of its processes, each of a moment, take a third less time."""
_ROOM = 4 * 2**30
_LONGEST = ("builds", "cloud_assistant", "differential", "docs", "examples", "faults")


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No credentials, proxies or state folder of whoever runs the tests; fails a test that changes os.environ."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OURS) or name.lower() in _PROXIES:
                patch.delenv(name)
        patch.setenv("IMAGESMITH_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        before = _environment()
        yield
        assert _environment() == before, "the test has changed the environment"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    """What one test registers as a secret is not masked in the next one."""
    with redact.scope():
        yield


@pytest.fixture(scope="module", autouse=True)
def _short_collections() -> None:
    """Objects of the tests before, and of pytest, are not looked through by the garbage collector again and again.

    Going through all of them takes some 0.3 s, which would be charged to the test that measures a time just then.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but itself has signed, and its key."""
    return make_certificate(tmp_path)


@pytest.fixture
def state_dir() -> Path:
    """The state folder of this test."""
    return Path(os.environ["IMAGESMITH_STATE_DIR"])


def pytest_configure() -> None:
    """What the programs that tests start find; Ctrl-C is a signal also where a shell's ``&`` has had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ |= _FOR_PACKER
    _keep_files_in_memory()


def _keep_files_in_memory() -> None:
    """Temporary files, the disks of simulated machines too, are no files of a disk, unless TMPDIR says where they are.

    Making and removing some hundred thousands of them would take a quarter of the time. Not where memory holds few
    files, or holds no programs or no overlays of an ordinary user (Linux before 6.6).
    """
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or not memory.is_dir() or shutil.disk_usage(memory).free < _ROOM:
        return
    folder = memory / f"tests-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        os.setxattr(folder, "user.probe", b"")
    except OSError:
        return
    if not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders with the longest tests come first: no worker is to be left with one of them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in _LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests mostly wait for machines and programs."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--sweep=all`` fails every call of a build once; without it a sample of them is failed."""
    parser.addoption("--sweep", choices=("sample", "all"), default="sample", help="how much of the fault sweeps to run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that shows what options do runs again without each of them."""
    if found := list(effects.variants(metafunc)):
        metafunc.parametrize("ignored_option", found, indirect=True)


@pytest.fixture(autouse=True)
def ignored_option(request: pytest.FixtureRequest) -> Iterator[None]:
    """The option that this run of the test ignores."""
    with pytest.MonkeyPatch.context() as patch:
        if ignored := getattr(request, "param", None):
            owner, name = ignored
            effects.ignore(owner, name, patch)
        yield
