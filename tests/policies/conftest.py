"""How much of the policies is tried: everything in a whole sweep, a sample otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.policies.alicloud import Alicloud
from tests.policies.huaweicloud import Huaweicloud


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every variant in a whole sweep, some otherwise."""
    if "variant" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--sweep") == "all"
        variants = [variant for variant in metafunc.module.VARIANTS if whole or variant.sampled]
        metafunc.parametrize("variant", variants, ids=str)


@pytest.fixture
def step(request: pytest.FixtureRequest) -> int:
    """Every how-manyeth permission is taken away."""
    return 1 if request.config.getoption("--sweep") == "all" else 7


@pytest.fixture(scope="module")
def alicloud() -> Iterator[Alicloud]:
    side = Alicloud()
    yield side
    side.close()


@pytest.fixture(scope="module")
def huaweicloud() -> Iterator[Huaweicloud]:
    side = Huaweicloud()
    yield side
    side.close()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cleanup finds its credentials in the environment."""
    for side in (Alicloud, Huaweicloud):
        for name, value in zip(side.keys, ("SIMULATED-AK", "SIMULATED-SK"), strict=True):
            monkeypatch.setenv(name, value)
